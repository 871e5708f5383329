//! Who is told that a contact was erased, through the whole server.

use lethe_crm::contact::{BelongingKind, Bound, Contact, ContactCommand};
use lethe_crm::expiry::ExpirySource;
use lethe_crm::note::{ExpiryChoice, WriteNote};
use lethe_kernel::{Caller, ContactId, RequestId, UnitId};
use lethe_ledger::{Answer, Context, Failure, UnitOfWork, Work};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::device::beside;
use crate::graph::{key, text};
use crate::people::{inner, unit_id};
use crate::server::{PATIENCE, Server};

const PREVIEW: &str =
    "query($id: ID!) { contactErasurePreview(contactId: $id, kind: DELETED) { preview { token } } }";
const MAILS: &str = "{ outgoingMails(first: 10) { nodes { id kind status queuedAt unit { id }
    history { nodes { type caller { role } changes { field withheld } } } } } }";

fn system(unit: UnitId) -> Context {
    Context::new(Caller::system(unit), RequestId(Uuid::from_u128(1)))
}

async fn delete(server: &Server, contact: &str, number: u128) {
    let preview = server.data(PREVIEW, json!({"id": contact})).await;
    let token = &preview["contactErasurePreview"]["preview"]["token"];
    let input = json!({"contactId": contact, "previewToken": token, "reason": "EXPIRED",
        "idempotencyKey": key(number)});
    server.act("contactDelete", input, "").await;
}

