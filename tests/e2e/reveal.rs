use serde_json::{Value, json};

use crate::graph::{document, global, key, text, texts};
use crate::people::user;
use crate::server::Server;

pub(crate) const ENTRY: &str = "id at position userId unit { id } role field contactIds noteId purpose purposeText \
                     withheld { field reason } repeats event { type position stream { type } }";

/// People of the demo data by their numbers: of another business hub, and of a unit that is none.
const CONSULTANT_OF_A_HUB: (&str, u128) = ("CONSULTANT", 7);
const DPM_OF_A_HUB: (&str, u128) = ("DPM", 8);
const DPM_OF_A_TOWN: (&str, u128) = ("DPM", 9);

pub(crate) fn cpr_reveal() -> String {
    document("cprReveal", &format!("cpr entry {{ {ENTRY} }}"))
}

pub(crate) fn note_reveal() -> String {
    document("noteReveal", &format!("text entry {{ {ENTRY} }}"))
}

/// Somebody with a CPR number, and a note about them with sensitive data.
pub(crate) async fn person(server: &Server) -> (String, String) {
    let input = json!({"firstName": "Mærkværdige", "cpr": "310765-7913"});
    let contact = text(&server.act("contactRegister", input, "contact { id }").await["contact"]["id"]);
    let input =
        json!({"contactIds": [contact], "kind": "CALL", "text": "Om helbredet.", "containsSensitive": true});
    let note = text(&server.act("noteWrite", input, "note { id }").await["note"]["id"]);
    (contact, note)
}

/// The entries of the access log that a filter wants, as a DPM reads them.
async fn log(server: &mut Server, filter: Value, position: &Value) -> Vec<Value> {
    let query = format!(
        "query($f: AccessLogFilter, $p: Position) {{ accessLog(filter: $f, minPosition: $p) {{ nodes {{ {ENTRY} }} }} }}"
    );
    server.as_role("DPM");
    let answer = server.data(&query, json!({"f": filter, "p": position})).await;
    server.as_role("CONSULTANT");
    answer["accessLog"]["nodes"].as_array().unwrap().clone()
}

