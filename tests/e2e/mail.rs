//! Outgoing mail without a mail server: sealed files, which the command line reads.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::server::{PATIENCE, Server};

const LIST: &str =
    "query($filter: OutgoingMailFilterInput) { outgoingMails(first: 10, filter: $filter) { nodes {
    id version kind status inDoubt attempts reason code messageId queuedAt sentAt nextAttemptAt unit { name }
    history { nodes { type changes { field value { ... on TextValue { text } } withheld } } } } } }";
const RESEND: &str = "mutation($input: OutgoingMailResendInput!) { outgoingMailResend(input: $input) {
    mail { status } userErrors { code message } } }";

/// Queues a mail by the command line; answers its id.
fn queue(server: &Server, address: &str) -> String {
    let (code, id, error) = server.run(&["mail", "test", address, "--text", "Hej Åse.\nDet virker."]);
    assert_eq!(code, 0, "{error}");
    id.trim().to_owned()
}

/// Waits until an administrator sees a mail with this status.
async fn with_status(server: &Server, status: &str) -> Value {
    let begun = std::time::Instant::now();
    loop {
        let data = server.data(LIST, json!({"filter": {"status": status}})).await;
        let found = data["outgoingMails"]["nodes"].as_array().unwrap().first().cloned();
        if let Some(mail) = found {
            return mail;
        }
        assert!(begun.elapsed() < PATIENCE, "no mail is {status}: {}", server.log());
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

fn file(server: &Server, id: &str) -> PathBuf {
    server.data_dir().join("mail").join(format!("{id}.eml"))
}

#[tokio::test]
async fn without_a_mail_server_a_mail_is_a_sealed_file_that_the_command_line_reads() {
    let mut server = Server::start().await;
    let id = queue(&server, "anna@example.org");
    server.as_role("SYSTEM_ADMINISTRATOR");
    let mail = with_status(&server, "SENT").await;
    assert_eq!(
        (&mail["kind"], &mail["attempts"], &mail["inDoubt"]),
        (&json!("TEST"), &json!(1), &json!(false))
    );
    assert_eq!(mail["messageId"], format!("{id}@lethe.invalid"));
    assert_eq!(mail["nextAttemptAt"], Value::Null);

    let kept = fs::read(file(&server, &id)).unwrap();
    assert!(!String::from_utf8_lossy(&kept).contains("anna"), "the file is in clear");
    let (code, shown, error) = server.run(&["mail", "show", &id]);
    assert_eq!(code, 0, "{error}");
    for line in ["To: anna@example.org", &format!("Message-ID: <{id}@lethe.invalid>"), "Hej =C3=85se."] {
        assert!(shown.contains(line), "{line:?} is not in {shown}");
    }
    let (code, listed, _) = server.run(&["mail", "list"]);
    assert_eq!(code, 0);
    assert!(listed.contains(&id) && listed.contains("SENT") && !listed.contains("anna"), "{listed}");

    // Another mail's file in its place does not open, and what is not there is told.
    let other = queue(&server, "bo@example.org");
    while !file(&server, &other).exists() {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    fs::copy(file(&server, &other), file(&server, &id)).unwrap();
    assert_ne!(server.run(&["mail", "show", &id]).0, 0);
    fs::remove_file(file(&server, &id)).unwrap();
    let (code, _, error) = server.run(&["mail", "show", &id]);
    assert_eq!(code, 1, "{error}");
    assert!(error.contains("no file of this mail"), "{error}");
    assert_eq!(server.run(&["mail", "show", "00000000-0000-7000-8000-000000000001"]).0, 1);
    assert_eq!(server.run(&["mail", "test", "anna@example.org\r\nBcc: x@example.org"]).0, 3);
}

#[tokio::test]
async fn administrators_see_that_mails_went_out_and_nobody_sees_to_whom() {
    let mut server = Server::start().await;
    queue(&server, "anna@example.org");
    server.as_role("SYSTEM_ADMINISTRATOR");
    let mail = with_status(&server, "SENT").await;
    let text = mail.to_string();
    assert!(!text.contains("anna") && !text.contains("virker"), "{text}");
    let events = mail["history"]["nodes"].as_array().unwrap();
    let types: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["mail.queued", "mail.attempted", "mail.sent"]);
    let masked =
        events[0]["changes"].as_array().unwrap().iter().filter(|c| c["withheld"] == "MASKED").count();
    assert_eq!(masked, 3, "address, title and text: {}", events[0]);

    let again = json!({"input": {"mailId": mail["id"]}});
    assert_eq!(server.refused(RESEND, again.clone()).await[0]["code"], "ENDED");
    let node = "query($id: ID!) { node(id: $id) { id } }";
    assert_eq!(server.data(node, json!({"id": mail["id"]})).await["node"]["id"], mail["id"]);

    // The mail is the system's, so an administrator of a unit does not see it, and nobody else sees any.
    server.as_role("UNIT_ADMINISTRATOR");
    assert_eq!(server.data(LIST, json!({})).await["outgoingMails"]["nodes"], json!([]));
    assert_eq!(server.refused(RESEND, again.clone()).await[0]["code"], "NOT_FOUND");
    assert_eq!(server.data(node, json!({"id": mail["id"]})).await["node"], Value::Null);
    for role in ["CONSULTANT", "DPM", "INTEGRATION"] {
        server.as_role(role);
        assert_eq!(server.fault(LIST, json!({})).await, "FORBIDDEN", "{role}");
        assert_eq!(server.fault(RESEND, again.clone()).await, "FORBIDDEN", "{role}");
        assert_eq!(server.data(node, json!({"id": mail["id"]})).await["node"], Value::Null, "{role}");
    }
    // An auditor sees that there was one, and sends nothing.
    server.as_role("AUDITOR");
    assert_eq!(server.data(LIST, json!({})).await["outgoingMails"]["nodes"].as_array().unwrap().len(), 1);
    assert_eq!(server.fault(RESEND, again).await, "FORBIDDEN");
}
