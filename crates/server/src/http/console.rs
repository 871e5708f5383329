//! GraphiQL, which is part of the binary: the page fetches nothing from elsewhere.

mod asset;

use aws_lc_rs::rand;
use axum::Router;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use lethe_kernel::Role;
use serde_json::json;

use super::answer::internal;
use crate::tokens::Signer;

pub(super) use asset::ROUTE;

const PAGE: &str = include_str!("console/page.html");
/// What stands in the editor at first.
const QUERY: &str = include_str!("console/query.graphql");

/// What the page gets: a token of the demo data's consultant, if this server signs tokens and has demo data. The page is
/// shown on loopback only then. Otherwise, how to get one.
#[derive(Clone, Default)]
pub(crate) struct Console {
    signer: Option<Signer>,
    source: String,
}

impl Console {
    /// A page with a token of this signer; without one it tells this, a sentence, of where tokens come from.
    pub(crate) fn with(signer: Option<Signer>, source: String) -> Self {
        Self { signer, source }
    }
}

/// The page, and what it is made of.
pub(super) fn routes(console: Console) -> Router {
    Router::new().route("/", get(page)).with_state(console).route(ROUTE, get(asset::file))
}

/// The page at `/`. Nothing runs on it but its own scripts, and they may talk to this server only.
async fn page(State(Console { signer, source }): State<Console>) -> Response {
    let token = match signer.map(|signer| signer.demo(Role::Consultant)).transpose() {
        Ok(token) => token.map(|(token, _)| format!("Bearer {token}")),
        Err(error) => {
            tracing::error!(%error, "the console has no token");
            return internal().into_response();
        }
    };
    let mut nonce = [0; 18];
    if rand::fill(&mut nonce).is_err() {
        tracing::error!("the machine gives no random numbers");
        return internal().into_response();
    }
    let nonce = BASE64_STANDARD.encode(nonce);
    let Ok(policy) = HeaderValue::from_str(&policy(&nonce)) else { return internal().into_response() };
    let headers = [
        (CONTENT_SECURITY_POLICY, policy),
        // It holds a token, which a cache would keep.
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (headers, Html(written(token.as_deref(), &source, &nonce))).into_response()
}

fn policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

fn written(authorization: Option<&str>, source: &str, nonce: &str) -> String {
    let told = match authorization {
        Some(_) => String::new(),
        None => format!(
            "This page has no token, because this server has no demo data. {source} Put it into the tab Headers, as \
             {{\"Authorization\": \"Bearer TOKEN\"}}."
        ),
    };
    // Within a script element, only `<` could end it.
    let settings =
        json!({ "authorization": authorization, "query": QUERY }).to_string().replace('<', "\\u003c");
    PAGE.replace("ASSETS", asset::elements(nonce).trim_end())
        .replace("NONCE", nonce)
        .replace("TOLD", &told.replace('&', "&amp;").replace('<', "&lt;"))
        .replace("SETTINGS", &settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_loads_nothing_from_elsewhere_and_everything_by_its_digest() {
        let page = written(Some("Bearer a-b.c_d.e"), "", "n");
        assert!(!page.contains("http:") && !page.contains("https://"), "{page}");
        let loads = page.matches("src=\"").count() + page.matches("rel=\"stylesheet\"").count();
        assert_eq!((loads, page.matches("integrity=\"sha384-").count()), (4, 4), "{page}");
        assert_eq!(page.matches("<script").count(), page.matches("nonce=\"n\"").count() - 1, "{page}");
    }

    #[test]
    fn with_a_token_the_page_needs_no_advice_and_without_one_it_tells_where_it_comes_from() {
        let page = written(Some("Bearer a-b.c_d.e"), "Ask <them>.", "n");
        assert!(
            page.contains(r#""authorization":"Bearer a-b.c_d.e""#) && page.contains(r#"<p id="told"></p>"#),
            "{page}"
        );
        let page = written(None, "Ask <them>.", "n");
        assert!(page.contains("has no token") && page.contains("Ask &lt;them>."), "{page}");
        assert!(page.contains(r#""authorization":null"#), "{page}");
    }
}