/// What is answered to somebody of another unit.
async fn to_other(server: &Server, (role, number): (&str, u128), query: &str, variables: Value) -> Value {
    let door = server.door();
    let bearer = door.bearer_of(role, user(number), None);
    let request = door.post_as(&reqwest::Client::new(), &bearer);
    request.json(&json!({"query": query, "variables": variables})).send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn what_is_revealed_stands_in_the_access_log_with_its_purpose() {
    let mut server = Server::start().await;
    let (contact, note) = person(&server).await;
    let viewer = server.data("{ viewer { userId unit { id } } }", json!({})).await["viewer"].clone();
    let input =
        json!({"contactId": contact, "purpose": "IDENTITY_CHECK", "purposeText": "Ringer om sin adresse."});
    let shown = server.done(&cpr_reveal(), json!({"input": input})).await;
    assert_eq!(shown["cpr"], "310765-7913");
    let entry = &shown["entry"];
    assert_eq!(
        (&entry["userId"], &entry["unit"]["id"], &entry["role"]),
        (&viewer["userId"], &viewer["unit"]["id"], &json!("CONSULTANT"))
    );
    assert_eq!((&entry["field"], &entry["purpose"]), (&json!("CPR"), &json!("IDENTITY_CHECK")));
    assert_eq!((&entry["contactIds"], &entry["noteId"]), (&json!([contact]), &json!(null)));
    assert_eq!((&entry["purposeText"], &entry["withheld"]), (&json!("Ringer om sin adresse."), &json!([])));
    assert_eq!((&entry["position"], &entry["event"]["position"]), (&shown["position"], &shown["position"]));
    assert_eq!(
        (&entry["event"]["type"], &entry["event"]["stream"]["type"]),
        (&json!("reveal.recorded"), &json!("reveals"))
    );

    let input = json!({"noteId": note, "purpose": "CASE_WORK"});
    let read = server.done(&note_reveal(), json!({"input": input})).await;
    assert_eq!(read["text"], "Om helbredet.");
    assert_eq!((&read["entry"]["field"], &read["entry"]["noteId"]), (&json!("NOTE_TEXT"), &json!(note)));
    assert_eq!(
        (&read["entry"]["contactIds"], &read["entry"]["purposeText"]),
        (&json!([contact]), &json!(null))
    );

    let (one, two) = (entry.clone(), read["entry"].clone());
    let at = &read["position"];
    for (filter, wanted) in [
        (json!(null), vec![&two, &one]),
        (json!({"contact": contact}), vec![&two, &one]),
        (json!({"contact": contact, "field": "CPR"}), vec![&one]),
        (json!({"note": note}), vec![&two]),
        (json!({"user": viewer["userId"], "unit": viewer["unit"]["id"]}), vec![&two, &one]),
        (json!({"user": global("User", 77)}), vec![]),
        (json!({"contact": global("Contact", 77)}), vec![]),
        (json!({"from": two["at"]}), vec![&two]),
        (json!({"until": two["at"]}), vec![&one]),
    ] {
        assert_eq!(log(&mut server, filter.clone(), at).await.iter().collect::<Vec<_>>(), wanted, "{filter}");
    }

    let of = format!(
        "query($c: ID!, $n: ID!, $e: ID!) {{
            contact(id: $c) {{ accessLog {{ nodes {{ {ENTRY} }} }} accessLogForSubject(first: 1) {{
                nodes {{ at unit {{ id }} role field purpose }} pageInfo {{ hasNextPage }} }} }}
            contacts(last: 1) {{ nodes {{ id accessLog {{ nodes {{ {ENTRY} }} }} }} }}
            note: node(id: $n) {{ ... on Note {{ accessLog {{ nodes {{ {ENTRY} }} }} }} }}
            entry: node(id: $e) {{ ... on AccessLogEntry {{ {ENTRY} }} }} }}"
    );
    server.as_role("DPM");
    let found = server.data(&of, json!({"c": contact, "n": note, "e": one["id"]})).await;
    assert_eq!(found["contact"]["accessLog"]["nodes"], json!([two, one]));
    assert_eq!(found["contacts"]["nodes"], json!([{"id": contact, "accessLog": {"nodes": [two, one]}}]));
    assert_eq!((&found["note"]["accessLog"]["nodes"], &found["entry"]), (&json!([two]), &one));
    let known = json!({"at": two["at"], "unit": two["unit"], "role": "CONSULTANT", "field": "NOTE_TEXT",
        "purpose": "CASE_WORK"});
    assert_eq!(found["contact"]["accessLogForSubject"]["nodes"], json!([known]));
    assert_eq!(found["contact"]["accessLogForSubject"]["pageInfo"]["hasNextPage"], true);
}

#[tokio::test]
async fn a_request_that_is_sent_again_shows_the_value_as_a_reveal_of_its_own() {
    let mut server = Server::start().await;
    let (contact, note) = person(&server).await;
    let input = json!({"contactId": contact, "purpose": "CASE_WORK", "purposeText": "Sag 7.", "idempotencyKey": key(7)});
    let first = server.done(&cpr_reveal(), json!({"input": input})).await;
    let second = server.done(&cpr_reveal(), json!({"input": input})).await;
    assert_eq!((&first["cpr"], &second["cpr"]), (&json!("310765-7913"), &json!("310765-7913")));
    assert_ne!(first["entry"]["id"], second["entry"]["id"]);
    assert_eq!(second["entry"]["repeats"], first["entry"]["id"]);
    assert_eq!(
        log(&mut server, json!({"contact": contact}), &second["position"]).await,
        [second["entry"].clone(), first["entry"].clone()]
    );
    // The key of one reveal is no key to another, nor to another mutation's.
    let mut other = input.clone();
    other["purpose"] = json!("SUPERVISION");
    assert_eq!(
        server.refusal("cprReveal", other).await,
        ("IDEMPOTENCY_KEY_REUSED".into(), "idempotencyKey".into())
    );
    let input = json!({"noteId": note, "purpose": "CASE_WORK", "idempotencyKey": key(7)});
    assert_eq!(server.done(&note_reveal(), json!({"input": input})).await["text"], "Om helbredet.");
}

