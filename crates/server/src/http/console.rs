//! GraphiQL. Its scripts come from unpkg.com; until they have come, and without a network, the page is a plain
//! console of our own.

use async_graphql::http::GraphiQLSource;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::response::{Html, IntoResponse};

/// Pinned, so that what runs beside personal data is not whatever was published last.
const VERSION: &str = "4.1.2";
/// What the page shows until GraphiQL has loaded.
const PLAIN: &str = include_str!("console.html");

/// The page at `/`. Scripts on it may talk to this server only.
pub(super) async fn page() -> impl IntoResponse {
    let page = GraphiQLSource::build()
        .title("Lethe")
        .endpoint("/graphql")
        .subscription_endpoint("/graphql/ws")
        .version(VERSION)
        .finish()
        .replace(">Loading...<", &format!(">{PLAIN}<"));
    let policy = HeaderValue::from_static("connect-src 'self'; frame-ancestors 'none'; form-action 'none'");
    ([(CONTENT_SECURITY_POLICY, policy)], Html(page))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn without_a_network_the_page_is_a_plain_console() {
        let response = page().await.into_response();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let page = String::from_utf8(body.to_vec()).unwrap();
        assert!(page.contains(PLAIN) && page.contains("graphiql@4.1.2"), "{page}");
    }
}
