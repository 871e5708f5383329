use std::path::Path;

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::limits::{Blocked, server_with};
use crate::observe::{assert_stopped, eventually, folder};
use crate::requests::{REGISTER, contact, contacts, references};
use crate::server::{Server, free_port, lethe, signal};

/// A request that the server has begun to read; its body is still to come.
async fn begin(server: &Server, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(&server.address).await.unwrap();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n\
         Authorization: {}\r\nContent-Length: {}\r\n\r\n",
        server.address,
        server.bearer(),
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut asked = [0; 25];
    stream.read_exact(&mut asked).await.unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream
}

async fn stopping(server: &Server) {
    signal(server.pid(), "-TERM");
    eventually("it is told to stop", async || server.log().contains("Stopping: finishing")).await;
}

fn log(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("server.log")).unwrap()
}

async fn a_signal_ends_it_cleanly(name: &str) {
    let server = Server::start().await;
    let body = json!({"query": REGISTER, "variables": contact("LAST-1")}).to_string();
    let mut stream = begin(&server, &body).await;

    signal(server.pid(), name);
    eventually("it is told to stop", async || server.log().contains("Stopping: finishing")).await;
    assert!(TcpStream::connect(&server.address).await.is_err(), "it takes no further connections");
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let payload: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(payload["data"]["contactRegister"]["userErrors"], json!([]), "{payload}");

    let folder = server.ended();
    assert_stopped(folder.path());
    let server = Server::start_in(folder).await;
    assert_eq!(references(&contacts(&server, None).await, "LAST-"), ["LAST-1"]);
    server.stop();
}

#[tokio::test]
async fn sigint_finishes_accepted_requests_and_leaves_nothing_behind() {
    a_signal_ends_it_cleanly("-INT").await;
}

#[tokio::test]
async fn sigterm_finishes_accepted_requests_and_leaves_nothing_behind() {
    a_signal_ends_it_cleanly("-TERM").await;
}

#[tokio::test]
async fn a_stop_during_the_first_start_leaves_nothing_behind() {
    let folder = folder();
    let address = format!("127.0.0.1:{}", free_port());
    let log = std::fs::File::create(folder.path().join("server.log")).unwrap();
    let mut command = lethe(folder.path());
    let mut child = command.args(["serve", "--listen", &address]).stderr(log).spawn().unwrap();
    eventually("the database is being created", async || {
        std::fs::read_to_string(folder.path().join("server.log")).unwrap().contains("Creating the database")
    })
    .await;
    signal(child.id(), "-TERM");
    assert!(child.wait().unwrap().success());
    eventually("nothing runs any more", async || crate::observe::processes(folder.path()).is_empty()).await;
    Server::start_in(folder).await.stop();
}

#[tokio::test]
async fn a_mutation_that_waits_at_the_stop_is_answered_and_durable() {
    let server = Server::start().await;
    let mut blocked = Blocked::new(server.folder.path()).await;
    let stopped = async {
        blocked.is_waited_for().await;
        stopping(&server).await;
        blocked.release().await;
    };
    let (payload, ()) = tokio::join!(server.done(REGISTER, contact("WAIT-1")), stopped);
    let server = Server::start_in(server.ended()).await;
    assert_eq!(references(&contacts(&server, Some(&payload["position"])).await, "WAIT-"), ["WAIT-1"]);
    server.stop();
}

/// How many bytes of a connection the other end has not read yet, as /proc/net/tcp tells.
fn unread(stream: &TcpStream) -> u64 {
    let ports = [stream.peer_addr().unwrap().port(), stream.local_addr().unwrap().port()];
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let port = |field: Option<&&str>| u16::from_str_radix(field?.rsplit(':').next()?, 16).ok();
    let rows = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let row = rows.skip(1).find(|row| [port(row.get(1)), port(row.get(2))] == ports.map(Some));
    // One that is not there yet was not read yet.
    row.map_or(u64::MAX, |row| u64::from_str_radix(row[4].rsplit(':').next().unwrap(), 16).unwrap())
}