#[tokio::test]
async fn a_reveal_is_refused_for_what_it_lacks() {
    let mut server = Server::start().await;
    let (contact, note) = person(&server).await;
    let (nobody, plain) = (server.contact("Bo").await, server.note(&[&contact], "Ganske almindelig.").await);
    let gone = json!({"contactIds": [contact], "kind": "CALL", "text": "Væk.", "containsSensitive": true});
    let gone = text(&server.act("noteWrite", gone, "note { id }").await["note"]["id"]);
    server.act("noteRemove", json!({"noteId": gone}), "").await;
    let cpr = |change: Value| {
        let mut input = json!({"contactId": contact, "purpose": "CASE_WORK"});
        input.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        ("cprReveal", input)
    };
    let text_of = |note: &str| ("noteReveal", json!({"noteId": note, "purpose": "CASE_WORK"}));
    for ((mutation, input), code, field) in [
        (cpr(json!({"purpose": ""})), "INVALID_VALUE", "purpose"),
        (cpr(json!({"purpose": "  "})), "INVALID_VALUE", "purpose"),
        (cpr(json!({"purpose": "CURIOSITY"})), "INVALID_VALUE", "purpose"),
        (cpr(json!({"purposeText": " \n"})), "INVALID_VALUE", "purposeText"),
        (cpr(json!({"purposeText": "a\u{7}b"})), "INVALID_VALUE", "purposeText"),
        (cpr(json!({"purposeText": "x".repeat(20_001)})), "INVALID_VALUE", "purposeText"),
        (cpr(json!({"contactId": nobody})), "RULE_VIOLATED", "contactId"),
        (cpr(json!({"contactId": note})), "NOT_FOUND", "contactId"),
        (cpr(json!({"contactId": "x"})), "INVALID_VALUE", "contactId"),
        (cpr(json!({"contactId": global("Contact", 1)})), "NOT_FOUND", "contactId"),
        (cpr(json!({"idempotencyKey": "x"})), "INVALID_VALUE", "idempotencyKey"),
        (text_of(&plain), "RULE_VIOLATED", "noteId"),
        (text_of(&gone), "ENDED", "noteId"),
        (text_of(&contact), "NOT_FOUND", "noteId"),
        (text_of(&global("Note", 1)), "NOT_FOUND", "noteId"),
    ] {
        let refusal = server.refusal(mutation, input.clone()).await;
        assert_eq!(refusal, (code.to_owned(), field.to_owned()), "{mutation} {:.80}", input.to_string());
    }
    // The refusal tells which purposes there are.
    let refusal = server.refuse("cprReveal", cpr(json!({"purpose": "CURIOSITY"})).1).await;
    let message = text(&refusal["message"]);
    assert!(message.contains("CASE_WORK, IDENTITY_CHECK") && !message.contains("CURIOSITY"), "{message}");
    assert_eq!(log(&mut server, json!(null), &json!(null)).await, [] as [Value; 0]);
}

#[tokio::test]
async fn what_another_unit_has_is_not_told_from_what_nobody_has() {
    let server = Server::start().await;
    let (contact, note) = person(&server).await;
    for (query, hidden, unknown) in [
        (
            cpr_reveal(),
            json!({"contactId": contact, "purpose": "CASE_WORK"}),
            json!({"contactId": global("Contact", 1), "purpose": "CASE_WORK"}),
        ),
        (
            note_reveal(),
            json!({"noteId": note, "purpose": "CASE_WORK"}),
            json!({"noteId": global("Note", 1), "purpose": "CASE_WORK"}),
        ),
    ] {
        let hidden = to_other(&server, CONSULTANT_OF_A_HUB, &query, json!({"input": hidden})).await;
        assert_eq!(hidden, to_other(&server, CONSULTANT_OF_A_HUB, &query, json!({"input": unknown})).await);
        let payload = hidden["data"].as_object().unwrap().values().next().unwrap();
        assert_eq!(payload["userErrors"][0]["code"], "NOT_FOUND");
    }
    // The built-in CPR field belongs to business hubs (R9), whoever asks for which contact.
    for id in [contact, global("Contact", 1)] {
        let input = json!({"contactId": id, "purpose": "CASE_WORK"});
        let refused = to_other(&server, DPM_OF_A_TOWN, &cpr_reveal(), json!({"input": input})).await;
        assert_eq!(refused["data"]["cprReveal"]["userErrors"][0]["code"], "FORBIDDEN", "{refused:#}");
        assert_eq!(refused["data"]["cprReveal"]["cpr"], json!(null));
    }
}

