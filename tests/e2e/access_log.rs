//! The access log outlives everybody who is in it.

use serde_json::{Value, json};

use crate::graph::key;
use crate::people::{unit_id, user, user_id};
use crate::reveal::{ENTRY, cpr_reveal, note_reveal, person};
use crate::server::Server;

/// What was asked, and the entries that were answered.
type Answers = Vec<(String, Vec<Value>)>;

/// What the log answers to every filter, and nested in what it is about, to a DPM and to an auditor.
async fn answers(server: &mut Server, about: &About, position: &Value) -> Answers {
    let mut answers = Vec::new();
    for role in ["DPM", "AUDITOR"] {
        server.as_role(role);
        let query = format!(
            "query($f: AccessLogFilter, $p: Position) {{
                accessLog(filter: $f, minPosition: $p) {{ nodes {{ {ENTRY} deviceId }} }} }}"
        );
        for filter in about.filters() {
            let found = server.data(&query, json!({"f": filter, "p": position})).await;
            answers.push((format!("{role} {filter}"), nodes(&found["accessLog"])));
        }
        let query = format!(
            "query($c: ID!, $n: ID!) {{
                contact(id: $c) {{ accessLog {{ nodes {{ {ENTRY} deviceId }} }} }}
                node(id: $n) {{ ... on Note {{ accessLog {{ nodes {{ {ENTRY} deviceId }} }} }} }} }}"
        );
        let found = server.data(&query, json!({"c": about.contact, "n": about.note})).await;
        answers.push((format!("{role} of the contact"), nodes(&found["contact"]["accessLog"])));
        answers.push((format!("{role} of the note"), nodes(&found["node"]["accessLog"])));
    }
    answers
}

/// Each filter answers what is expected of it.
fn assert_same(found: &Answers, expected: &Answers, when: &str) {
    for ((filter, found), (_, expected)) in found.iter().zip(expected) {
        assert_eq!(found, expected, "{when}, {filter}");
    }
}

fn nodes(connection: &Value) -> Vec<Value> {
    connection["nodes"].as_array().unwrap_or_else(|| panic!("{connection}")).clone()
}

/// Whom the log is about, and between which moments.
struct About {
    contact: String,
    note: String,
    first: Value,
    last: Value,
}

impl About {
    /// Every filter, alone and together.
    fn filters(&self) -> Vec<Value> {
        let Self { contact, note, first, last } = self;
        vec![
            json!({}),
            json!({"contact": contact}),
            json!({"note": note}),
            json!({"user": user_id(1)}),
            json!({"unit": unit_id(0)}),
            json!({"field": "CPR"}),
            json!({"from": first}),
            json!({"until": last}),
            json!({"contact": contact, "user": user_id(1), "unit": unit_id(0), "field": "NOTE_TEXT", "from": first}),
        ]
    }
}

/// The consultant reveals a number and a text, for a reason in words; an administrator reveals the number after that.
async fn revealed(server: &mut Server) -> (About, Value) {
    let (contact, note) = person(server).await;
    let input = json!({"contactId": contact, "purpose": "CASE_WORK", "purposeText": "Mærkværdige ringede."});
    let first = server.done(&cpr_reveal(), json!({"input": input})).await["entry"]["at"].clone();
    let input = json!({"noteId": note, "purpose": "SUPERVISION", "purposeText": "Om Mærkværdige."});
    server.done(&note_reveal(), json!({"input": input})).await;
    server.as_role("UNIT_ADMINISTRATOR");
    let input = json!({"contactId": contact, "purpose": "IDENTITY_CHECK"});
    let done = server.done(&cpr_reveal(), json!({"input": input})).await;
    (About { contact, note, first, last: done["entry"]["at"].clone() }, done["position"].clone())
}

#[tokio::test]
async fn the_log_survives_who_revealed_and_who_was_revealed_in_every_filter() {
    let mut server = Server::start().await;
    let (about, position) = revealed(&mut server).await;
    let before = answers(&mut server, &about, &position).await;
    let counts: Vec<usize> = before.iter().map(|(_, entries)| entries.len()).collect();
    let once = [3, 3, 1, 2, 3, 2, 3, 2, 1, 3, 1];
    assert_eq!(counts, [once, once].concat(), "every filter wants something, and not all want all");
    assert_eq!(before[3].1[0]["userId"], json!(user_id(1)));

    // Who revealed leaves, and is forgotten.
    server.as_role("UNIT_ADMINISTRATOR");
    let left = server.act("userOffBoard", json!({"userId": user_id(1)}), "").await;
    assert_same(&answers(&mut server, &about, &left["position"]).await, &before, "after the user has left");
    server.as_role("UNIT_ADMINISTRATOR");
    let forget = json!({"userId": user_id(1), "idempotencyKey": user(0)});
    let gone = server.act("userAnonymise", forget, "user { name }").await;
    assert_eq!(gone["user"]["name"], json!(null));
    let forgotten = answers(&mut server, &about, &gone["position"]).await;
    assert_same(&forgotten, &before, "after the user is forgotten");

    // Then the person is anonymised: what was written about the purpose goes, and nothing else.
    server.as_role("DPM");
    let preview =
        "query($id: ID!) { contactErasurePreview(contactId: $id, kind: ANONYMISED) { preview { token } } }";
    let preview = server.data(preview, json!({"id": about.contact})).await["contactErasurePreview"].clone();
    let erase = json!({"contactId": about.contact, "previewToken": preview["preview"]["token"],
        "reason": "REQUEST_OF_PERSON", "idempotencyKey": key(1)});
    let erased = server.act("contactAnonymise", erase, "").await;
    let mut expected = before;
    for entry in expected.iter_mut().flat_map(|(_, entries)| entries) {
        if !entry["purposeText"].is_null() {
            entry["purposeText"] = json!(null);
            entry["withheld"] = json!([{"field": "purposeText", "reason": "ERASED"}]);
        }
    }
    let at_last = answers(&mut server, &about, &erased["position"]).await;
    assert_same(&at_last, &expected, "after the person is anonymised");
    let shown = serde_json::to_string(&at_last).unwrap();
    for name in ["Signe", "Mærkværdige"] {
        assert!(!shown.contains(name), "{name}");
    }

    // It is what the ledger gives, not what was left standing.
    let (code, out, error) = server.run(&["rebuild", "access_log"]);
    assert_eq!(code, 0, "{out} {error}");
    assert!(out.contains("every row was as before."), "{out}");
    assert_same(&answers(&mut server, &about, &erased["position"]).await, &expected, "after a rebuild");
}
