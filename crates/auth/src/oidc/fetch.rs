//! Requests to an issuer.

use std::time::Duration;

use reqwest::{Client, Url, redirect};
use serde::Deserialize;

use super::url::{IssuerUrl, is_protected};
use crate::error::IssuerError;
use crate::key::KeySet;

/// No discovery document and no key set is longer.
const LONGEST: usize = 512 * 1024;
/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// A client of one issuer.
#[derive(Clone, Debug)]
pub(super) struct Fetcher {
    client: Client,
    discovery: String,
}

/// What is needed of a discovery document.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

impl Fetcher {
    pub(super) fn new(url: &IssuerUrl) -> Result<Self, IssuerError> {
        // A redirect leads to an address that nobody named.
        let mut client = Client::builder().timeout(PATIENCE).redirect(redirect::Policy::none());
        if url.is_here() {
            client = client.no_proxy();
        }
        let discovery = url.discovery();
        let client = client.build().map_err(|error| unreachable(&discovery, error))?;
        Ok(Self { client, discovery })
    }

    /// The keys that the issuer of that name has now.
    pub(super) async fn keys(&self, issuer: &str) -> Result<KeySet, IssuerError> {
        let url = || self.discovery.clone();
        let unexpected = || IssuerError::Unexpected { url: url(), expected: "a discovery document" };
        let text = self.get(&self.discovery, "a discovery document").await?;
        let discovery: Discovery = serde_json::from_slice(&text).map_err(|_| unexpected())?;
        if discovery.issuer != issuer {
            return Err(IssuerError::OtherIssuer { url: url() });
        }
        let place = Url::parse(&discovery.jwks_uri).map_err(|_| unexpected())?;
        if !is_protected(&place) {
            return Err(IssuerError::Unprotected { url: url() });
        }
        let expected = "a key set";
        let text = self.get(place.as_str(), expected).await?;
        let keys = KeySet::parse(&text)
            .ok_or_else(|| IssuerError::Unexpected { url: place.to_string(), expected })?;
        if keys.is_empty() { Err(IssuerError::NoKeys { url: place.to_string() }) } else { Ok(keys) }
    }

    async fn get(&self, url: &str, expected: &'static str) -> Result<Vec<u8>, IssuerError> {
        let mut response = self.client.get(url).send().await.map_err(|error| unreachable(url, error))?;
        let status = response.status().as_u16();
        if status != 200 {
            return Err(IssuerError::Status { url: url.to_owned(), status });
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(url, error))? {
            body.extend_from_slice(&chunk);
            if body.len() > LONGEST {
                return Err(IssuerError::Unexpected { url: url.to_owned(), expected });
            }
        }
        Ok(body)
    }
}

/// The whole chain of reasons: the outermost one alone says little.
fn unreachable(url: &str, error: reqwest::Error) -> IssuerError {
    let reason =
        if error.is_timeout() { "it did not answer in time".to_owned() } else { chain(&error.without_url()) };
    IssuerError::Unreachable { url: url.to_owned(), reason }
}

fn chain(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(reason) => format!("{error}: {}", chain(reason)),
        None => error.to_string(),
    }
}
