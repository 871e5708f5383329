//! What one client may cost: real clients against the real server, with limits small enough to reach.

use std::path::Path;

use serde_json::{Value, json};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::observe::{eventually, folder};
use crate::requests::{REGISTER, contact, contacts, references};
use crate::server::{PATIENCE, Server};

/// The lock under which the ledger is appended to, held by somebody else.
pub(crate) struct Blocked(PgConnection);

impl Blocked {
    pub(crate) async fn new(folder: &Path) -> Self {
        let options =
            PgConnectOptions::new_without_pgpass().socket(folder.join("data/run")).username("postgres");
        Self::on(options.database("postgres").disable_statement_logging().connect().await.unwrap()).await
    }

    /// Holds it through a connection.
    pub(crate) async fn on(mut connection: PgConnection) -> Self {
        let lock = "SELECT pg_advisory_lock(hashtextextended('lethe.ledger.append', 0))";
        sqlx::query(lock).execute(&mut connection).await.unwrap();
        Self(connection)
    }

    /// Waits until the server waits for the lock.
    pub(crate) async fn is_waited_for(&mut self) {
        self.is_waited_for_by(1).await;
    }

    /// Waits until that many wait for it.
    pub(crate) async fn is_waited_for_by(&mut self, appends: i64) {
        let waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
        eventually("appends wait", async || {
            sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut self.0).await.unwrap() >= appends
        })
        .await;
    }

    pub(crate) async fn release(self) {
        self.0.close().await.unwrap();
    }
}

/// A server with some settings.
pub(crate) async fn server_with(settings: &[(&str, &str)]) -> Server {
    Server::start_with(folder(), |command| {
        command.envs(settings.iter().copied());
    })
    .await
}

/// Sends bytes and answers everything that comes back until the server closes the connection.
async fn exchange(server: &Server, bytes: &str) -> String {
    let mut stream = TcpStream::connect(&server.address).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A reset behind the answer is no matter.
    let _ended =
        tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("it stays open");
    String::from_utf8(answer).unwrap()
}

fn code(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_default()
}

/// Documents of allowed size, each of which would cost seconds, minutes or the process.
fn costly() -> Vec<(String, Value)> {
    let chain = |length: usize, times: usize| {
        let spread = |index: usize| format!("...f{index} ").repeat(times);
        let all = (1..=length).map(|index| format!("fragment f{} on Viewer{{{}}}", index - 1, spread(index)));
        format!("{}fragment f{length} on Viewer{{role}}", all.collect::<Vec<_>>().concat())
    };
    let used = |name: &str, count: usize| {
        (0..count)
            .map(|index| format!("a{index}: nodes(ids: ${name}) {{ id }} "))
            .collect::<Vec<_>>()
            .concat()
    };
    let operations =
        (0..1_000).map(|index| format!("query q{index} {{ ...v }} ")).collect::<Vec<_>>().concat();
    vec![
        (format!("{{viewer{{...f0}}}}{}", chain(29, 2)), json!({})),
        (format!("{{viewer{{role}}}}{}", chain(12_000, 1)), json!({})),
        (format!("{{viewer{{role}}}}{}", chain(1_500, 1)), json!({})),
        (format!("{operations} fragment v on Query {{ {} }}", used("x", 1_000)), json!({})),
        (format!("query($x: [ID!]!) {{ {} }}", used("x", 1_000)), json!({"x": vec!["x"; 1_000]})),
    ]
}

#[tokio::test]
async fn documents_that_would_cost_everything_are_refused_and_health_answers() {
    let server = server_with(&[]).await;
    let costly = costly();
    let asked = (0..20).map(|index| {
        let (query, variables) = costly[index % costly.len()].clone();
        let server = &server;
        async move { server.request(&query, variables).await }
    });
    let health = async {
        for _ in 0..20 {
            assert_eq!(reqwest::get(server.url("/healthz")).await.unwrap().status(), 200);
        }
    };
    let (answers, ()) = tokio::join!(futures_util::future::join_all(asked), health);
    for answer in answers {
        assert!(code(&answer).starts_with("QUERY_TOO_"), "{answer}");
    }
    assert_eq!(server.data("{ viewer { role } }", json!({})).await["viewer"]["role"], json!("CONSULTANT"));
    server.stop();
}