#[tokio::test]
async fn the_log_survives_the_person_and_what_was_written_about_the_purpose_does_not() {
    let mut server = Server::start().await;
    let (contact, note) = person(&server).await;
    let input = json!({"contactId": contact, "purpose": "CASE_WORK", "purposeText": "Mærkværdige ringede."});
    let shown = server.done(&cpr_reveal(), json!({"input": input})).await;
    let input = json!({"noteId": note, "purpose": "SUPERVISION", "purposeText": "Om Mærkværdige."});
    let read = server.done(&note_reveal(), json!({"input": input})).await;

    server.as_role("DPM");
    let preview =
        "query($id: ID!) { contactErasurePreview(contactId: $id, kind: DELETED) { preview { token } } }";
    let token =
        server.data(preview, json!({"id": contact})).await["contactErasurePreview"]["preview"]["token"]
            .clone();
    let erase = json!({"contactId": contact, "previewToken": token, "reason": "REQUEST_OF_PERSON",
        "idempotencyKey": key(1)});
    let erased = server.act("contactDelete", erase, "").await;

    let entries = log(&mut server, json!({"contact": contact}), &erased["position"]).await;
    for (entry, before) in entries.iter().zip([&read["entry"], &shown["entry"]]) {
        let mut expected = before.clone();
        expected["purposeText"] = json!(null);
        expected["withheld"] = json!([{"field": "purposeText", "reason": "ERASED"}]);
        assert_eq!(*entry, expected);
    }
    assert_eq!(entries.len(), 2);
    server.as_role("DPM");
    let of =
        "query($id: ID!) { contact(id: $id) { viewerCanReveal accessLogForSubject { nodes { purpose } } } }";
    let known = server.data(of, json!({"id": contact})).await["contact"].clone();
    assert_eq!(texts(&known["accessLogForSubject"]["nodes"], "purpose"), ["SUPERVISION", "CASE_WORK"]);
    assert_eq!(known["viewerCanReveal"], false);

    let again = server.refusal("cprReveal", json!({"contactId": contact, "purpose": "CASE_WORK"})).await;
    assert_eq!(again, ("ERASED".to_owned(), "contactId".to_owned()));
    let again = server.refusal("noteReveal", json!({"noteId": note, "purpose": "CASE_WORK"})).await;
    assert_eq!(again, ("ENDED".to_owned(), "noteId".to_owned()));
}

