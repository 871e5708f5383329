use serde_json::json;

use crate::graph::text;
use crate::server::Server;

const FIELDS: &str = "consent { id version status purpose legalBasis source wording proof effectiveAt recordedAt \
                      withdrawnAt withdrawalRecordedAt withdrawalReason withdrawalNote keptUntil contact { id } }";

#[tokio::test]
async fn a_consent_is_given_and_withdrawn_with_two_times_each() {
    let server = Server::start().await;
    let contact = server.contact("Åse").await;
    let give = json!({
        "contactId": contact, "purpose": "NEWSLETTER", "legalBasis": "CONSENT", "source": "WEB_FORM",
        "wording": "Ja tak til nyhedsbrevet.", "proof": "Formular 17", "effectiveAt": "2024-05-01T10:00:00Z",
        "keptUntil": "2030-01-01",
    });
    let given = server.act("consentGive", give.clone(), FIELDS).await["consent"].clone();
    assert_eq!(
        (&given["status"], &given["effectiveAt"]),
        (&json!("GIVEN"), &json!("2024-05-01T10:00:00+00:00"))
    );
    assert_eq!(given["wording"], "Ja tak til nyhedsbrevet.");
    assert_eq!((&given["withdrawnAt"], &given["keptUntil"]), (&json!(null), &json!("2030-01-01")));
    assert!(text(&given["recordedAt"]) > text(&given["effectiveAt"]), "{given}");

    let early = json!({"contactId": contact, "purpose": "NEWSLETTER", "effectiveAt": "2024-04-30T10:00:00Z"});
    assert_eq!(server.refusal("consentWithdraw", early).await.1, "effectiveAt");
    let withdraw = json!({
        "contactId": contact, "purpose": "NEWSLETTER", "effectiveAt": "2025-06-01T08:00:00Z", "reason": "CALLED",
        "note": "Ringede om det.", "expectedVersion": 1,
    });
    let withdrawn = server.act("consentWithdraw", withdraw, FIELDS).await["consent"].clone();
    assert_eq!(withdrawn["status"], "WITHDRAWN");
    assert_eq!(withdrawn["withdrawnAt"], "2025-06-01T08:00:00+00:00");
    assert!(text(&withdrawn["withdrawalRecordedAt"]) > text(&withdrawn["recordedAt"]), "{withdrawn}");
    assert_eq!(withdrawn["withdrawalNote"], "Ringede om det.");
    assert_eq!((&withdrawn["id"], &withdrawn["recordedAt"]), (&given["id"], &given["recordedAt"]));

    // What was given before the withdrawal does not undo it; a new consent does.
    assert_eq!(server.refusal("consentGive", give.clone()).await.0, "RULE_VIOLATED");
    let mut anew = give;
    anew.as_object_mut().unwrap().remove("effectiveAt");
    let again = server.act("consentGive", anew, FIELDS).await["consent"].clone();
    assert_eq!((&again["status"], &again["withdrawnAt"]), (&json!("GIVEN"), &json!(null)));

    let query = "query($id: ID!, $contact: ID!) {
        consents(filter: {contact: $contact, purpose: \"NEWSLETTER\", status: GIVEN}) { nodes { id version } }
        node(id: $id) { ... on Consent { history { nodes { type caller { role } recordedAt } } } } }";
    let found = server.data(query, json!({"id": given["id"], "contact": contact})).await;
    assert_eq!(found["consents"]["nodes"], json!([{"id": given["id"], "version": 3}]));
    let events = &found["node"]["history"]["nodes"];
    assert_eq!(crate::graph::texts(events, "type"), ["consent.given", "consent.withdrawn", "consent.given"]);
}

#[tokio::test]
async fn a_consent_is_refused_for_what_it_lacks() {
    let server = Server::start().await;
    let contact = server.contact("Bo").await;
    let give = |change: serde_json::Value| {
        let mut input = json!({
            "contactId": contact, "purpose": "NEWSLETTER", "legalBasis": "CONSENT", "source": "PHONE", "wording": "Ja.",
        });
        input.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        input
    };
    for (change, code, field) in [
        (json!({"wording": null}), "REQUIRED", "wording"),
        (json!({"effectiveAt": "2999-01-01T00:00:00Z"}), "INVALID_VALUE", "effectiveAt"),
        (json!({"effectiveAt": "0206-01-01T00:00:00Z"}), "INVALID_VALUE", "effectiveAt"),
        (json!({"purpose": "no code"}), "INVALID_VALUE", "purpose"),
        (json!({"proof": "a\u{0}"}), "INVALID_VALUE", "proof"),
    ] {
        let refusal = server.refusal("consentGive", give(change.clone())).await;
        assert_eq!(refusal, (code.to_owned(), field.to_owned()), "{change}");
    }
    let nothing = json!({"contactId": contact, "purpose": "NEWSLETTER"});
    assert_eq!(server.refusal("consentWithdraw", nothing).await.1, "purpose");
    server
        .act("consentGive", give(json!({"legalBasis": "CONTRACT", "wording": null})), "consent { id }")
        .await;
}
