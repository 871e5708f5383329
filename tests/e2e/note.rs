use serde_json::{Value, json};

use crate::graph::{day, global, text};
use crate::server::Server;

const FIELDS: &str = "note { id version status kind text withheld { field reason } containsPersonal \
                      containsSensitive expiresOn effect contacts { id } company { id } }";

/// The types of a contact's events and the notes they name, the oldest first.
async fn events(server: &Server, contact: &str) -> Vec<(String, Value)> {
    let query = "query($id: ID!) { contact(id: $id) { history { nodes { type changes { field value {
        ... on ObjectValue { objectId } } } } } } }";
    let answer = server.data(query, json!({"id": contact})).await;
    let events = answer["contact"]["history"]["nodes"].as_array().unwrap();
    let note = |event: &Value| {
        let changes = event["changes"].as_array().unwrap();
        let change = changes.iter().find(|change| change["field"] == "note");
        change.map_or(Value::Null, |change| change["value"]["objectId"].clone())
    };
    events.iter().map(|event| (text(&event["type"]), note(event))).collect()
}

#[tokio::test]
async fn a_note_about_several_contacts_stands_in_the_history_of_each() {
    let server = Server::start().await;
    let contacts = [server.contact("Åse").await, server.contact("Bo").await, server.contact("Ida").await];
    let input = json!({
        "contactIds": contacts, "kind": "MEETING", "text": "Aftalt et møde.",
        "expiry": {"on": {"date": day(30), "effect": "DELETE"}},
    });
    let written = server.act("noteWrite", input, FIELDS).await;
    let note = written["note"]["id"].clone();
    let mut named = crate::graph::texts(&written["note"]["contacts"], "id");
    named.sort();
    let mut wanted = contacts.to_vec();
    wanted.sort();
    assert_eq!(named, wanted);
    for contact in &contacts {
        let last = events(&server, contact).await.pop().unwrap();
        assert_eq!(last, ("contact.bound".to_owned(), note.clone()));
        let query = "query($id: ID!) { contact(id: $id) { nextExpiry notes { nodes { id text } } } }";
        let answer = server.data(query, json!({"id": contact})).await;
        assert_eq!(answer["contact"]["nextExpiry"], day(30));
        assert_eq!(answer["contact"]["notes"]["nodes"], json!([{"id": note, "text": "Aftalt et møde."}]));
    }

    // One leaves, the text and the date change.
    let amend = json!({
        "noteId": note, "expectedVersion": 1, "contactIds": contacts[..2], "text": "Aftalt to møder.",
        "kind": "CALL", "expiry": {"on": {"date": day(10), "effect": "ANONYMISE"}},
    });
    let amended = server.act("noteAmend", amend, FIELDS).await;
    assert_eq!(amended["note"]["text"], "Aftalt to møder.");
    assert_eq!((&amended["note"]["kind"], &amended["note"]["expiresOn"]), (&json!("CALL"), &json!(day(10))));
    let gone = events(&server, &contacts[2]).await.pop().unwrap();
    assert_eq!(gone, ("contact.unbound".to_owned(), note.clone()));
    let query = "query($id: ID!) { contact(id: $id) { nextExpiry notes { nodes { id } } } }";
    let left = server.data(query, json!({"id": contacts[2]})).await;
    assert_eq!(left["contact"], json!({"nextExpiry": null, "notes": {"nodes": []}}));

    // It is removed by hand: nothing of it is left but that there was one.
    let removed = server.act("noteRemove", json!({"noteId": note}), FIELDS).await;
    assert_eq!((&removed["note"]["status"], &removed["note"]["text"]), (&json!("ANONYMISED"), &json!(null)));
    assert_eq!(removed["note"]["contacts"], json!([]));
    for contact in &contacts[..2] {
        assert_eq!(events(&server, contact).await.pop().unwrap().0, "contact.unbound");
    }
    let ended = server.refusal("noteAmend", json!({"noteId": note, "text": "Igen."})).await;
    assert_eq!(ended, ("ENDED".to_owned(), "noteId".to_owned()));
}

