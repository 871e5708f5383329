//! Three processes on one database, with one root key.

mod three;

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::by_hand::{self, ByHand};
use crate::limits::Blocked;
use crate::observe::eventually;
use crate::requests::{REGISTER, contact, contacts, references};
use crate::server::Server;
use crate::socket::Socket;
use three::{Client, Three};

const AMEND: &str = "mutation($input: ContactAmendInput!) { contactAmend(input: $input) {
    contact { id } position userErrors { code } } }";
const NOTE: &str = "mutation($input: NoteWriteInput!) { noteWrite(input: $input) {
    note { id } position userErrors { code } } }";
const CHANGES: &str = "subscription($after: Position) { changes(after: $after) {
    position event { type stream { id sequence } } } }";

fn position(payload: &Value) -> i64 {
    payload["position"].as_str().unwrap().parse().unwrap()
}

fn keyed(mut variables: Value, key: u128) -> Value {
    variables["input"]["idempotencyKey"] = json!(Uuid::from_u128(key));
    variables
}

/// Notes about the contacts in this order and changes of the first; answers where each ended.
async fn write(client: Client, writer: usize, contacts: Vec<String>) -> Vec<i64> {
    let mut positions = Vec::new();
    for number in 0..6 {
        let text = format!("Aftale {writer}-{number}");
        let (query, variables) = if number % 2 == 0 {
            (NOTE, json!({"input": {"contactIds": contacts, "kind": "MEETING", "text": text}}))
        } else {
            (AMEND, json!({"input": {"contactId": contacts[0], "title": text}}))
        };
        let variables = keyed(variables, (writer * 100 + number) as u128);
        positions.push(position(&client.insist(writer, query, &variables).await));
    }
    positions
}

/// The events behind a position, as a subscription tells them, until one of them is the last.
async fn follow(mut socket: Socket, mut position: i64, last: i64) -> Vec<Value> {
    let mut seen = Vec::new();
    while position < last {
        let change = socket.next().await["changes"].take();
        position += 1;
        assert_eq!(change["position"], position.to_string(), "an event was missed or came twice");
        seen.push(change);
    }
    seen
}

