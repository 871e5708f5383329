//! The endpoint against a schema of its own: no database.

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_graphql::{Context, EmptySubscription, Object, Schema};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use chrono::TimeDelta;
use lethe_access::directory::Roster;
use lethe_api::Upload;
use lethe_auth::{LocalKey, LocalToken, Verifier};
use lethe_kernel::{Clock, IdSource, Role, Session, UserId};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{Console, Endpoint, Gate, Limits, Members, Sockets, api, guarded};
use crate::signal::Stop;

struct Query;

#[expect(clippy::unused_async, reason = "resolvers are async")]
#[Object]
impl Query {
    async fn caller(&self, context: &Context<'_>) -> String {
        context.data_unchecked::<Session>().caller.role.name().to_owned()
    }

    async fn echo(&self, number: i32) -> i32 {
        number
    }

    async fn deeper(&self) -> Self {
        Self
    }

    async fn fails(&self) -> async_graphql::Result<bool> {
        Err("refused".into())
    }

    async fn panics(&self, context: &Context<'_>) -> bool {
        *context.data::<bool>().expect("marker")
    }

    async fn hangs(&self) -> bool {
        std::future::pending().await
    }
}

struct Mutation;

#[expect(clippy::unused_async, reason = "resolvers are async")]
#[Object]
impl Mutation {
    async fn change(&self) -> bool {
        true
    }

    async fn length(&self, file: Upload) -> async_graphql::Result<usize> {
        Ok(file.0.len())
    }
}

const LIMITS: Limits = Limits {
    requests: 10,
    header_bytes: 10_000,
    body_bytes: 5000,
    upload_bytes: 6000,
    header_time: Duration::from_mins(1),
    body_time: Duration::from_mins(1),
    time: Duration::from_mins(1),
    sockets: 10,
    operations: 10,
    silence: Duration::from_mins(1),
};
const JSON: &str = "application/json";
const GRAPHQL: &str = "application/graphql-response+json";

fn router(limits: Limits) -> Router {
    let most = lethe_graphql::Limits { depth: 5, complexity: 20, usual_page: 20, largest_page: 100 };
    let schema = Schema::build(Query, Mutation, EmptySubscription)
        .extension(lethe_graphql::Persisted::default())
        .extension(lethe_graphql::Documents::new(most, &[]))
        .finish();
    let verifier = Verifier::local(&scene().0, TimeDelta::zero(), Clock::system());
    // Nobody is registered, so that who has the key may be the system administrator.
    let members = Members::Fixed(Arc::new(Roster::default()));
    let gate = Gate::new(verifier, members, Clock::system(), "Ask.".to_owned(), None);
    let (sockets, stop) = (Sockets::new(limits.sockets), Stop::by_hand().1);
    let endpoint = Endpoint { executor: schema, gate, limits, sockets, stop };
    guarded(api(endpoint, Console::default()), limits, true)
}

/// A key, and what a request shows that it has signed.
fn scene() -> &'static (LocalKey, String) {
    static SCENE: OnceLock<(LocalKey, String)> = OnceLock::new();
    SCENE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let key = LocalKey::open_or_create(&folder.path().join("token.key")).unwrap();
        let token = LocalToken {
            user: UserId(IdSource.next()),
            role: Some(Role::SystemAdministrator),
            unit: None,
            device: None,
            second_factor: true,
            from: Clock::system().now(),
            valid: TimeDelta::hours(1),
            id: IdSource.next(),
        };
        let shown = format!("Bearer {}", key.sign(&token).unwrap());
        (key, shown)
    })
}

async fn send(request: Request<Body>) -> (Response<()>, Value) {
    send_within(LIMITS, request).await
}

async fn send_within(limits: Limits, request: Request<Body>) -> (Response<()>, Value) {
    let response = router(limits).oneshot(request).await.unwrap_or_else(|never: Infallible| match never {});
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    (Response::from_parts(parts, ()), body)
}

fn request(method: &str, uri: &str, accept: &str) -> axum::http::request::Builder {
    nobody(method, uri, accept).header("authorization", &scene().1)
}

/// A request without a token.
fn nobody(method: &str, uri: &str, accept: &str) -> axum::http::request::Builder {
    Request::builder().method(method).uri(uri).header("host", "localhost").header("accept", accept)
}

async fn post(accept: &str, body: impl Into<Body>) -> (Response<()>, Value) {
    send(request("POST", "/graphql", accept).header("content-type", JSON).body(body.into()).unwrap()).await
}