#[tokio::test]
async fn a_unit_decides_what_reveals_are_for() {
    let mut server = Server::start().await;
    let (contact, _) = person(&server).await;
    let unit = "{ viewer { unit { revealPurposes revealLimits { usual most } } } }";
    let defaults = json!({"revealPurposes": ["CASE_WORK", "IDENTITY_CHECK", "DATA_SUBJECT_REQUEST", "SUPERVISION"],
        "revealLimits": {"usual": 30, "most": 100}});
    assert_eq!(server.data(unit, json!({})).await["viewer"]["unit"], defaults);
    server.as_role("UNIT_ADMINISTRATOR");
    let codes = json!({"codes": ["COURT", "CASE_WORK", "COURT"]});
    let set = server.act("revealPurposesSet", codes.clone(), "rules { revealPurposes }").await;
    assert_eq!(set["rules"]["revealPurposes"], json!(["COURT", "CASE_WORK"]));
    let repeated = server.act("revealPurposesSet", codes, "rules { revealPurposes }").await;
    assert_eq!(repeated["position"], set["position"]);
    for (codes, code) in [(json!([]), "REQUIRED"), (json!(["no code"]), "INVALID_VALUE")] {
        let refusal = server.refusal("revealPurposesSet", json!({"codes": codes})).await;
        assert_eq!(refusal, (code.to_owned(), "codes".to_owned()));
    }
    let limits = json!({"usual": 5, "most": 4});
    assert_eq!(server.refusal("revealLimitsSet", limits).await, ("INVALID_VALUE".into(), "most".into()));
    server.as_role("CONSULTANT");
    assert_eq!(
        server.refusal("cprReveal", json!({"contactId": contact, "purpose": "SUPERVISION"})).await.1,
        "purpose"
    );
    let input = json!({"contactId": contact, "purpose": "COURT"});
    assert_eq!(server.done(&cpr_reveal(), json!({"input": input})).await["cpr"], "310765-7913");
}

#[tokio::test]
async fn who_reveals_too_much_is_told_of_and_then_stopped() {
    let mut server = Server::start().await;
    let (contact, note) = person(&server).await;
    server.as_role("DPM");
    let limits = server
        .act("revealLimitsSet", json!({"usual": 2, "most": 4}), "rules { revealLimits { usual most } }")
        .await;
    assert_eq!(limits["rules"]["revealLimits"], json!({"usual": 2, "most": 4}));
    server.as_role("CONSULTANT");
    let input = json!({"contactId": contact, "purpose": "CASE_WORK"});
    let first = server.done(&cpr_reveal(), json!({"input": input})).await;
    for _ in 0..2 {
        server.done(&cpr_reveal(), json!({"input": input})).await;
    }
    let read = json!({"noteId": note, "purpose": "CASE_WORK"});
    let last = server.done(&note_reveal(), json!({"input": read})).await;
    for (query, input) in [(cpr_reveal(), input), (note_reveal(), read)] {
        let data = server.data(&query, json!({"input": input})).await;
        let payload = data.as_object().unwrap().values().next().unwrap();
        let error = &payload["userErrors"][0];
        assert_eq!((&error["__typename"], &error["code"]), (&json!("RateLimited"), &json!("RATE_LIMITED")));
        assert_eq!(
            (payload.get("cpr").or(payload.get("text")), &payload["entry"]),
            (Some(&json!(null)), &json!(null))
        );
        let hour = |time: &Value| text(time).parse::<chrono::DateTime<chrono::Utc>>().unwrap();
        // An hour after the first was decided, which is before the ledger took it.
        let again = hour(&error["retryAt"]) - chrono::Duration::hours(1);
        assert!(again <= hour(&first["entry"]["at"]), "{error}");
        assert!(hour(&first["entry"]["at"]) - again < chrono::Duration::minutes(1), "{error}");
    }

    let alerts =
        "query($p: Position) { revealAlerts(minPosition: $p) { nodes { userId unit { id } role count usual
        event { type } } } }";
    assert_eq!(server.fault(alerts, json!({})).await, "FORBIDDEN");
    for role in ["DPM", "AUDITOR"] {
        server.as_role(role);
        let found = server.data(alerts, json!({"p": last["position"]})).await;
        let entry = &first["entry"];
        let alert = json!({"userId": entry["userId"], "unit": entry["unit"], "role": "CONSULTANT", "count": 3,
            "usual": 2, "event": {"type": "reveal.unusual"}});
        assert_eq!(found["revealAlerts"]["nodes"], json!([alert]));
    }
    let metrics = reqwest::get(server.url("/metrics")).await.unwrap().text().await.unwrap();
    for line in [
        "lethe_reveals_total{field=\"CPR\"} 3",
        "lethe_reveals_total{field=\"NOTE_TEXT\"} 1",
        "lethe_reveal_alerts_total 1",
    ] {
        assert!(metrics.contains(line), "{line} is not among\n{metrics}");
    }
}

