//! What a collector of traces gets, and what happens without one that answers.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::limits::{metric, server_with};
use crate::observe::eventually;
use crate::requests::REGISTER;
use crate::server::{Server, free_port};
use crate::socket::Socket;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";
/// A piece of every value that must not come out.
const MARKER: &str = "zqmarker";

/// A collector that keeps what it gets.
struct Collector {
    url: String,
    bodies: Arc<Mutex<Vec<Bytes>>>,
}

impl Collector {
    async fn start() -> Self {
        let bodies = Arc::new(Mutex::new(Vec::new()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let take = async |State(bodies): State<Arc<Mutex<Vec<Bytes>>>>, body: Bytes| {
            bodies.lock().unwrap().push(body);
        };
        let router = Router::new().route("/v1/traces", post(take)).with_state(bodies.clone());
        tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
        Self { url, bodies }
    }

    fn requests(&self) -> Vec<ExportTraceServiceRequest> {
        let bodies = self.bodies.lock().unwrap();
        bodies.iter().map(|body| ExportTraceServiceRequest::decode(body.clone()).unwrap()).collect()
    }

    fn spans(&self) -> Vec<Span> {
        let resources = self.requests().into_iter().flat_map(|request| request.resource_spans);
        resources.flat_map(|resource| resource.scope_spans).flat_map(|scope| scope.spans).collect()
    }

    /// Whether any text came, in whatever case.
    fn holds(&self, text: &str) -> bool {
        let bodies = self.bodies.lock().unwrap();
        bodies.iter().any(|body| String::from_utf8_lossy(body).to_lowercase().contains(text))
    }
}

fn attribute(span: &Span, key: &str) -> Option<Value> {
    let found = span.attributes.iter().find(|attribute| attribute.key == key)?;
    match found.value.as_ref()?.value.as_ref()? {
        Any::StringValue(text) => Some(json!(text)),
        Any::IntValue(number) => Some(json!(number)),
        other => panic!("{key}: {other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Sends the marker in every place of a request that a client fills; answers the request's id.
async fn send_markers(server: &Server) -> String {
    let query = format!("# {MARKER}\n{}", REGISTER.replace("mutation(", &format!("mutation {MARKER}(")))
        .replace("contactRegister(", &format!("{MARKER}: contactRegister("));
    let variables = json!({"input": {"firstName": MARKER, "remark": MARKER, "externalReference": "TRACE-1"}});
    let body = json!({"query": query, "variables": variables, "operationName": MARKER, "extensions": {MARKER: MARKER}});
    let client = reqwest::Client::new();
    let url = server.url(&format!("/graphql?{MARKER}={MARKER}"));
    let request = client.post(url).header("authorization", server.bearer()).json(&body);
    let request = request.header("traceparent", format!("00-{TRACE}-{PARENT}-01"));
    let request =
        request.header("tracestate", format!("{MARKER}={MARKER}")).header("baggage", format!("{MARKER}=1"));
    let answer = request.header("user-agent", MARKER).header("cookie", MARKER).send().await.unwrap();
    let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["data"][MARKER]["userErrors"], json!([]), "{answer:#}");
    // A path, a method, a document and a variable that are refused, and a web socket.
    client.get(server.url(&format!("/{MARKER}"))).header("traceparent", MARKER).send().await.unwrap();
    let method = reqwest::Method::from_bytes(MARKER.to_uppercase().as_bytes()).unwrap();
    client.request(method, server.url("/graphql")).send().await.unwrap();
    server.request(&format!("{{ {MARKER} }}"), json!({MARKER: MARKER})).await;
    server.request("query($id: ID!) { contact(id: $id) { id } }", json!({"id": MARKER})).await;
    let mut socket = Socket::subscribe(server, &query, variables).await;
    socket.receive().await.unwrap();
    id
}

/// What a span may say.
const KEYS: [&str; 7] = [
    "http.request.method",
    "http.route",
    "http.response.status_code",
    "graphql.operation.type",
    "error.type",
    "request_id",
    "outcome",
];

// The collector answers while the test waits for the end of the server.
#[tokio::test(flavor = "multi_thread")]
async fn the_span_of_a_request_has_its_parent_and_nothing_of_what_a_client_wrote() {
    let collector = Collector::start().await;
    let settings =
        [("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url.as_str()), ("OTEL_SERVICE_NAME", "lethe-test")];
    let server = server_with(&settings).await;
    let id = send_markers(&server).await;
    let log = server.log();
    // What was not sent yet is sent at the stop.
    server.stop();

    let spans = collector.spans();
    let request =
        spans.iter().find(|span| attribute(span, "request_id") == Some(json!(id)) && span.kind == 2).unwrap();
    assert_eq!((hex(&request.trace_id), hex(&request.parent_span_id)), (TRACE.to_owned(), PARENT.to_owned()));
    assert_eq!(request.name, "POST /graphql");
    for (key, value) in [
        ("http.request.method", json!("POST")),
        ("http.route", json!("/graphql")),
        ("http.response.status_code", json!(200)),
        ("graphql.operation.type", json!("mutation")),
    ] {
        assert_eq!(attribute(request, key), Some(value), "{key}");
    }
    let mutation = spans.iter().find(|span| span.parent_span_id == request.span_id).unwrap();
    assert_eq!((mutation.name.as_str(), &mutation.trace_id), ("contactRegister", &request.trace_id));
    assert_eq!(
        (attribute(mutation, "outcome"), attribute(mutation, "request_id")),
        (Some(json!("done")), Some(json!(id)))
    );

    let names: Vec<_> = spans.iter().map(|span| span.name.as_str()).collect();
    assert!(names.contains(&"GET unknown") && names.contains(&"other /graphql"), "{names:?}");
    assert!(!collector.holds(MARKER), "{spans:#?}");
    for span in &spans {
        let known = |key: &str| KEYS.contains(&key);
        assert!(span.attributes.iter().all(|attribute| known(&attribute.key)), "{span:#?}");
        assert!(span.events.is_empty() && span.links.is_empty() && span.trace_state.is_empty(), "{span:#?}");
    }
    assert!(collector.holds("lethe-test"));
    let line = log.lines().find(|line| line.contains(&id) && line.contains("answered")).unwrap();
    assert!(line.contains(TRACE) && !log.to_lowercase().contains(MARKER), "{log}");
}

#[tokio::test]
async fn without_a_collector_that_answers_the_server_works_warns_once_and_stops() {
    let nobody = format!("http://127.0.0.1:{}", free_port());
    let server =
        server_with(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &nobody), ("OTEL_BSP_SCHEDULE_DELAY", "10")]).await;
    let lost = async || metric(&server, "lethe_trace_spans_lost_total").await.unwrap_or(0.0);
    // Every look is a request, and a batch of its own after a moment.
    eventually("spans were lost again and again", async || lost().await > 20.0).await;
    server.data("{ __typename }", json!({})).await;
    let folder = server.stop();
    let log = std::fs::read_to_string(folder.path().join("server.log")).unwrap();
    assert_eq!(log.matches("the collector of traces takes no spans").count(), 1, "{log}");
}

#[tokio::test]
async fn a_collector_that_never_answers_does_not_keep_the_server_from_stopping() {
    // It takes connections, and says nothing for longer than anybody waits.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let endless = ("OTEL_EXPORTER_OTLP_TIMEOUT", "3600000");
    let server = server_with(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &url), endless]).await;
    server.data("{ __typename }", json!({})).await;
    let folder = server.stop();
    let log = std::fs::read_to_string(folder.path().join("server.log")).unwrap();
    assert!(log.contains("the last spans could not be sent"), "{log}");
}
