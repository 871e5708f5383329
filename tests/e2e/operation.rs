//! What one operation may do to others: nothing. Over HTTP and in a web socket, what is wrong with one ends it alone, and
//! a connection ends for what its client did to the protocol, with a code and a sentence.

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::graph::document;
use crate::server::Server;
use crate::socket::{Socket, connect};
use crate::token::closed;

const CHANGES: &str = "subscription { changes { position } }";
const VIEWER: &str = "{ viewer { role } }";
/// A default whose type does not exist.
const NOPE: &str = "query($a: [Nope] = [1]) { viewer { role } }";

fn subscribe(id: &str, query: &str, variables: &Value) -> Value {
    json!({"id": id, "type": "subscribe", "payload": {"query": query, "variables": variables}})
}

/// Texts that look like what the library puts in the place of a file.
fn named() -> [Value; 4] {
    ["#__graphql_file__:0", "#__graphql_file__:7", "#__graphql_file__:x", "#__graphql_file__:"]
        .map(|text| json!({"input": {"file": text}}))
}

#[tokio::test]
async fn no_text_of_a_client_names_an_upload() {
    let server = Server::start().await;
    let import = document("contactsImport", "operation { id }");
    for variables in named() {
        let answer = server.request(&import, variables.clone()).await;
        assert!(!answer["errors"][0]["message"].to_string().contains("graphql_file"), "{answer}");
        let code = answer["errors"][0]["extensions"]["code"].as_str().unwrap();
        assert!(["BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"].contains(&code), "{variables} {answer}");
        // Nor beside a file that was sent for another variable, nor in the document.
        let written = import
            .replace("$input: ImportInput!", "$other: Upload")
            .replace("input: $input", &format!("input: {{ file: {} }}", variables["input"]["file"]));
        for (query, variables) in [(&import, variables.clone()), (&written, json!({}))] {
            let mut variables = variables;
            variables["other"] = Value::Null;
            let operations = json!({"query": query, "variables": variables}).to_string();
            let form = Form::new()
                .text("operations", operations)
                .text("map", json!({"0": ["variables.other"]}).to_string())
                .part("0", Part::bytes(b"Fornavn\nBo\n".to_vec()).file_name("list.csv"));
            let answer = server.post().multipart(form).send().await.unwrap();
            assert_eq!(answer.status(), 200);
            let answer: Value = answer.json().await.unwrap();
            assert_ne!(answer["errors"], Value::Null, "{answer}");
        }
    }
    server.stop();
}

#[tokio::test]
async fn a_type_that_does_not_exist_is_told_wherever_it_is_named() {
    let server = Server::start().await;
    for query in [NOPE, "query($a: Nope) { viewer { role } }", "query($a: Nope! = 1) { viewer { role } }"] {
        assert_eq!(server.fault(query, json!({})).await, "GRAPHQL_VALIDATION_FAILED", "{query}");
    }
    server.stop();
}

#[tokio::test]
async fn an_operation_that_fails_leaves_the_others_of_its_web_socket_alone() {
    let server = Server::start().await;
    let mut socket = Socket::open(&server).await;
    socket.send(subscribe("listens", CHANGES, &json!({}))).await;
    let import = document("contactsImport", "operation { id }");
    for (number, (query, variables)) in named()
        .into_iter()
        .map(|variables| (import.as_str(), variables))
        .chain([(NOPE, json!({}))])
        .enumerate()
    {
        let id = number.to_string();
        socket.send(subscribe(&id, query, &variables)).await;
        let answer = socket.receive().await.expect("the connection is open");
        assert_eq!((&answer["type"], &answer["id"]), (&json!("error"), &json!(id)), "{answer}");
    }
    server.contact("Bo").await;
    let change = socket.receive().await.unwrap();
    assert_eq!((&change["type"], &change["id"]), (&json!("next"), &json!("listens")), "{change}");
    server.stop();
}

#[tokio::test]
async fn what_is_refused_before_it_began_comes_as_error_and_ends_its_operation_alone() {
    let server = Server::start().await;
    let mut socket = Socket::open(&server).await;
    for query in ["{", "{ unknown }", &"{a".repeat(300)] {
        socket.send(subscribe("again", query, &json!({}))).await;
        let answer = socket.receive().await.unwrap();
        assert_eq!((&answer["type"], &answer["id"]), (&json!("error"), &json!("again")), "{answer}");
        assert!(answer["payload"][0]["extensions"]["code"].is_string(), "{answer}");
    }
    // Nothing comes behind the error, so the id is free at once.
    socket.send(subscribe("again", VIEWER, &json!({}))).await;
    assert_eq!(socket.next().await["viewer"]["role"], "CONSULTANT");
    assert_eq!(socket.receive().await.unwrap(), json!({"type": "complete", "id": "again"}));
    server.stop();
}

#[tokio::test]
async fn an_id_that_runs_closes_the_connection_and_one_that_was_completed_is_free() {
    let server = Server::start().await;
    let mut socket = Socket::open(&server).await;
    socket.send(subscribe("1", CHANGES, &json!({}))).await;
    socket.send(json!({"id": "1", "type": "complete"})).await;
    // What it was before is not told any more, not even that it is complete.
    socket.send(subscribe("1", VIEWER, &json!({}))).await;
    assert_eq!(socket.next().await["viewer"]["role"], "CONSULTANT");
    assert_eq!(socket.receive().await.unwrap()["type"], "complete");
    socket.send(subscribe("1", CHANGES, &json!({}))).await;
    socket.send(subscribe("1", CHANGES, &json!({}))).await;
    let (code, reason) = closed(&mut socket).await;
    assert_eq!(code, 4409);
    assert_eq!(reason, "An operation with this id runs already. Complete it, or take another id.");
    server.stop();
}

#[tokio::test]
async fn a_client_that_breaks_the_protocol_is_told_how_in_a_sentence() {
    let server = Server::start().await;
    let init = json!({"type": "connection_init"});
    for (expected, introduced, message) in [
        (4400, false, json!({"type": "marker"})),
        (4400, false, json!("marker")),
        (4400, false, json!({"type": "connection_init", "payload": "marker"})),
        (4400, true, json!({"type": "start", "id": "1", "payload": {"query": VIEWER}})),
        (4400, true, json!({"type": "connection_terminate"})),
        (4400, true, json!({"type": "subscribe", "payload": {"query": VIEWER}})),
        (4400, true, json!({"type": "subscribe", "id": "", "payload": {"query": VIEWER}})),
        (4400, true, json!({"type": "subscribe", "id": 7, "payload": {"query": VIEWER}})),
        (4400, true, json!({"type": "subscribe", "id": "1"})),
        (4400, true, json!({"type": "subscribe", "id": "1", "payload": {"query": 7}})),
        (
            4400,
            true,
            json!({"type": "subscribe", "id": "1", "payload": {"query": VIEWER, "variables": "marker"}}),
        ),
        (4400, true, json!({"type": "complete"})),
        (4401, false, subscribe("1", VIEWER, &json!({}))),
        (4429, true, init.clone()),
    ] {
        let mut socket =
            if introduced { Socket::open(&server).await } else { Socket(connect(&server).await.unwrap().0) };
        socket.send(message.clone()).await;
        let (code, reason) = closed(&mut socket).await;
        assert_eq!(code, expected, "{message}");
        assert!(
            reason.contains(' ') && reason.ends_with('.') && !reason.contains("marker"),
            "{message} {reason}"
        );
    }
    server.stop();
}