#[tokio::test]
async fn each_role_may_do_what_it_is_for_and_is_told_beforehand() {
    let mut server = Server::start().await;
    let (contact, note) = person(&server).await;
    let (nobody, plain) = (server.contact("Bo").await, server.note(&[&contact], "Ganske almindelig.").await);
    let can = "query($c: ID!, $n: ID!) { contact(id: $c) { viewerCanReveal }
        node(id: $n) { ... on Note { viewerCanReveal } } }";
    for (role, reveals, reads, decides) in [
        ("CONSULTANT", true, false, false),
        ("UNIT_ADMINISTRATOR", true, false, true),
        ("DPM", true, true, true),
        ("AUDITOR", false, true, false),
        ("SYSTEM_ADMINISTRATOR", false, false, false),
        ("INTEGRATION", false, false, false),
    ] {
        server.as_role(role);
        let told = server.data(can, json!({"c": contact, "n": note})).await;
        let expected = json!({"contact": {"viewerCanReveal": reveals}, "node": {"viewerCanReveal": reveals}});
        assert_eq!(told, expected, "{role}");
        let told = server.data(can, json!({"c": nobody, "n": plain})).await;
        assert_eq!(told, json!({"contact": {"viewerCanReveal": false}, "node": {"viewerCanReveal": false}}));
        for (query, input, allowed) in [
            (cpr_reveal(), json!({"contactId": contact, "purpose": "CASE_WORK"}), reveals),
            (note_reveal(), json!({"noteId": note, "purpose": "CASE_WORK"}), reveals),
            (document("revealPurposesSet", ""), json!({"codes": ["CASE_WORK"]}), decides),
            (document("revealLimitsSet", ""), json!({"usual": 10, "most": 50}), decides),
        ] {
            let answer = server.request(&query, json!({"input": input})).await;
            let refused = answer["errors"][0]["extensions"]["code"] == "FORBIDDEN";
            assert_eq!(refused, !allowed, "{role}: {answer:#}");
        }
        for (query, allowed) in [
            ("accessLog { nodes { id } }".to_owned(), reads),
            ("revealAlerts { nodes { at } }".to_owned(), reads),
            (format!("contact(id: \"{contact}\") {{ accessLog {{ nodes {{ id }} }} }}"), reads),
            (format!("node(id: \"{note}\") {{ ... on Note {{ accessLog {{ nodes {{ id }} }} }} }}"), reads),
            (format!("contact(id: \"{contact}\") {{ accessLogForSubject {{ nodes {{ at }} }} }}"), reads),
        ] {
            let answer = server.request(&format!("{{ {query} }}"), json!({})).await;
            let refused = answer["errors"][0]["extensions"]["code"] == "FORBIDDEN";
            assert_eq!(refused, !allowed, "{role}: {query}: {answer:#}");
        }
    }
}

#[tokio::test]
async fn a_dpm_reads_the_log_of_the_own_unit_and_an_auditor_that_of_all() {
    let server = Server::start().await;
    let (contact, _) = person(&server).await;
    let input = json!({"contactId": contact, "purpose": "CASE_WORK"});
    let shown = server.done(&cpr_reveal(), json!({"input": input})).await;
    let id = &shown["entry"]["id"];
    let query = "query($id: ID!, $p: Position) { accessLog(minPosition: $p) { nodes { id } }
        node(id: $id) { id } }";
    for (who, seen) in [
        (DPM_OF_A_HUB, Some(false)),
        (("DPM", 4), Some(true)),
        (("AUDITOR", 5), Some(true)),
        (CONSULTANT_OF_A_HUB, None),
    ] {
        let variables = json!({"id": id, "p": shown["position"]});
        let answer = to_other(&server, who, query, variables).await;
        let expected = match seen {
            Some(true) => json!({"accessLog": {"nodes": [{"id": id}]}, "node": {"id": id}}),
            Some(false) => json!({"accessLog": {"nodes": []}, "node": null}),
            None => {
                assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN");
                continue;
            }
        };
        assert_eq!(answer["data"], expected, "{who:?}");
    }
}
