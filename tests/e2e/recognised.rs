//! How long a file is recognised, as those see it who sent it and those who erase somebody whom it names.

use serde_json::{Value, json};

use crate::graph::{key, text, texts};
use crate::server::Server;

const FILE: &str = "Navn\nÅse Holm\nBo Berg\n";

impl Server {
    async fn operation(&self, id: &Value) -> Value {
        let query = "query($id: ID!) { node(id: $id) { ... on Operation { forgottenAt
            outcomes(first: 1) { nodes { objectId } }
            history(last: 1) { nodes { type changes { field value { ... on TextValue { text } } } } } } } }";
        self.data(query, json!({"id": id})).await["node"].clone()
    }

    async fn send(&self, bytes: &str) -> Value {
        let started = self.upload("contactsImport", bytes.as_bytes(), json!({})).await;
        self.finished(&started["operation"]).await;
        started["operation"]["id"].clone()
    }
}

#[tokio::test]
async fn an_operation_says_when_its_file_is_forgotten_and_the_preview_of_an_erasure_says_it_before() {
    let mut server = Server::start().await;
    let operation = server.send(FILE).await;
    let before = server.operation(&operation).await;
    assert_eq!(before["forgottenAt"], json!(null));
    assert_eq!(server.send(FILE).await, operation, "the same file is the same import");

    let contact = text(&before["outcomes"]["nodes"][0]["objectId"]);
    server.as_role("DPM");
    let query = "query($id: ID!) { contactErasurePreview(contactId: $id, kind: ANONYMISED) {
        preview { token destroyed { subjectId } forgottenImports { id } } userErrors { code } } }";
    let seen = server.data(query, json!({"id": contact})).await["contactErasurePreview"]["preview"].clone();
    let imports = texts(&seen["forgottenImports"], "id");
    assert!(imports.contains(&text(&operation)), "{seen:#}");
    assert_eq!(texts(&seen["destroyed"], "subjectId"), [vec![contact.clone()], imports].concat());
    let input = json!({"contactId": contact, "previewToken": seen["token"], "reason": "REQUEST_OF_PERSON",
        "idempotencyKey": key(1)});
    let done = server.act("contactAnonymise", input, "destroyed { subjectId }").await;
    assert_eq!(done["destroyed"], seen["destroyed"]);

    let position = "query($p: Position) { operations(minPosition: $p, first: 1) { nodes { id } } }";
    server.data(position, json!({"p": done["position"]})).await;
    let after = server.operation(&operation).await;
    assert!(after["forgottenAt"].is_string(), "{after:#}");
    let last = &after["history"]["nodes"][0];
    assert_eq!(last["type"], "import.forgotten");
    assert!(last["changes"].to_string().contains("ERASURE"), "{last:#}");
    server.as_role("CONSULTANT");
    assert_ne!(server.send(FILE).await, operation, "sent again it is another import");

    // Nothing is old enough for the sweep, which says so.
    let (code, out, error) = server.run(&["sweep", "--now"]);
    assert_eq!(code, 0, "{error}");
    assert!(out.contains("0 imports are not recognised by their files any more."), "{out}");
    let (code, out, error) = server.run(&["sweep", "--now", "--json"]);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &report["forgotten"], &report["due"]), (0, &json!(0), &json!(0)), "{error}");
}
