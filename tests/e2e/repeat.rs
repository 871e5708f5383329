use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::graph::{document, key, position};
use crate::server::Server;

#[tokio::test]
async fn a_repeated_mutation_gives_the_same_answer_and_has_one_effect() {
    let server = Server::start().await;
    let contact = server.contact("Åse").await;
    let company = server.company(0).await;
    let mut n = 0;
    for (mutation, input, selection) in [
        ("contactRegister", json!({"firstName": "Bo"}), "contact { id version }"),
        ("contactAmend", json!({"contactId": contact, "title": "Chef"}), "contact { id version }"),
        ("contactLink", json!({"contactId": contact, "companyId": company}), "contact { id version }"),
        ("companyAmend", json!({"companyId": company, "city": "Odense"}), "company { id version }"),
        (
            "noteWrite",
            json!({"contactIds": [contact], "kind": "CALL", "text": "Ring."}),
            "note { id version }",
        ),
        (
            "consentGive",
            json!({"contactId": contact, "purpose": "NEWS", "legalBasis": "CONTRACT", "source": "PHONE"}),
            "consent { id version }",
        ),
        ("prospectRegister", json!({"contactId": contact, "title": "Isbod"}), "prospect { id version }"),
    ] {
        n += 1;
        let mut input = input;
        input["idempotencyKey"] = json!(key(n));
        let once = server.act(mutation, input.clone(), selection).await;
        let twice = server.act(mutation, input.clone(), selection).await;
        assert_eq!(once, twice, "{mutation}");

        // The same key for something else is refused, and nothing happens.
        let changed = input.as_object().unwrap().iter().map(|(name, value)| match value {
            Value::String(text)
                if ["firstName", "title", "city", "text", "source"].contains(&name.as_str()) =>
            {
                (name.clone(), json!(format!("{text}X")))
            }
            _ => (name.clone(), value.clone()),
        });
        let mut changed: Value = Value::Object(changed.collect());
        if mutation == "contactLink" {
            changed["companyId"] = json!(server.company(1).await);
        }
        assert_eq!(server.refuse(mutation, changed).await["code"], "IDEMPOTENCY_KEY_REUSED", "{mutation}");
        // Keys are scoped to the mutation: another one under the same key is another command.
        let (other, mut input) = match mutation {
            "contactRegister" => ("contactAmend", json!({"contactId": contact, "title": "X"})),
            _ => ("contactRegister", json!({"firstName": mutation})),
        };
        input["idempotencyKey"] = json!(key(n));
        let free = server.act(other, input, "").await;
        assert!(position(&free) > position(&once), "{mutation}");
    }
    let bad = json!({"firstName": "Bo", "idempotencyKey": "no uuid"});
    assert_eq!(
        server.refusal("contactRegister", bad).await,
        ("INVALID_VALUE".into(), "idempotencyKey".into())
    );
}

#[tokio::test]
async fn ten_repeats_at_once_have_one_effect() {
    let server = Server::start().await;
    let contact = server.contact("Åse").await;
    let document = document("noteWrite", "note { id }");
    let input = json!({"contactIds": [contact], "kind": "CALL", "text": "Ring.", "idempotencyKey": key(1)});
    let requests = (0..10).map(|_| server.done(&document, json!({"input": input})));
    let answers = join_all(requests).await;
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    let query = "query($id: ID!, $p: Position) { contact(id: $id, minPosition: $p) { version notes { nodes { id } } } }";
    let now = server.data(query, json!({"id": contact, "p": answers[0]["position"]})).await;
    assert_eq!(now["contact"], json!({"version": 2, "notes": {"nodes": [answers[0]["note"]]}}));
}

#[tokio::test]
async fn a_stale_version_is_told_and_changes_nothing() {
    let server = Server::start().await;
    let contact = server.contact("Åse").await;
    let amend = |name: &str| json!({"contactId": contact, "expectedVersion": 1, "firstName": name});
    server.act("contactAmend", amend("Bo"), "contact { id }").await;
    let stale = server.refuse("contactAmend", amend("Ida")).await;
    assert_eq!((&stale["__typename"], &stale["code"]), (&json!("StaleVersion"), &json!("STALE_VERSION")));
    assert_eq!((&stale["currentVersion"], &stale["field"]), (&json!(2), &json!(["expectedVersion"])));
    let query = "query($id: ID!) { contact(id: $id) { version firstName } }";
    let now = server.data(query, json!({"id": contact})).await;
    assert_eq!(now["contact"], json!({"version": 2, "firstName": "Bo"}));

    // Of ten who read the same version one wins.
    let document = document("contactAmend", "contact { version }");
    let requests = (0..10).map(|n| {
        let input = json!({"contactId": contact, "expectedVersion": 2, "title": format!("Nummer {n}")});
        server.data(&document, json!({"input": input}))
    });
    let answers = join_all(requests).await;
    let won = answers.iter().filter(|answer| answer["contactAmend"]["userErrors"] == json!([])).count();
    assert_eq!(won, 1, "{answers:#?}");
    let now = server.data(query, json!({"id": contact})).await;
    assert_eq!(now["contact"]["version"], 3);

    let note = server.note(&[&contact], "Kort.").await;
    for mutation in ["noteAmend", "noteRemove"] {
        let mut input = json!({"noteId": note, "expectedVersion": 7});
        if mutation == "noteAmend" {
            input["text"] = json!("Lang.");
        }
        assert_eq!(server.refuse(mutation, input).await["currentVersion"], 1, "{mutation}");
    }
}
