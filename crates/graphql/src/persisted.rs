//! Persisted queries: remembered in memory only, only once they are valid, and only those without a text of their own,
//! which may be a person's.

use std::sync::{Arc, OnceLock};

use async_graphql::extensions::apollo_persisted_queries::{CacheStorage, LruCacheStorage};
use async_graphql::extensions::{
    Extension, ExtensionContext, ExtensionFactory, NextPrepareRequest, NextValidation,
};
use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{Request, ServerError, ServerResult, ValidationResult, from_value};
use aws_lc_rs::digest::{SHA256, digest};
use serde::Deserialize;

use crate::fault::{INVALID, refusal};
use crate::syntax::read;

/// How many are remembered; the least recently used one goes first.
const MOST: usize = 500;
/// The longest that is remembered.
const LONGEST: usize = 32 << 10;

/// Remembers queries by their hash, as Apollo's clients ask for.
pub struct Persisted(LruCacheStorage);

impl Default for Persisted {
    fn default() -> Self {
        Self(LruCacheStorage::new(MOST))
    }
}

impl ExtensionFactory for Persisted {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(OneQuery { storage: self.0.clone(), new: OnceLock::new() })
    }
}

/// The query of one request, and its hash, if it is to be remembered.
struct OneQuery {
    storage: LruCacheStorage,
    new: OnceLock<(String, ExecutableDocument)>,
}

#[derive(Deserialize)]
struct Named {
    version: i32,
    #[serde(rename = "sha256Hash")]
    hash: String,
}

impl OneQuery {
    async fn find(&self, mut request: Request, named: Named) -> ServerResult<Request> {
        if named.version != 1 {
            return Err(wrong("Persisted queries have the version 1. Send that."));
        }
        if request.query.is_empty() {
            // The wording is the protocol's: clients then send the text.
            let unknown = || wrong("PersistedQueryNotFound");
            let document = self.storage.get(named.hash).await.ok_or_else(unknown)?;
            request.set_parsed_query(document);
            return Ok(request);
        }
        let hash = digest(&SHA256, request.query.as_bytes());
        let hash: String =
            hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
        if hash != named.hash {
            return Err(wrong(
                "The hash is not that of the query. Send the SHA-256 of its text, in lower-case hex.",
            ));
        }
        // A text in a GraphQL document stands in quotation marks, and nothing else does.
        if !request.query.contains('"') && request.query.len() <= LONGEST {
            let document = read(&request.query)?;
            request.set_parsed_query(document.clone());
            self.new.get_or_init(|| (hash, document));
        }
        Ok(request)
    }
}

fn wrong(message: &str) -> ServerError {
    refusal(INVALID, message, None)
}

#[async_graphql::async_trait::async_trait]
impl Extension for OneQuery {
    async fn prepare_request(
        &self,
        context: &ExtensionContext<'_>,
        mut request: Request,
        next: NextPrepareRequest<'_>,
    ) -> ServerResult<Request> {
        let request = match request.extensions.remove("persistedQuery") {
            None => request,
            Some(named) => {
                let malformed =
                    |_| wrong("The extension persistedQuery has a version and a sha256Hash. Send both.");
                self.find(request, from_value(named).map_err(malformed)?).await?
            }
        };
        next.run(context, request).await
    }

    async fn validation(
        &self,
        context: &ExtensionContext<'_>,
        next: NextValidation<'_>,
    ) -> Result<ValidationResult, Vec<ServerError>> {
        let result = next.run(context).await?;
        if let Some((hash, document)) = self.new.get() {
            self.storage.set(hash.clone(), document.clone()).await;
        }
        Ok(result)
    }
}