#[tokio::test]
async fn sensitive_texts_and_cpr_numbers_never_come_out() {
    let server = Server::start().await;
    let input = json!({"firstName": "Mærkværdige", "cpr": "310765-7913"});
    let contact = server.act("contactRegister", input, "contact { id cpr }").await;
    let id = contact["contact"]["id"].clone();
    let amend = json!({"contactId": id, "cpr": "310765-7921"});
    let amended = server.act("contactAmend", amend, "contact { id cpr withheld { field } }").await;
    let secret = "Hemmelighed om helbred";
    let input = json!({
        "contactIds": [id], "kind": "MEETING", "text": format!("{secret} et"), "containsSensitive": true,
    });
    let written = server.act("noteWrite", input, FIELDS).await;
    let note = written["note"]["id"].clone();
    assert_eq!(written["note"]["text"], json!(null));
    assert_eq!(written["note"]["withheld"], json!([{"field": "text", "reason": "MASKED"}]));
    let change = json!({"noteId": note, "text": format!("{secret} to")});
    let changed = server.act("noteAmend", change, FIELDS).await;
    let plain = server.note(&[id.as_str().unwrap()], "Ganske almindelig").await;

    let everywhere = "query($id: ID!, $note: ID!, $p: Position!) {
        contact(id: $id, minPosition: $p) { ...person }
        past: contact(id: $id, asOf: {position: $p}) { ...person }
        node(id: $note) { ... on Note { ...all } }
        contacts(first: 2, orderBy: {by: CREATED, descending: true}) { nodes { ...person } }
        notes(filter: {contact: $id}, first: 3) { nodes { ...all } }
        expirySchedule(first: 5) { nodes { note { ...all } } }
    }
    fragment person on Contact { id firstName cpr withheld { field reason } notes(first: 3) { nodes { ...all } } ...h }
    fragment all on Note { id text withheld { field reason }
        history(first: 5) { nodes { type changes { field withheld value { __typename ... on TextValue { text } } } } } }
    fragment h on Contact {
        history(first: 5) { nodes { type changes { field withheld value { __typename ... on TextValue { text } } } } } }";
    let variables = json!({"id": id, "note": note, "p": changed["position"]});
    let answer = server.data(everywhere, variables).await;
    assert_eq!(answer["contact"]["cpr"], "310765-****");
    let cpr = json!({"field": "cpr", "reason": "MASKED"});
    assert!(answer["contact"]["withheld"].as_array().unwrap().contains(&cpr));
    assert_eq!(answer["node"]["withheld"], json!([{"field": "text", "reason": "MASKED"}]));
    let events = answer["node"]["history"]["nodes"].as_array().unwrap();
    for event in events {
        let fields = event["changes"].as_array().unwrap();
        let text = fields.iter().find(|change| change["field"] == "text").unwrap();
        assert_eq!((&text["withheld"], &text["value"]), (&json!("MASKED"), &json!(null)));
    }
    assert_eq!(events.len(), 2);
    let all = format!("{contact}{amended}{written}{changed}{answer}");
    // The plain note and the name show that the search would find something.
    assert!(all.contains("Ganske almindelig") && all.contains("Mærkværdige") && all.contains(&plain));
    // Four digits alone also occur in ids and times.
    let numbers = ["-7913", "3107657913", "\"7913\"", "-7921", "3107657921", "\"7921\""];
    for hidden in numbers.into_iter().chain([secret]) {
        assert!(!all.contains(hidden), "{hidden} came out");
    }
    let (code, replay, _) = server.run(&["replay"]);
    assert_eq!(code, 0);
    for hidden in [secret, "310765-", "\"7913\"", "\"7921\"", "Mærkværdige", "Ganske"] {
        assert!(!replay.contains(hidden), "{hidden} is in the ledger in clear");
    }
    assert!(!server.log().contains(secret) && !server.log().contains("Mærkværdige"));
}

#[tokio::test]
async fn a_note_is_refused_for_what_it_lacks() {
    let server = Server::start().await;
    let contact = server.contact("Bo").await;
    let refused = async |change: Value| {
        let mut input = json!({"contactIds": [contact], "kind": "MEETING", "text": "Kort."});
        input.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        server.refusal("noteWrite", input).await
    };
    for (change, code, field) in [
        (json!({"contactIds": []}), "REQUIRED", "contactIds"),
        (json!({"expiry": {"never": true}}), "RULE_VIOLATED", "expiry"),
        (json!({"expiry": {"never": false}}), "INVALID_VALUE", "expiry"),
        (json!({"expiry": {"on": {"date": day(0), "effect": "DELETE"}}}), "INVALID_VALUE", "expiry"),
        (json!({"text": " "}), "REQUIRED", "text"),
        (json!({"text": "x".repeat(2 << 20)}), "INVALID_VALUE", "text"),
        (json!({"text": "a\u{7}b"}), "INVALID_VALUE", "text"),
        (json!({"text": "a\u{0}b"}), "INVALID_VALUE", "text"),
        (json!({"kind": "not a code!"}), "INVALID_VALUE", "kind"),
    ] {
        assert_eq!(
            refused(change.clone()).await,
            (code.to_owned(), field.to_owned()),
            "{:.80}",
            change.to_string()
        );
    }
    let many: Vec<_> = (0..501).map(|n| global("Contact", n)).collect();
    assert_eq!(
        refused(json!({"contactIds": many})).await,
        ("INVALID_VALUE".to_owned(), "contactIds".to_owned())
    );
    // Lines and tabs are no control characters that matter, and 20,000 characters fit.
    let long = format!("Første linje\n\tAnden linje {}", "æ".repeat(19_900));
    server.note(&[&contact], &long).await;
}
