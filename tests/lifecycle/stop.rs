use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::observe::{assert_stopped, eventually, folder};
use crate::requests::{REGISTER, contact, contacts, references};
use crate::server::{Server, free_port, lethe, signal};

/// A request that the server has begun to read; its body is still to come.
async fn begin(server: &Server, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(&server.address).await.unwrap();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n\
         Content-Length: {}\r\n\r\n",
        server.address,
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut asked = [0; 25];
    stream.read_exact(&mut asked).await.unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream
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