#[tokio::test]
async fn beyond_the_limit_requests_are_refused_at_once_and_health_answers() {
    let server = server_with(&[("LETHE_MAX_REQUESTS", "2")]).await;
    let mut blocked = Blocked::new(server.folder.path()).await;
    let write = |reference| server.done(REGISTER, contact(reference));
    let writes = async { tokio::join!(write("BUSY-1"), write("BUSY-2")) };
    let refused = async {
        blocked.is_waited_for().await;
        eventually("both requests are in", async || {
            metric(&server, "lethe_http_requests_in_flight").await == Some(2.0)
        })
        .await;
        let answer = server.post().json(&json!({"query": "{ __typename }"})).send().await.unwrap();
        assert_eq!(answer.status(), 503);
        assert_eq!(answer.headers()["retry-after"], "1");
        assert_eq!(code(&answer.json().await.unwrap()), "UNAVAILABLE");
        for path in ["/healthz", "/readyz", "/metrics", "/"] {
            assert_eq!(reqwest::get(server.url(path)).await.unwrap().status(), 200, "{path}");
        }
        assert_eq!(metric(&server, "lethe_http_shed_total{what=\"request\"}").await, Some(1.0));
        blocked.release().await;
    };
    tokio::join!(writes, refused);
    // There is room again, and nobody who was let in has lost anything.
    assert_eq!(references(&contacts(&server, None).await, "BUSY-"), ["BUSY-1", "BUSY-2"]);
    server.stop();
}

/// The value of a metric, labels included in its name.
pub(crate) async fn metric(server: &Server, name: &str) -> Option<f64> {
    let text = reqwest::get(server.url("/metrics")).await.unwrap().text().await.unwrap();
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
    Some(value.parse().unwrap())
}

#[tokio::test]
async fn slow_and_oversized_requests_are_given_up() {
    let server = server_with(&[
        ("LETHE_HEADER_TIMEOUT_SECONDS", "1"),
        ("LETHE_BODY_TIMEOUT_SECONDS", "1"),
        ("LETHE_MAX_HEADER_BYTES", "2000"),
        ("LETHE_MAX_REQUESTS", "1"),
    ])
    .await;
    let head = format!(
        "POST /graphql HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\nContent-Type: application/json\r\n",
        server.address,
        server.bearer()
    );
    // A head that never ends, and a connection that never says anything.
    assert_eq!(exchange(&server, "POST /graphql HTTP/1.1\r\nHost: loc").await, "");
    assert_eq!(exchange(&server, "").await, "");
    // A head that is too large.
    let answer =
        exchange(&server, &format!("{head}Connection: close\r\nX-Long: {}\r\n\r\n", "x".repeat(2000))).await;
    assert!(answer.starts_with("HTTP/1.1 431") && answer.contains("HEADERS_TOO_LARGE"), "{answer}");
    let many = "X: y\r\n".repeat(101);
    let answer = exchange(&server, &format!("{head}Connection: close\r\n{many}\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 431") && answer.contains("HEADERS_TOO_LARGE"), "{answer}");
    // A body that never ends, in either form, gives its place back.
    let boundary = "multipart/form-data; boundary=b";
    let form = head.replace("application/json", boundary);
    for (head, begin) in
        [(&head, "{\"query\":"), (&form, "--b\r\nContent-Disposition: form-data; name=operations\r\n")]
    {
        let answer = exchange(&server, &format!("{head}Content-Length: 1000\r\n\r\n{begin}")).await;
        assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("REQUEST_TIMEOUT"), "{answer}");
        assert!(answer.to_ascii_lowercase().contains("connection: close"), "{answer}");
        assert_eq!(server.data("{ __typename }", json!({})).await["__typename"], "Query");
    }
    server.stop();
}

#[tokio::test]
async fn a_client_that_trickles_its_body_does_not_hold_its_place() {
    let server = server_with(&[("LETHE_BODY_TIMEOUT_SECONDS", "1"), ("LETHE_MAX_REQUESTS", "1")]).await;
    let mut stream = TcpStream::connect(&server.address).await.unwrap();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\nContent-Type: application/json\r\n\
         Content-Length: 1000000\r\n\r\n",
        server.address,
        server.bearer()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut reading, mut writing) = stream.into_split();
    let trickle = async {
        // A byte, again and again, until the server does not want to hear it any more.
        while writing.write_all(b" ").await.is_ok() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let answered = async {
        let mut answer = [0; 12];
        reading.read_exact(&mut answer).await.unwrap();
        String::from_utf8(answer.to_vec()).unwrap()
    };
    tokio::select! {
        () = trickle => panic!("closed without an answer"),
        answer = answered => assert_eq!(answer, "HTTP/1.1 408"),
    }
    server.data("{ __typename }", json!({})).await;
    server.stop();
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_told_and_what_it_did_stands() {
    let server = server_with(&[("LETHE_REQUEST_TIMEOUT_SECONDS", "1")]).await;
    let mut blocked = Blocked::new(server.folder.path()).await;
    let (answer, ()) = tokio::join!(server.request(REGISTER, contact("LONG-1")), blocked.is_waited_for());
    assert_eq!(code(&answer), "TIMEOUT");
    blocked.release().await;
    eventually("what was sent is done", async || {
        references(&contacts(&server, None).await, "LONG-") == ["LONG-1"]
    })
    .await;
    server.stop();
}
