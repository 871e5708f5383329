//! The limits of web sockets, and how they end.

use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::limits::{Blocked, metric, server_with};
use crate::observe::eventually;
use crate::requests::{REGISTER, contact, contacts, references};
use crate::server::{PATIENCE, Server, signal};
use crate::socket::{Socket, connect};

const CHANGES: &str = "subscription { changes { position } }";

/// The code and the reason with which the server closes the connection, whatever it says before.
pub(crate) async fn closed(socket: &mut Socket) -> (u16, String) {
    loop {
        match tokio::time::timeout(PATIENCE, socket.0.next()).await.expect("it stays open") {
            Some(Ok(Message::Close(Some(frame)))) => return (frame.code.into(), frame.reason.to_string()),
            Some(Ok(_)) => {}
            other => panic!("closed without a reason: {other:?}"),
        }
    }
}

fn subscribe(id: &str, query: &str, variables: &Value) -> Value {
    json!({"id": id, "type": "subscribe", "payload": {"query": query, "variables": variables}})
}

/// The code of the error in a message.
fn code(message: &Value) -> &str {
    message["payload"]["errors"][0]["extensions"]["code"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn connections_beyond_the_limit_are_refused_until_one_is_closed() {
    let server = server_with(&[("LETHE_MAX_SOCKETS", "2")]).await;
    let first = Socket::open(&server).await;
    let _second = Socket::open(&server).await;
    assert_eq!(metric(&server, "lethe_websocket_connections").await, Some(2.0));
    let Err(Error::Http(refusal)) = connect(&server).await else { panic!("a third is let in") };
    assert_eq!((refusal.status().as_u16(), &refusal.headers()["retry-after"]), (503, &"1".parse().unwrap()));
    assert!(String::from_utf8_lossy(refusal.body().as_deref().unwrap()).contains("UNAVAILABLE"));
    drop(first);
    eventually("there is room again", async || connect(&server).await.is_ok()).await;
    server.stop();
}

#[tokio::test]
async fn operations_beyond_the_limit_of_a_connection_are_refused_and_others_go_on() {
    let server = server_with(&[("LETHE_MAX_OPERATIONS", "2")]).await;
    let mut socket = Socket::open(&server).await;
    for id in ["1", "2", "3"] {
        socket.send(subscribe(id, CHANGES, &json!({}))).await;
    }
    let refused = socket.receive().await.unwrap();
    assert_eq!((&refused["id"], code(&refused)), (&json!("3"), "TOO_MANY_OPERATIONS"), "{refused}");
    assert_eq!(socket.receive().await.unwrap(), json!({"type": "complete", "id": "3"}));
    // One that is completed makes room.
    socket.send(json!({"id": "1", "type": "complete"})).await;
    socket.send(subscribe("4", "{ __typename }", &json!({}))).await;
    loop {
        let message = socket.receive().await.unwrap();
        if message["id"] == "4" {
            assert_eq!(message["payload"]["data"]["__typename"], "Query", "{message}");
            break;
        }
    }
    server.stop();
}

#[tokio::test]
async fn messages_that_are_too_big_and_clients_that_are_silent_are_told_why_they_are_closed() {
    let server =
        server_with(&[("LETHE_MAX_BODY_BYTES", "5000"), ("LETHE_SOCKET_SILENCE_SECONDS", "1")]).await;
    let mut socket = Socket::open(&server).await;
    socket.send(subscribe("1", &format!("{{ __typename }} #{}", "x".repeat(5000)), &json!({}))).await;
    assert_eq!(closed(&mut socket).await.0, 1009);
    // It listens, and answers no ping.
    let mut socket = Socket::open(&server).await;
    assert_eq!(closed(&mut socket).await.0, 3008);
    server.stop();
}

async fn stopping(server: &Server) {
    signal(server.pid(), "-TERM");
    eventually("it is told to stop", async || server.log().contains("Stopping: finishing")).await;
}

#[tokio::test]
async fn at_the_stop_web_sockets_are_closed_with_a_reason() {
    let server = Server::start().await;
    let mut listening = Socket::subscribe(&server, CHANGES, json!({})).await;
    let mut idle = Socket::open(&server).await;
    stopping(&server).await;
    for socket in [&mut listening, &mut idle] {
        let (code, reason) = closed(socket).await;
        assert_eq!((code, reason.as_str()), (1001, "The server stops. Connect again."));
    }
    server.ended();
}

#[tokio::test]
async fn a_mutation_of_a_web_socket_is_answered_before_it_is_closed() {
    let server = Server::start().await;
    let mut blocked = Blocked::new(server.folder.path()).await;
    let mut socket = Socket::open(&server).await;
    socket.send(subscribe("1", REGISTER, &contact("SOCKET-1"))).await;
    blocked.is_waited_for().await;
    stopping(&server).await;
    socket.send(subscribe("2", "{ __typename }", &json!({}))).await;
    let refused = socket.receive().await.unwrap();
    assert_eq!((&refused["id"], code(&refused)), (&json!("2"), "UNAVAILABLE"), "{refused}");
    blocked.release().await;
    loop {
        let message = socket.receive().await.expect("closed before the answer");
        if message["id"] == "1" {
            assert_eq!(message["payload"]["data"]["contactRegister"]["userErrors"], json!([]), "{message}");
            break;
        }
    }
    assert_eq!(closed(&mut socket).await.0, 1001);
    let server = Server::start_in(server.ended()).await;
    assert_eq!(references(&contacts(&server, None).await, "SOCKET-"), ["SOCKET-1"]);
    server.stop();
}
