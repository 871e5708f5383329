//! Values that go over the web socket.

use serde_json::{Value, json};

use crate::marker::Markers;
use crate::server::Server;
use crate::socket::Socket;
use crate::stored::People;

/// Changes a contact, sees the change come by, and says things that are refused.
pub(crate) async fn talk(server: &Server, people: &People, markers: &mut Markers) {
    let changes = "subscription($of: ID, $after: Position) { changes(of: $of, after: $after) {
        event { changes { value { ... on TextValue { text } } } } node { ... on Contact { lastName } } } }";
    let mut subscribed =
        Socket::subscribe(server, changes, json!({"of": people.colleague, "after": "0"})).await;
    let name = markers.word("name over the web socket");
    let amend = "mutation($id: ID!, $name: String!) {
        contactAmend(input: { contactId: $id, lastName: $name }) { userErrors { code } } }";
    let mut sender = Socket::subscribe(server, amend, json!({"id": people.colleague, "name": name})).await;
    assert_eq!(sender.next().await["contactAmend"]["userErrors"], json!([]));
    // From the beginning on: nobody knows which of the two is heard first.
    while !subscribed.next().await.to_string().contains(&name) {}

    let word = markers.unshown("unknown field over the web socket");
    for payload in [
        json!({"query": format!("{{ node(id: \"{word}\") {{ id }} }}")}),
        json!({"query": "subscription($of: ID) { changes(of: $of) { position } }", "variables": {"of": word}}),
        json!({"query": format!("{{ {word} ")}),
        json!({"query": 7, "operationName": word}),
    ] {
        let mut socket = Socket::open(server).await;
        socket.send(json!({"id": word, "type": "subscribe", "payload": payload})).await;
        let answer: Option<Value> = socket.receive().await;
        assert!(
            answer.is_none_or(|answer| answer["type"] == "error" || answer["payload"]["errors"].is_array())
        );
    }
    let mut socket = Socket::open(server).await;
    socket.send(json!({"type": word, "payload": {"x-lethe-unit": word, "Authorization": format!("Bearer {word}")}})).await;
    socket.receive().await;
}