async fn query(accept: &str, document: &str) -> (Response<()>, Value) {
    post(accept, json!({ "query": document }).to_string()).await
}

async fn get(accept: &str, pairs: &str) -> (Response<()>, Value) {
    send(request("GET", &format!("/graphql?{pairs}"), accept).body(Body::empty()).unwrap()).await
}

fn code(body: &Value) -> &str {
    body["errors"][0]["extensions"]["code"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn a_query_is_answered_in_the_media_type_that_was_asked_for() {
    for accept in [JSON, GRAPHQL] {
        let (response, body) = query(accept, "{ caller }").await;
        assert_eq!(
            (response.status(), &body),
            (StatusCode::OK, &json!({ "data": { "caller": "SYSTEM_ADMINISTRATOR" } }))
        );
        assert_eq!(response.headers()["content-type"], format!("{accept}; charset=utf-8"));
        let id = response.headers()["x-request-id"].to_str().unwrap();
        assert_eq!(id.parse::<uuid::Uuid>().unwrap().get_version_num(), 7);
        assert_eq!(get(accept, "query=%7Bcaller%7D").await.1, body);
    }
}

#[tokio::test]
async fn what_was_not_executed_says_400_to_clients_that_understand_it_and_has_no_data() {
    for (document, expected) in [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ unknown }", "GRAPHQL_VALIDATION_FAILED"),
        ("query A { caller } query B { caller }", "GRAPHQL_VALIDATION_FAILED"),
        ("{deeper{deeper{deeper{deeper{deeper{caller}}}}}}", "QUERY_TOO_DEEP"),
        (
            "{a:echo(number:1) b:deeper{caller} c:deeper{caller} d:deeper{caller} e:deeper{caller} f:deeper{caller} \
          g:deeper{caller} h:deeper{caller} i:deeper{caller} j:deeper{caller} k:deeper{caller}}",
            "QUERY_TOO_COMPLEX",
        ),
        (&doubling(4, 2), "QUERY_TOO_COMPLEX"),
        (&doubling(14, 2), "QUERY_TOO_COMPLEX"),
        (&doubling(40, 1), "QUERY_TOO_DEEP"),
        (&"{deeper".repeat(100_000), ""),
        (&"{a".repeat(300), "QUERY_TOO_DEEP"),
    ] {
        let (response, body) = query(GRAPHQL, document).await;
        if expected.is_empty() {
            assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
            continue;
        }
        assert_eq!(
            (response.status(), code(&body)),
            (StatusCode::BAD_REQUEST, expected),
            "{document}: {body}"
        );
        assert!(body.get("data").is_none());
        if expected.starts_with("QUERY_TOO_") {
            let message = body["errors"][0]["message"].as_str().unwrap();
            assert!(message.contains("into several requests."), "{message}");
        }
        let (response, body) = query(JSON, document).await;
        assert_eq!((response.status(), code(&body)), (StatusCode::OK, expected));
    }
}

/// Fragments, each of which spreads the next so many times.
fn doubling(chain: usize, times: usize) -> String {
    let spread = |index: usize| format!("...f{index} ").repeat(times);
    let fragments: String = (1..chain)
        .map(|index| format!("fragment f{} on Query{{{}}}", index - 1, spread(index)))
        .collect::<Vec<_>>()
        .concat();
    format!("{{...f0}}{fragments}fragment f{} on Query{{caller deeper{{caller}} a:caller}}", chain - 1)
}

#[tokio::test]
async fn what_was_executed_says_200_even_if_a_field_failed() {
    let (response, body) = query(GRAPHQL, "{ fails }").await;
    assert_eq!((response.status(), code(&body)), (StatusCode::OK, "BAD_USER_INPUT"));
    assert!(body["data"].is_null() && body.get("data").is_some());
}

#[tokio::test]
async fn malformed_requests_are_bad_requests_in_either_media_type() {
    for body in [
        "",
        "nonsense",
        "17",
        "{}",
        r#"{"query":7}"#,
        r#"{"query":"{caller}","variables":[]}"#,
        r#"{"query":"{caller}","variables":"{}"}"#,
        r#"{"query":"{caller}","operationName":7}"#,
        r#"{"query":"{caller}","extensions":[]}"#,
        r#"[{"query":"{caller}"}]"#,
        "{\"query\":\"{caller}\u{0}\"}",
    ] {
        for accept in [JSON, GRAPHQL] {
            let (response, answer) = post(accept, body).await;
            assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{body}");
            assert!(!code(&answer).is_empty(), "{answer}");
            assert_eq!(response.headers()["content-type"], format!("{accept}; charset=utf-8"));
        }
    }
    let (response, _) = post(JSON, &b"{\"query\":\"\xff\"}"[..]).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    for pairs in ["", "query=%7Bcaller%7D&variables=%7B", "query=%7Bcaller%7D&variables=7"] {
        assert_eq!(get(JSON, pairs).await.0.status(), StatusCode::BAD_REQUEST, "{pairs}");
    }
}

#[tokio::test]
async fn variables_and_operation_names_are_used_in_get_and_post() {
    let document = "query A($n: Int!) { echo(number: $n) } query B { caller }";
    let body =
        json!({ "query": document, "variables": { "n": 7 }, "operationName": "A", "extensions": null });
    assert_eq!(post(JSON, body.to_string()).await.1, json!({ "data": { "echo": 7 } }));
    let pairs = "query=query+A%28%24n%3AInt%21%29%7Becho%28number%3A%24n%29%7Dquery+B%7Bcaller%7D";
    let (_, body) = get(JSON, &format!("{pairs}&operationName=A&variables=%7B%22n%22%3A7%7D")).await;
    assert_eq!(body, json!({ "data": { "echo": 7 } }));
}

#[tokio::test]
async fn a_get_changes_nothing() {
    for pairs in [
        "query=mutation%7Bchange%7D",
        "query=query+A%7Bcaller%7Dmutation+B%7Bchange%7D&operationName=B",
        "extensions=%7B%22persistedQuery%22%3A%7B%7D%7D",
    ] {
        let (response, body) = get(GRAPHQL, pairs).await;
        assert_eq!(
            (response.status(), code(&body)),
            (StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED"),
            "{pairs}"
        );
        assert_eq!(response.headers()["allow"], "POST");
    }
    assert_eq!(query(JSON, "mutation { change }").await.1, json!({ "data": { "change": true } }));
}

#[tokio::test]
async fn content_types_and_sizes_are_checked() {
    for content_type in
        ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16", ""]
    {
        let builder = request("POST", "/graphql", JSON).header("content-type", content_type);
        let (response, body) = send(builder.body(Body::from(r#"{"query":"{caller}"}"#)).unwrap()).await;
        assert_eq!(
            (response.status().as_u16(), code(&body)),
            (415, "UNSUPPORTED_MEDIA_TYPE"),
            "{content_type}"
        );
    }
    assert_eq!(query("text/html", "{ caller }").await.0.status(), StatusCode::NOT_ACCEPTABLE);
    let (response, body) = query(JSON, &format!("{{ caller }}{}", " ".repeat(5000))).await;
    assert_eq!((response.status().as_u16(), code(&body)), (413, "PAYLOAD_TOO_LARGE"));
}

async fn upload(operations: &str, content: &str) -> (Response<()>, Value) {
    let map = r#"{"f":["variables.file"]}"#;
    let part = |name: &str, text: &str| {
        format!("--b\r\nContent-Disposition: form-data; name={name}\r\n\r\n{text}\r\n")
    };
    let body = format!(
        "{}{}{}--b--\r\n",
        part("operations", operations),
        part("map", map),
        part("f; filename=a.csv", content)
    );
    let builder = request("POST", "/graphql", JSON).header("content-type", "multipart/form-data; boundary=b");
    send(builder.body(Body::from(body)).unwrap()).await
}

#[tokio::test]
async fn files_are_uploaded_within_their_limit() {
    let operations = r#"{"query":"mutation($file:Upload!){length(file:$file)}","variables":{"file":null}}"#;
    assert_eq!(upload(operations, "æøå").await.1, json!({ "data": { "length": 6 } }));
    let (response, body) = upload(operations, &"x".repeat(7000)).await;
    assert_eq!((response.status().as_u16(), code(&body)), (413, "PAYLOAD_TOO_LARGE"), "{body}");
    for operations in ["nonsense", "[]", &format!("[{operations}]")] {
        assert_eq!(upload(operations, "x").await.0.status(), StatusCode::BAD_REQUEST, "{operations}");
    }
}

#[tokio::test]
async fn who_shows_no_token_that_is_believed_is_refused_before_anything_is_read() {
    let token = scene().1.clone();
    let (message, signature) = token.rsplit_once('.').unwrap();
    let forged = format!("{message}.{}", "A".repeat(signature.len()));
    let two = [token.as_str(), token.as_str()];
    for (shown, challenge) in [
        (&[][..], "Bearer realm=\"lethe\""),
        (&["Bearer marker.marker.marker"], "Bearer realm=\"lethe\", error=\"invalid_token\""),
        (&[&forged], "Bearer realm=\"lethe\", error=\"invalid_token\""),
        (&["Basic bWFya2VyOm1hcmtlcg=="], "Bearer realm=\"lethe\", error=\"invalid_token\""),
        (&two, "Bearer realm=\"lethe\", error=\"invalid_token\""),
    ] {
        for accept in [JSON, GRAPHQL] {
            let mut builder = nobody("POST", "/graphql", accept).header("content-type", "text/plain");
            for value in shown {
                builder = builder.header("authorization", *value);
            }
            let (response, body) = send(builder.body(Body::from("nonsense")).unwrap()).await;
            assert_eq!((response.status(), code(&body)), (StatusCode::UNAUTHORIZED, "UNAUTHENTICATED"));
            assert_eq!(response.headers()["www-authenticate"], challenge);
            assert_eq!(response.headers()["content-type"], format!("{accept}; charset=utf-8"));
            assert!(!body.to_string().contains("marker"), "{body}");
        }
    }
    let (response, body) =
        send(nobody("GET", "/graphql?query=%7Bcaller%7D", JSON).body(Body::empty()).unwrap()).await;
    assert_eq!((response.status(), code(&body)), (StatusCode::UNAUTHORIZED, "UNAUTHENTICATED"));
    assert!(body["errors"][0]["message"].as_str().unwrap().ends_with("Ask."), "{body}");
}

#[tokio::test]
async fn headers_that_are_malformed_are_told_and_strangers_are_kept_out() {
    let ask = |name: &'static str, value: &'static str| {
        let builder = request("POST", "/graphql", JSON).header("content-type", JSON).header(name, value);
        send(builder.body(Body::from(r#"{"query":"{caller}"}"#)).unwrap())
    };
    let (response, body) = ask("x-lethe-role", "DPM").await;
    assert_eq!((response.status(), code(&body)), (StatusCode::UNAUTHORIZED, "UNAUTHENTICATED"));
    let (response, body) = ask("x-lethe-unit", "nobody").await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert!(body["errors"][0]["message"].as_str().unwrap().contains("X-Lethe-Unit"));
    let (response, body) = ask("origin", "https://example.org").await;
    assert_eq!((response.status(), code(&body)), (StatusCode::FORBIDDEN, "CROSS_ORIGIN"));
    assert!(response.headers().contains_key("x-request-id"));
}

#[tokio::test]
async fn defects_and_overlong_requests_are_told_without_detail() {
    let (response, body) = query(JSON, "{ panics }").await;
    assert_eq!((response.status().as_u16(), code(&body)), (500, "INTERNAL_ERROR"));
    assert!(!body.to_string().contains("marker") && response.headers().contains_key("x-request-id"));
    let short = Limits { time: Duration::from_millis(1), ..LIMITS };
    let builder = request("POST", "/graphql", JSON).header("content-type", JSON);
    let (response, body) =
        send_within(short, builder.body(Body::from(r#"{"query":"{hangs}"}"#)).unwrap()).await;
    assert_eq!((response.status().as_u16(), code(&body)), (504, "TIMEOUT"));
}

#[tokio::test]
async fn unknown_paths_are_not_found() {
    let (response, body) = send(request("GET", "/favicon.ico", "*/*").body(Body::empty()).unwrap()).await;
    assert_eq!((response.status().as_u16(), code(&body)), (404, "NOT_FOUND"));
}

#[tokio::test]
async fn a_method_that_an_address_does_not_take_is_told_with_those_that_it_takes() {
    for (method, path, allowed) in [
        ("PUT", "/graphql", "GET,HEAD,POST"),
        ("POST", "/", "GET,HEAD"),
        ("DELETE", "/graphql/ws", "GET,HEAD"),
    ] {
        let (response, body) = send(request(method, path, "*/*").body(Body::empty()).unwrap()).await;
        assert_eq!((response.status().as_u16(), code(&body)), (405, "METHOD_NOT_ALLOWED"), "{method} {path}");
        assert_eq!(response.headers()["allow"], allowed, "{method} {path}");
    }
}
