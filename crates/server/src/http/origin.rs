//! Keeps other web sites out: a page that a browser shows may send requests to loopback, so a request must come from
//! no page at all or from a page of this server. That covers forms, uploads and web sockets alike. Where the page of
//! this server holds a token, it is shown under loopback names only: another name that its owner points at loopback
//! would make the page theirs.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::answer::Refusal;

/// Refuses requests of other origins.
pub(super) async fn check(State(local): State<bool>, request: Request, next: Next) -> Response {
    match allowed(request.headers(), request.uri(), local) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

fn allowed(headers: &HeaderMap, uri: &Uri, local: bool) -> Result<(), Refusal> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let host =
        text(HOST).or_else(|| uri.authority().map(axum::http::uri::Authority::as_str)).unwrap_or_default();
    // A name that a stranger's DNS points at loopback would make the stranger's page one of ours.
    if local && !names_loopback(host) {
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "FOREIGN_HOST",
            "A server that signs its own tokens answers to loopback names only. Use http://127.0.0.1 or \
             http://localhost.",
        ));
    }
    match text(ORIGIN) {
        None => Ok(()),
        Some(origin)
            if origin.split_once("://").is_some_and(|(_, place)| place.eq_ignore_ascii_case(host)) =>
        {
            Ok(())
        }
        Some(_) => Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "CROSS_ORIGIN",
            "Requests from pages of other origins are refused. Send it from a program, or from a page of this server.",
        )),
    }
}

fn names_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or("", |(address, _)| address),
        None => host.split_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn code(host: &str, origin: Option<&str>) -> Option<&'static str> {
        code_of((host, origin), true)
    }

    fn code_of((host, origin): (&str, Option<&str>), local: bool) -> Option<&'static str> {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_str(host).unwrap());
        if let Some(origin) = origin {
            headers.insert(ORIGIN, HeaderValue::from_str(origin).unwrap());
        }
        allowed(&headers, &Uri::from_static("/graphql"), local).err().map(|refusal| refusal.code)
    }

    #[test]
    fn programs_and_our_own_pages_are_welcome() {
        for host in ["127.0.0.1:8080", "localhost:8080", "[::1]:8080", "LOCALHOST"] {
            assert_eq!(code(host, None), None, "{host}");
            assert_eq!(code(host, Some(&format!("http://{host}"))), None, "{host}");
        }
    }

    #[test]
    fn pages_of_others_are_refused() {
        for origin in
            ["https://example.org", "http://localhost:3000", "null", "http://127.0.0.1:8080.example.org", ""]
        {
            assert_eq!(code("127.0.0.1:8080", Some(origin)), Some("CROSS_ORIGIN"), "{origin}");
        }
        for host in ["example.org:8080", "127.0.0.1.example.org", "192.168.1.1", "", "[::2]:80"] {
            assert_eq!(code(host, Some(&format!("http://{host}"))), Some("FOREIGN_HOST"), "{host}");
        }
    }

    #[test]
    fn with_an_issuer_any_name_is_answered_to_and_pages_of_others_are_still_refused() {
        let host = "crm.example.org";
        assert_eq!(code_of((host, None), false), None);
        assert_eq!(code_of((host, Some("https://crm.example.org")), false), None);
        assert_eq!(code_of((host, Some("https://example.org")), false), Some("CROSS_ORIGIN"));
    }
}
