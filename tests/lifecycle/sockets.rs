//! The limits of web sockets, and how they end.

use futures_util::StreamExt;
use serde_json::{Value, json};
use sqlx::Connection;
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
    message["payload"][0]["extensions"]["code"].as_str().unwrap_or_default()
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
    assert_eq!(refused["type"], "error");
    assert_eq!((&refused["id"], code(&refused)), (&json!("3"), "TOO_MANY_OPERATIONS"), "{refused}");
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

#[tokio::test]
async fn a_client_that_does_not_introduce_itself_in_time_is_closed() {
    let server = server_with(&[("LETHE_HEADER_TIMEOUT_SECONDS", "1")]).await;
    let mut silent = Socket(connect(&server).await.unwrap().0);
    let mut waiting = Socket::open(&server).await;
    assert_eq!(closed(&mut silent).await.0, 4408);
    // Who was introduced stays.
    waiting.send(subscribe("1", "{ __typename }", &json!({}))).await;
    assert_eq!(waiting.next().await["__typename"], "Query");
    server.stop();
}

/// Waits until the server has given up on what the lock of a table keeps from it.
async fn given_up(server: &Server, query: &str, variables: &Value) {
    eventually("it is given up", async || {
        let answer = server.request(query, variables.clone()).await;
        answer["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    })
    .await;
}

/// Locks a table, has the time pass that `meanwhile` takes, and unlocks it.
async fn locked(server: &Server, table: &str, meanwhile: impl Future<Output = ()>) {
    let mut holder = crate::faults::connect(server.folder.path()).await;
    let mut transaction = holder.begin().await.unwrap();
    sqlx::query(&format!("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
        .execute(&mut *transaction)
        .await
        .unwrap();
    meanwhile.await;
    transaction.rollback().await.unwrap();
}

#[tokio::test]
async fn a_subscription_survives_a_database_that_does_not_answer_and_misses_nothing() {
    let server = Server::start().await;
    let first = server.done(REGISTER, contact("AWAY-1")).await["position"].clone();
    let last = server.done(REGISTER, contact("AWAY-2")).await["position"].clone();
    let mut socket = Socket::open(&server).await;
    let after = json!({"after": (position(&first) - 1).to_string()});
    locked(&server, "ledger.events", async {
        let changes = "subscription($after: Position) { changes(after: $after) { position } }";
        socket.send(subscribe("1", changes, &after)).await;
        // Whatever it asked before these has failed by then.
        for _ in 0..2 {
            given_up(&server, "{ events(first: 1) { nodes { position } } }", &json!({})).await;
        }
    })
    .await;
    assert_eq!(until(&mut socket, &last).await.first(), Some(&position(&first)));
    server.stop();
}

#[tokio::test]
async fn a_subscription_waits_for_views_that_stand_still_and_misses_nothing() {
    let server = Server::start().await;
    let mut socket = Socket::subscribe(&server, CHANGES, json!({})).await;
    let mut last = server.done(REGISTER, contact("LAG-0")).await["position"].clone();
    let first = until(&mut socket, &last).await;
    locked(&server, "view.contact", async {
        for number in 1..=2 {
            let registered = server.done(REGISTER, contact(&format!("LAG-{number}"))).await;
            last = registered["position"].clone();
        }
    })
    .await;
    assert_eq!(until(&mut socket, &last).await.first(), Some(&(first.last().unwrap() + 1)));
    server.stop();
}

fn position(value: &Value) -> i64 {
    value.as_str().unwrap().parse().unwrap()
}

/// The positions of the changes up to this one, with no gap between them.
async fn until(socket: &mut Socket, last: &Value) -> Vec<i64> {
    let mut seen = Vec::new();
    while seen.last() != Some(&position(last)) {
        seen.push(position(&socket.next().await["changes"]["position"]));
    }
    assert!(seen.windows(2).all(|two| two[1] == two[0] + 1), "{seen:?}");
    seen
}
