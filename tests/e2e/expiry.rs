use serde_json::json;

use crate::graph::{day, text};
use crate::server::Server;

const NOTE: &str = "note { id expiresOn effect }";

#[tokio::test]
async fn a_note_lives_three_years_or_as_the_policy_of_its_unit_says() {
    let mut server = Server::start().await;
    let contact = server.contact("Åse").await;
    let note = json!({"contactIds": [contact], "kind": "MEETING", "text": "Om tre år er den væk."});
    let written = server.act("noteWrite", note.clone(), NOTE).await["note"].clone();
    let year = |text: &str, more: i32| {
        let date: chrono::NaiveDate = text.parse().unwrap();
        date.checked_add_months(chrono::Months::new(12 * more.unsigned_abs())).unwrap().to_string()
    };
    assert_eq!(written["expiresOn"], year(&day(0), 3));
    assert_eq!(written["effect"], "ANONYMISE");

    let policy = json!({"kind": "NOTE", "months": 12, "effect": "DELETE", "effectiveFrom": day(0)});
    for role in ["CONSULTANT", "AUDITOR", "INTEGRATION"] {
        server.as_role(role);
        server.forbidden("expiryPolicySet", policy.clone()).await;
    }
    for (role, months) in [("SYSTEM_ADMINISTRATOR", 24), ("DPM", 18), ("UNIT_ADMINISTRATOR", 12)] {
        server.as_role(role);
        let policy = json!({"kind": "NOTE", "months": months, "effect": "DELETE", "effectiveFrom": day(0)});
        let set = server.act("expiryPolicySet", policy, "policies { months effect effectiveFrom }").await;
        let now = json!({"months": months, "effect": "DELETE", "effectiveFrom": day(0)});
        assert!(set["policies"].as_array().unwrap().contains(&now), "{role}: {set}");
    }
    for months in [0, 361] {
        let policy = json!({"kind": "NOTE", "months": months, "effect": "DELETE", "effectiveFrom": day(0)});
        assert_eq!(server.refusal("expiryPolicySet", policy).await.0, "INVALID_VALUE", "{months}");
    }

    server.as_role("CONSULTANT");
    let written = server.act("noteWrite", note.clone(), NOTE).await["note"].clone();
    assert_eq!((&written["expiresOn"], &written["effect"]), (&json!(year(&day(0), 1)), &json!("DELETE")));
    // Only a note without personal data may stay for ever, and only if somebody says so.
    let free = json!({
        "contactIds": [contact], "kind": "MEETING", "text": "Åbent.", "containsPersonal": false,
        "expiry": {"never": true},
    });
    let kept = server.act("noteWrite", free, NOTE).await["note"].clone();
    assert_eq!((&kept["expiresOn"], &kept["effect"]), (&json!(null), &json!(null)));
    let personal = json!({"noteId": kept["id"], "containsPersonal": true});
    assert_eq!(server.refusal("noteAmend", personal).await.0, "RULE_VIOLATED");
}

#[tokio::test]
async fn the_schedule_tells_what_expires_next_and_the_sweep_leaves_what_is_not_due() {
    let server = Server::start().await;
    let contact = server.contact("Bo").await;
    let mut notes = Vec::new();
    for (days, effect) in [(3, "DELETE"), (1, "ANONYMISE"), (2, "DELETE")] {
        let input = json!({
            "contactIds": [contact], "kind": "CALL", "text": "Kort levetid.",
            "expiry": {"on": {"date": day(days), "effect": effect}},
        });
        let done = server.act("noteWrite", input, "note { id }").await;
        notes.push((days, effect, text(&done["note"]["id"])));
    }
    notes.sort();
    let query = "query($until: Date!) {
        expirySchedule(filter: {until: $until}) { nodes { kind expiresOn effect note { id } } }
        deleted: expirySchedule(filter: {until: $until, effect: DELETE}) { nodes { note { id } } }
        notes(filter: {expiresBefore: $until}, orderBy: {by: EXPIRY}) { nodes { id expiresOn } }
        contacts(filter: {expiresBefore: $until}) { nodes { id nextExpiry } } }";
    let found = server.data(query, json!({"until": day(4)})).await;
    let expected: Vec<_> = notes
        .iter()
        .map(|(days, effect, id)| {
            json!({"kind": "NOTE", "expiresOn": day(*days), "effect": effect, "note": {"id": id}})
        })
        .collect();
    assert_eq!(found["expirySchedule"]["nodes"], json!(expected));
    assert_eq!(found["deleted"]["nodes"].as_array().unwrap().len(), 2);
    let ids: Vec<_> = notes.iter().map(|(days, _, id)| json!({"id": id, "expiresOn": day(*days)})).collect();
    assert_eq!(found["notes"]["nodes"], json!(ids));
    assert_eq!(found["contacts"]["nodes"], json!([{"id": contact, "nextExpiry": day(1)}]));

    let (code, out, error) = server.run(&["sweep", "--now", "--json"]);
    assert_eq!(code, 0, "{error}");
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&report["due"], &report["refused"], &report["on"]), (&json!(0), &json!(0), &json!(day(0))));
    assert_eq!(server.data(query, json!({"until": day(4)})).await, found);
    assert_eq!(server.run(&["sweep"]).0, 2, "a sweep without --now is a mistake of the command line");
}
