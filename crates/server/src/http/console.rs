//! GraphiQL. Its scripts come from unpkg.com; until they have come, and without a network, the page is a plain
//! console of our own.

use async_graphql::http::GraphiQLSource;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use axum::response::{Html, IntoResponse, Response};
use lethe_kernel::Role;

use super::answer::internal;
use crate::tokens::Signer;

/// Pinned, so that what runs beside personal data is not whatever was published last.
const VERSION: &str = "4.1.2";
/// What the page shows until GraphiQL has loaded.
const PLAIN: &str = include_str!("console.html");
/// Stands in the plain console for what it sends as `Authorization`.
const AUTHORIZATION: &str = "AUTHORIZATION";

/// What the page gets: a token of the demo data's consultant, if this server signs tokens and has demo data. The page is
/// shown on loopback only then.
#[derive(Clone, Default)]
pub(crate) struct Console(Option<Signer>);

impl Console {
    /// A page with a token of this signer.
    pub(crate) fn with(signer: Option<Signer>) -> Self {
        Self(signer)
    }
}

/// The page at `/`. Scripts on it may talk to this server only.
pub(super) async fn page(State(Console(signer)): State<Console>) -> Response {
    let token = match signer.map(|signer| signer.demo(Role::Consultant)).transpose() {
        Ok(token) => token.map(|(token, _)| format!("Bearer {token}")),
        Err(error) => {
            tracing::error!(%error, "the console has no token");
            return internal().into_response();
        }
    };
    let policy = HeaderValue::from_static("connect-src 'self'; frame-ancestors 'none'; form-action 'none'");
    let headers = [
        (CONTENT_SECURITY_POLICY, policy),
        // It holds a token, which a cache would keep.
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, Html(written(token.as_deref()))).into_response()
}

fn written(authorization: Option<&str>) -> String {
    let mut source = GraphiQLSource::build()
        .title("Lethe")
        .endpoint("/graphql")
        .subscription_endpoint("/graphql/ws")
        .version(VERSION);
    if let Some(authorization) = authorization {
        source =
            source.header("Authorization", authorization).ws_connection_param("Authorization", authorization);
    }
    let plain = PLAIN.replace(AUTHORIZATION, authorization.unwrap_or_default());
    source.finish().replace(">Loading...<", &format!(">{plain}<"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_network_the_page_is_a_plain_console() {
        let page = written(None);
        assert!(page.contains("id=\"plain\"") && page.contains("graphiql@4.1.2"), "{page}");
        assert!(page.contains("value=\"\"") && !page.contains("'Authorization'"), "{page}");
    }

    #[test]
    fn a_token_is_put_into_requests_web_sockets_and_the_plain_console() {
        let page = written(Some("Bearer a-b.c_d.e"));
        assert_eq!(page.matches("'Authorization': 'Bearer a-b.c_d.e'").count(), 2, "{page}");
        assert!(page.contains("value=\"Bearer a-b.c_d.e\""), "{page}");
    }
}
