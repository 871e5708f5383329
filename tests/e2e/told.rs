//! Who is told that a contact was erased, through the whole server.

use serde_json::{Value, json};

use crate::graph::{key, text};
use crate::people::{inner, unit_id};
use crate::server::{PATIENCE, Server};

const PREVIEW: &str =
    "query($id: ID!) { contactErasurePreview(contactId: $id, kind: DELETED) { preview { token } } }";
const MAILS: &str = "{ outgoingMails(first: 10) { nodes { id kind status unit { id }
    history { nodes { type caller { role } changes { field withheld } } } } } }";

async fn delete(server: &Server, contact: &str, number: u128) {
    let preview = server.data(PREVIEW, json!({"id": contact})).await;
    let token = &preview["contactErasurePreview"]["preview"]["token"];
    let input = json!({"contactId": contact, "previewToken": token, "reason": "EXPIRED",
        "idempotencyKey": key(number)});
    server.act("contactDelete", input, "").await;
}

/// The outgoing mails, once one is there and all are sent.
async fn mails(server: &Server) -> Vec<Value> {
    let begun = std::time::Instant::now();
    loop {
        let found = server.data(MAILS, json!({})).await["outgoingMails"]["nodes"].clone();
        let found = found.as_array().unwrap();
        if !found.is_empty() && found.iter().all(|mail| mail["status"] == "SENT") {
            return found.clone();
        }
        assert!(begun.elapsed() < PATIENCE, "{found:#?} {}", server.log());
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn the_dpm_is_told_of_an_erasure_that_somebody_else_ordered_and_once() {
    let mut server = Server::start().await;
    let (own, other) = (server.contact("Mærkværdige").await, server.contact("Besynderlige").await);
    // In the order of the ledger: by the time the second one is told, the first has told nobody.
    server.as_role("DPM");
    delete(&server, &own, 1).await;
    server.as_role("SYSTEM_ADMINISTRATOR");
    delete(&server, &other, 2).await;

    server.as_role("UNIT_ADMINISTRATOR");
    let sent = mails(&server).await;
    let [mail] = &sent[..] else { panic!("one mail: {sent:#?}") };
    assert_eq!((&mail["kind"], &mail["unit"]["id"]), (&json!("CONTACT_ERASED"), &json!(unit_id(0))));
    let queued = &mail["history"]["nodes"][0];
    assert_eq!(queued["caller"]["role"], "SYSTEM");
    let masked = queued["changes"].as_array().unwrap().iter().filter(|change| change["withheld"] == "MASKED");
    assert_eq!(masked.count(), 3, "{queued}");

    let id = text(&mail["id"]);
    let (code, shown, error) = server.run(&["mail", "show", &inner(&id).to_string()]);
    assert_eq!(code, 0, "{error}");
    let said = shown.replace("=\r\n", "");
    for line in ["To: bruger4@example.org", &format!("Contact: {}", inner(&other)), "Reason: EXPIRED"] {
        assert!(said.contains(line), "{line:?} is not in {said}");
    }
    for hidden in ["Besynderlige", &inner(&own).to_string()] {
        assert!(!said.contains(hidden), "{hidden:?} is in {said}");
    }

    // Whoever starts again does not tell again; what another one tells comes behind it.
    let mut server = Server::start_in(server.kill()).await;
    let third = server.contact("Tredje").await;
    server.as_role("SYSTEM_ADMINISTRATOR");
    delete(&server, &third, 3).await;
    server.as_role("UNIT_ADMINISTRATOR");
    let begun = std::time::Instant::now();
    let mut sent = mails(&server).await;
    while sent.len() < 2 {
        assert!(begun.elapsed() < PATIENCE, "{}", server.log());
        sent = mails(&server).await;
    }
    assert_eq!(sent.len(), 2, "{sent:#?}");
}