#[tokio::test]
async fn it_is_not_ready_from_the_signal_on() {
    let server = Server::start().await;
    let mut stream = TcpStream::connect(&server.address).await.unwrap();
    let head = format!("GET /readyz HTTP/1.1\r\nHost: {}\r\n", server.address);
    stream.write_all(head.as_bytes()).await.unwrap();
    eventually("the server has read the beginning", async || unread(&stream) == 0).await;
    let begun = begin(&server, "{}").await;
    stopping(&server).await;
    stream.write_all(b"\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("stopping"), "{answer}");
    drop(begun);
    server.ended();
}

#[tokio::test]
async fn what_does_not_finish_in_time_is_given_up_with_a_warning_and_an_exit_code() {
    let server = server_with(&[("LETHE_SHUTDOWN_SECONDS", "1")]).await;
    let mut blocked = Blocked::new(server.folder.path()).await;
    let given_up = async {
        blocked.is_waited_for().await;
        stopping(&server).await;
    };
    let request = server.try_request(REGISTER, contact("LATE-1"));
    let ((), answer) = tokio::join!(given_up, request);
    assert!(
        answer.is_err()
            || answer.is_ok_and(|answer| answer["errors"][0]["extensions"]["code"] == "UNAVAILABLE")
    );
    let (code, folder) = server.exited();
    assert_eq!(code, Some(1), "{}", log(folder.path()));
    assert!(log(folder.path()).contains("not finished in time"), "{}", log(folder.path()));
    assert_stopped(folder.path());
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let server = Server::start().await;
    let mut blocked = Blocked::new(server.folder.path()).await;
    let twice = async {
        blocked.is_waited_for().await;
        stopping(&server).await;
        signal(server.pid(), "-TERM");
    };
    let ((), answer) = tokio::join!(twice, server.try_request(REGISTER, contact("TWICE-1")));
    assert!(answer.is_err());
    let (code, folder) = server.exited();
    assert_eq!(code, Some(130), "{}", log(folder.path()));
    eventually("nothing runs any more", async || crate::observe::processes(folder.path()).is_empty()).await;
}

/// Starts the import of a file with that many contacts; answers its operation.
async fn import(server: &Server, rows: usize) -> Value {
    let rows: Vec<_> = (0..rows).map(|row| format!("Åse;ROW-{row:04}\r\n")).collect();
    let query = "mutation($file: Upload!) { contactsImport(input: { file: $file }) { operation { id } userErrors { code } } }";
    let form = Form::new()
        .text("operations", json!({"query": query, "variables": {"file": null}}).to_string())
        .text("map", r#"{"0": ["variables.file"]}"#)
        .part(
            "0",
            Part::text(format!("Fornavn;Ekstern reference\r\n{}", rows.concat())).file_name("list.csv"),
        );
    let answer: Value = server.post().multipart(form).send().await.unwrap().json().await.unwrap();
    answer["data"]["contactsImport"]["operation"].clone()
}

#[tokio::test]
async fn an_import_is_interrupted_by_the_stop_and_goes_on_when_it_is_sent_again() {
    const ROWS: usize = 2_000;
    let server = Server::start().await;
    let operation = import(&server, ROWS).await;
    eventually("some rows are in", async || !references(&contacts(&server, None).await, "ROW-").is_empty())
        .await;
    signal(server.pid(), "-TERM");
    let folder = server.ended();
    assert!(log(folder.path()).contains("an import was interrupted"), "{}", log(folder.path()));
    assert_stopped(folder.path());
    let server = Server::start_in(folder).await;
    assert!(
        references(&contacts(&server, None).await, "ROW-").len() < ROWS,
        "it ended before it was stopped"
    );
    assert_eq!(import(&server, ROWS).await, operation);
    let status = "query($id: ID!) { node(id: $id) { ... on Operation { status } } }";
    eventually("it is finished", async || {
        server.data(status, json!({"id": operation["id"]})).await["node"]["status"] == "FINISHED"
    })
    .await;
    assert_eq!(references(&contacts(&server, None).await, "ROW-").len(), ROWS);
    server.stop();
}
