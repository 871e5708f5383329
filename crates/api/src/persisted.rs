//! Persisted queries: remembered in memory only, and only those without a text of their own, which may be a person's.

use std::sync::Arc;

use async_graphql::extensions::apollo_persisted_queries::{ApolloPersistedQueries, LruCacheStorage};
use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextPrepareRequest};
use async_graphql::{Request, ServerResult};

/// How many are remembered; the least recently used one goes first.
const MOST: usize = 500;

/// Remembers queries by their hash, as Apollo's clients ask for.
pub(crate) fn persisted_queries() -> ApolloPersistedQueries<LruCacheStorage> {
    ApolloPersistedQueries::new(LruCacheStorage::new(MOST))
}

/// Has a query with a text in it executed, but not remembered. It must come before [`persisted_queries`].
pub(crate) struct ForgetTexts;

impl ExtensionFactory for ForgetTexts {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_trait::async_trait]
impl Extension for ForgetTexts {
    async fn prepare_request(
        &self,
        context: &ExtensionContext<'_>,
        mut request: Request,
        next: NextPrepareRequest<'_>,
    ) -> ServerResult<Request> {
        // A text in a GraphQL document stands in quotation marks, and nothing else does.
        if request.query.contains('"') {
            request.extensions.remove("persistedQuery");
        }
        next.run(context, request).await
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{EmptyMutation, EmptySubscription, Object, Schema};
    use serde_json::{Value, json};

    use super::*;

    struct Query;

    #[Object]
    impl Query {
        async fn echo(&self, text: Option<String>) -> Option<String> {
            text
        }
    }

    async fn answer(
        schema: &Schema<Query, EmptyMutation, EmptySubscription>,
        query: &str,
        hash: &str,
    ) -> Value {
        let body =
            json!({"query": query, "extensions": {"persistedQuery": {"version": 1, "sha256Hash": hash}}});
        let request: Request = serde_json::from_value(body).unwrap();
        serde_json::to_value(schema.execute(request).await).unwrap()
    }

    #[tokio::test]
    async fn a_query_is_remembered_only_if_it_holds_no_text() {
        let schema = Schema::build(Query, EmptyMutation, EmptySubscription)
            .extension(ForgetTexts)
            .extension(persisted_queries())
            .finish();
        // The SHA-256 of the two documents.
        let plain = ("{ echo }", "9057f46fb6a1fba9d1618d155917d315f16cdb587814fe910f4a2b70d6cfc7c1");
        let text = (
            r#"{ echo(text: "marker") }"#,
            "3059ae122455a6fc2e45f821d23300cb857d960e93ce08591d406e9d3a853503",
        );
        assert_eq!(answer(&schema, text.0, text.1).await["data"], json!({"echo": "marker"}));
        assert!(
            answer(&schema, "", text.1).await["errors"][0]["message"].as_str().unwrap().contains("NotFound")
        );
        answer(&schema, plain.0, plain.1).await;
        assert_eq!(answer(&schema, "", plain.1).await["data"], json!({"echo": null}));
    }
}