fn assert_streams_are_in_order(events: &[Value]) {
    let mut versions: HashMap<String, i64> = HashMap::new();
    for event in events {
        let stream = &event["event"]["stream"];
        let sequence =
            stream["sequence"].as_str().map_or_else(|| stream["sequence"].as_i64(), |n| n.parse().ok());
        let before = versions.insert(stream["id"].to_string(), sequence.unwrap());
        assert!(before.is_none_or(|before| Some(before + 1) == sequence), "{event:#}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conflicting_writers_and_a_stalled_one_give_one_order_that_all_processes_show() {
    let three = Three::start().await;
    let mut contacts = Vec::new();
    let mut begin = 0;
    for number in 0..4 {
        let payload = three.client.insist(0, REGISTER, &contact(&format!("ORDER-{number}"))).await;
        contacts.push(payload["contact"]["id"].as_str().unwrap().to_owned());
        begin = position(&payload);
    }
    let mut sockets = Vec::new();
    for server in &three.servers {
        sockets.push(Socket::subscribe(server, CHANGES, json!({"after": begin.to_string()})).await);
    }
    let mut writers = JoinSet::new();
    for writer in 0..6 {
        let mut contacts = contacts.clone();
        if writer % 2 == 1 {
            contacts.reverse();
        }
        writers.spawn(write(three.client.clone(), writer, contacts));
    }
    eventually("some writes are done", async || three.client.answered.load(Ordering::Relaxed) > 8).await;
    let mut connection = three.elsewhere.connect("crm").await;
    let slow = stall(&mut connection, &three.client).await;
    let mut acknowledged = writers.join_all().await.concat();
    acknowledged.sort_unstable();
    acknowledged.dedup();
    assert_eq!(acknowledged.len(), 36, "two commands ended at one position");

    let last: i64 = three.elsewhere.count("SELECT max(position) FROM ledger.events").await;
    let mut seen = Vec::new();
    for socket in sockets {
        seen.push(follow(socket, begin, last).await);
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0], seen[2]);
    assert_streams_are_in_order(&seen[0]);
    let by_hand = seen[0].iter().find(|change| change["event"]["type"] == "unit.registered");
    assert_eq!(by_hand.unwrap()["position"], json!(slow.to_string()));
    // 18 notes in five streams each, 18 changes, and the one by hand: none by half and none twice.
    assert_eq!(last - begin, 18 * 5 + 18 + 1);
    three.end().await;
}

/// Appends an event and leaves the transaction open until a writer has been told so; answers its position.
async fn stall(connection: &mut PgConnection, client: &Client) -> i64 {
    let mut transaction = connection.begin().await.unwrap();
    let event = ByHand {
        aggregate: "unit",
        stream: "00000000-0000-7000-8000-00000000beef",
        sequence: 1,
        event_type: "unit.registered",
        payload: r#"{"Registered":{"name":"Langsom","country":"DK","kind":"BUSINESS_HUB"}}"#,
    };
    let position = by_hand::append(&mut transaction, event).await;
    let told = client.unanswered.load(Ordering::Relaxed);
    eventually("a writer gives up waiting", async || client.unanswered.load(Ordering::Relaxed) > told).await;
    transaction.commit().await.unwrap();
    position
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_one_process_is_killed_the_others_go_on_and_answer_for_it() {
    let mut three = Three::start().await;
    let mut writers = JoinSet::new();
    for writer in 0..6 {
        let client = three.client.clone();
        writers.spawn(async move {
            let mut all = Vec::new();
            for number in 0..15 {
                let variables = contact(&format!("GONE-{writer}-{number:02}"));
                let variables = keyed(variables, (writer * 100 + number) as u128);
                let payload = client.insist(writer, REGISTER, &variables).await;
                all.push((variables, payload));
            }
            all
        });
    }
    eventually("some writes are done", async || three.client.answered.load(Ordering::Relaxed) > 20).await;
    drop(three.servers.remove(0).kill());
    let all = writers.join_all().await.concat();
    for (variables, payload) in &all {
        for server in [1, 2] {
            assert_eq!(three.client.insist(server, REGISTER, variables).await, *payload);
        }
    }
    for server in &three.servers {
        let shown = references(&contacts(server, None).await, "GONE-");
        assert_eq!(shown.len(), all.len());
        assert!(shown.windows(2).all(|two| two[0] != two[1]), "{shown:?}");
    }
    three.end().await;
}

/// Sends a command and does not wait for the answer.
async fn send(server: &Server, unit: &str, variables: &Value) -> TcpStream {
    let body = json!({"query": REGISTER, "variables": variables}).to_string();
    let mut stream = TcpStream::connect(&server.address).await.unwrap();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nX-Lethe-Unit: {unit}\r\n\
         Authorization: {}\r\nContent-Length: {}\r\n\r\n",
        server.address,
        server.bearer(),
        body.len()
    );
    stream.write_all((head + &body).as_bytes()).await.unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_whose_connection_is_lost_and_that_another_process_gets_is_done_once() {
    let three = Three::start().await;
    let unit = three.client.unit.clone();
    for number in 0..12 {
        let variables = keyed(contact(&format!("CUT-{number:02}")), number);
        if number % 3 == 0 {
            // Both processes have decided and wait for the ledger when the lock is freed.
            let mut blocked = Blocked::on(three.elsewhere.connect("crm").await).await;
            let cut = send(&three.servers[0], &unit, &variables).await;
            blocked.is_waited_for().await;
            drop(cut);
            let client = three.client.clone();
            let sent = variables.clone();
            let second = tokio::spawn(async move { client.insist(1, REGISTER, &sent).await });
            blocked.is_waited_for_by(2).await;
            blocked.release().await;
            second.await.unwrap();
        } else {
            drop(send(&three.servers[0], &unit, &variables).await);
        }
        let payload = three.client.insist(1, REGISTER, &variables).await;
        for server in [0, 2] {
            assert_eq!(three.client.insist(server, REGISTER, &variables).await, payload);
        }
    }
    let shown = references(&contacts(&three.servers[2], None).await, "CUT-");
    assert_eq!(shown, (0..12).map(|number| format!("CUT-{number:02}")).collect::<Vec<_>>());
    let twice = "SELECT count(*) - count(DISTINCT objects) FROM ledger.commands WHERE input_mac IS NOT NULL";
    assert_eq!(three.elsewhere.count(twice).await, 0);
    three.end().await;
}