/// The outgoing mails, the oldest first, once there are that many and all are sent.
async fn mails(server: &Server, count: usize) -> Vec<Value> {
    let begun = std::time::Instant::now();
    loop {
        let found = server.data(MAILS, json!({})).await["outgoingMails"]["nodes"].clone();
        let found = found.as_array().unwrap();
        assert!(found.len() <= count, "{found:#?}");
        if found.len() == count && found.iter().all(|mail| mail["status"] == "SENT") {
            let mut found = found.clone();
            found.sort_by_key(|mail| text(&mail["queuedAt"]));
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "{found:#?} {}", server.log());
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

/// Has the second demo unit have a contact, by a note of its own. No mutation does so until contacts are transferred.
async fn share(server: &Server, contact: &str) {
    let note = WriteNote {
        contacts: vec![ContactId(inner(contact))],
        company: None,
        kind: "MEETING".into(),
        text: "Ved messen.".into(),
        contains_personal: true,
        contains_sensitive: false,
        expiry: ExpiryChoice::Default,
        longest: lethe_crm::expiry::Longest::default(),
    };
    let unit = UnitId(inner(&unit_id(1)));
    beside(server).await.execute(&system(unit), &note).await.unwrap();
}

/// What the command line shows of a mail.
fn shown(server: &Server, mail: &Value) -> String {
    let (code, shown, error) = server.run(&["mail", "show", &inner(&text(&mail["id"])).to_string()]);
    assert_eq!(code, 0, "{error}");
    shown.replace("=\n", "")
}

#[tokio::test]
async fn the_dpms_are_told_of_an_erasure_that_they_did_not_order_and_once() {
    let mut server = Server::start().await;
    let (own, shared) = (server.contact("Ene").await, server.contact("Mærkværdige").await);
    share(&server, &shared).await;
    server.as_role("DPM");
    delete(&server, &own, 1).await;
    delete(&server, &shared, 2).await;
    // In the order of the ledger: by the time the second one is told, the first has told nobody.
    server.as_role("AUDITOR");
    let sent = mails(&server, 1).await;
    let mail = &sent[0];
    assert_eq!((&mail["kind"], &mail["unit"]["id"]), (&json!("CONTACT_ERASED"), &json!(unit_id(1))));
    let queued = &mail["history"]["nodes"][0];
    assert_eq!(queued["caller"]["role"], "SYSTEM");
    let masked = queued["changes"].as_array().unwrap().iter().filter(|change| change["withheld"] == "MASKED");
    assert_eq!(masked.count(), 3, "{queued}");
    let said = shown(&server, mail);
    for line in ["To: bruger8@example.org", &format!("Contact: {}", inner(&shared)), "Reason: EXPIRED"] {
        assert!(said.contains(line), "{line:?} is not in {said}");
    }
    for hidden in ["rkv", "messen", &inner(&own).to_string()] {
        assert!(!said.contains(hidden), "{hidden:?} is in {said}");
    }

    // Whoever starts again does not tell again; what comes then stands behind it. A system administrator orders it, so
    // the DPM of the only unit that has it is told.
    let mut server = Server::start_in(server.kill()).await;
    let third = server.contact("Tredje").await;
    server.as_role("SYSTEM_ADMINISTRATOR");
    delete(&server, &third, 3).await;
    let sent = mails(&server, 2).await;
    assert_eq!(sent[0]["id"], mail["id"]);
    assert!(shown(&server, &sent[1]).contains("To: bruger4@example.org"));
    // Each is looked after by the administrators of the unit that is told.
    server.as_role("UNIT_ADMINISTRATOR");
    assert_eq!(mails(&server, 1).await[0]["id"], sent[1]["id"]);
}

/// Has a unit that has no DPM have a contact; a note of such a unit would be refused.
struct HaveIt(ContactId);

impl Work for HaveIt {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        let bound = Bound {
            kind: BelongingKind::Note,
            id: unit.new_id(),
            unit: unit.caller().unit,
            personal: true,
            created: unit.now().date_naive(),
            expires: None,
            source: ExpirySource::Chosen,
        };
        unit.handle::<Contact>(self.0, ContactCommand::Bind(bound)).await?;
        Ok(Answer::of(self.0))
    }
}

/// What the doctor says about reactions: level and message.
fn reactions(server: &Server) -> Vec<(String, String)> {
    let (_, said, error) = server.run(&["doctor", "--json"]);
    let findings: Value = serde_json::from_str(&said).unwrap_or_else(|_| panic!("{error}"));
    let found = findings.as_array().unwrap().iter().filter(|finding| finding["check"] == "reactions");
    found.map(|finding| (text(&finding["level"]), text(&finding["message"]))).collect()
}

#[tokio::test]
async fn the_doctor_says_for_thirty_days_that_a_unit_could_not_be_told() {
    let mut server = Server::start().await;
    let contact = server.contact("Utalt").await;
    let ledger = beside(&server).await;
    let nobodys = UnitId(Uuid::from_u128(77));
    ledger.execute(&system(nobodys), &HaveIt(ContactId(inner(&contact)))).await.unwrap();
    let ok = [("ok".to_owned(), "What events of the last thirty days should cause was done.".to_owned())];
    assert_eq!(reactions(&server), ok);
    server.as_role("DPM");
    delete(&server, &contact, 1).await;
    // A refusal is what it warns of too.
    let refusal = "INSERT INTO ledger.reaction_outcomes VALUES ('finish_erasures', 7, 'RULE_VIOLATED')";
    sqlx::query(refusal).execute(&ledger.parts().pool).await.unwrap();
    let erased = "SELECT position FROM ledger.events WHERE event_type = 'contact.erased'";
    let erased: i64 = sqlx::query_scalar(erased).fetch_one(&ledger.parts().pool).await.unwrap();
    let warned = [("RULE_VIOLATED from finish_erasures", 7), ("NOT_ALL_TOLD from tell_of_erasures", erased)]
        .map(|(what, at)| {
            let when = "within the last thirty days, the last time for the event at position";
            ("warning".to_owned(), format!("1 × {what} {when} {at}."))
        });
    assert_eq!(reactions(&server), warned);
    let older = "SET session_replication_role = replica; \
                 UPDATE ledger.events SET recorded_at = recorded_at - interval '31 days'";
    sqlx::raw_sql(older).execute(&ledger.parts().pool).await.unwrap();
    assert_eq!(reactions(&server), ok);
}
