//! Rules of the domain, as clients meet them.

use lethe_kernel::{Role, UnitId};
use serde_json::{Value, json};

use crate::running::{World, session};

const ERRORS: &str = "userErrors { code message field }";

impl World {
    /// What a mutation of a consultant of the unit is answered; nothing may have failed.
    async fn done(&self, role: Role, unit: UnitId, mutation: &str, input: &str, fields: &str) -> Value {
        let query = format!("mutation {{ {mutation}(input: {{ {input} }}) {{ {fields} {ERRORS} }} }}");
        self.data(session(role, unit), &query).await[mutation].take()
    }

    async fn sole_trader(&self, unit: UnitId, number: &str) -> Value {
        let input = format!(r#"country: SE, number: "{number}", legalForm: SOLE_PROPRIETOR, name: "Tårtor""#);
        self.done(Role::Consultant, unit, "companyRegister", &input, "company { id viewerCanReveal }").await
    }
}

fn code(answer: &Value) -> (&str, &str) {
    let error = &answer["userErrors"][0];
    (error["code"].as_str().unwrap(), error["field"][0].as_str().unwrap())
}

#[tokio::test]
async fn a_sole_traders_number_is_revealed_to_the_unit_that_registered_it_and_logged() {
    let world = World::start().await;
    let (own, other) = (world.unit(7).await, world.unit(8).await);
    let registered = world.sole_trader(own, "811218-9876").await;
    let company = registered["company"]["id"].as_str().unwrap().to_owned();
    assert_eq!(registered["company"]["viewerCanReveal"], true);
    let input = format!(r#"companyId: "{company}", purpose: "CASE_WORK", purposeText: "Spørger til moms.""#);
    let fields = "number entry { id field companyId contactIds purpose purposeText }";
    let reveal = async |unit, input: &str| {
        world.done(Role::Consultant, unit, "companyNumberReveal", input, fields).await
    };
    let shown = reveal(own, &input).await;
    assert_eq!(shown["number"], "811218-9876", "{shown:#}");
    let entry = shown["entry"].clone();
    assert_eq!(
        (&entry["field"], &entry["companyId"], &entry["contactIds"]),
        (&json!("COMPANY_NUMBER"), &json!(company), &json!([]))
    );
    assert_eq!(entry["purposeText"], "Spørger til moms.");

    // Of an unknown purpose, of another unit, of a public number.
    let refused = reveal(own, &input.replace("CASE_WORK", "CURIOSITY")).await;
    assert_eq!((code(&refused), &refused["number"]), (("INVALID_VALUE", "purpose"), &json!(null)));
    let refused = reveal(other, &input).await;
    assert_eq!((code(&refused), &refused["number"]), (("FORBIDDEN", "companyId"), &json!(null)));
    let public = r#"country: DK, number: "13748136", legalForm: LIMITED, name: "Brød ApS""#;
    let public = world.done(Role::Consultant, own, "companyRegister", public, "company { id }").await;
    let id = public["company"]["id"].as_str().unwrap();
    let refused = reveal(own, &format!(r#"companyId: "{id}", purpose: "CASE_WORK""#)).await;
    assert_eq!(code(&refused), ("RULE_VIOLATED", "companyId"));

    // One entry, which the DPM of the unit finds at the company and in the log, and no other unit's.
    world.settled().await;
    let query = format!(
        r#"{{ company(id: "{company}") {{ viewerCanReveal maskedNumber number accessLog {{ nodes {{ id }} }} }}
             accessLog(filter: {{ company: "{company}", field: COMPANY_NUMBER }}) {{ nodes {{ id }} }} }}"#
    );
    let read = world.data(session(Role::Dpm, own), &query).await;
    assert_eq!(read["accessLog"]["nodes"], json!([{ "id": entry["id"] }]));
    assert_eq!(read["company"]["accessLog"], read["accessLog"]);
    assert_eq!(
        (&read["company"]["maskedNumber"], &read["company"]["number"]),
        (&json!("811218-****"), &json!(null))
    );
    let read = world.data(session(Role::Dpm, other), &query).await;
    assert_eq!(
        (&read["accessLog"]["nodes"], &read["company"]["viewerCanReveal"]),
        (&json!([]), &json!(false))
    );
    world.stop().await;
}

#[tokio::test]
async fn a_note_has_a_kind_of_its_unit_and_each_kind_a_nature() {
    let world = World::start().await;
    let (own, other) = (world.unit(7).await, world.unit(8).await);
    let contact = r#"firstName: "Åse""#;
    let mut of = Vec::new();
    for unit in [own, other] {
        let done = world.done(Role::Consultant, unit, "contactRegister", contact, "contact { id }").await;
        of.push(done["contact"]["id"].as_str().unwrap().to_owned());
    }
    let write = async |unit: UnitId, kind: &str| {
        let contact = &of[usize::from(unit != own)];
        let input = format!(r#"contactIds: ["{contact}"], kind: "{kind}", text: "Kort.""#);
        world.done(Role::Consultant, unit, "noteWrite", &input, "note { id kind nature }").await
    };
    // Until a unit decides, there are five.
    for (kind, nature) in
        [("NOTE", "NOTE"), ("CALL", "CALL"), ("MEETING", "MEETING"), ("MAIL", "MAIL"), ("OTHER", "NOTE")]
    {
        let note = write(own, kind).await;
        assert_eq!(
            (&note["note"]["kind"], &note["note"]["nature"]),
            (&json!(kind), &json!(nature)),
            "{note:#}"
        );
    }
    let refused = write(own, "TELEPATHY").await;
    assert_eq!((code(&refused), &refused["note"]), (("INVALID_VALUE", "kind"), &json!(null)));
    assert!(
        refused["userErrors"][0]["message"].as_str().unwrap().contains("NOTE, CALL, MEETING, MAIL, OTHER")
    );

    let old = write(own, "MEETING").await["note"]["id"].as_str().unwrap().to_owned();
    let set = r#"kinds: [{ code: "FIRST_TALK", nature: MEETING }, { code: "HOTLINE", nature: CALL }]"#;
    let fields = "rules { noteKinds { code nature } }";
    let rules = world.done(Role::UnitAdministrator, own, "noteKindsSet", set, fields).await;
    assert_eq!(rules["rules"]["noteKinds"][1], json!({ "code": "HOTLINE", "nature": "CALL" }), "{rules:#}");
    assert_eq!(write(own, "HOTLINE").await["note"]["nature"], "CALL");
    assert_eq!(code(&write(own, "MEETING").await), ("INVALID_VALUE", "kind"));
    assert_eq!(write(other, "MEETING").await["note"]["nature"], "MEETING", "another unit has its own list");

    // What was written keeps its kind, also when something else of it changes.
    let fields = "note { kind nature }";
    let amend = async |input: &str| {
        let input = format!(r#"noteId: "{old}", {input}"#);
        world.done(Role::Consultant, own, "noteAmend", &input, fields).await
    };
    let kept = amend(r#"kind: "MEETING", text: "Længere.""#).await;
    assert_eq!(kept["note"], json!({ "kind": "MEETING", "nature": "MEETING" }), "{kept:#}");
    let changed = amend(r#"kind: "HOTLINE""#).await;
    assert_eq!(changed["note"], json!({ "kind": "HOTLINE", "nature": "CALL" }));

    let wrong = r#"kinds: [{ code: "K0101585123", nature: MEETING }]"#;
    let refused = world.done(Role::UnitAdministrator, own, "noteKindsSet", wrong, "position").await;
    assert_eq!(code(&refused), ("INVALID_VALUE", "kinds"));
    world.settled().await;
    let units =
        world.data(session(Role::Consultant, other), "{ units { nodes { noteKinds { code } } } }").await;
    let lists: Vec<usize> = units["units"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|unit| unit["noteKinds"].as_array().unwrap().len())
        .collect();
    assert_eq!(lists.iter().sum::<usize>(), 7, "everybody reads them: {units:#}");
    world.stop().await;
}

#[tokio::test]
async fn consents_end_in_lists_and_fall_due_in_the_schedule() {
    let world = World::start().await;
    let unit = world.unit(7).await;
    let contact =
        world.done(Role::Consultant, unit, "contactRegister", r#"firstName: "Åse""#, "contact { id }");
    let contact = contact.await["contact"]["id"].as_str().unwrap().to_owned();
    let give = async |purpose: &str, kept: &str| {
        let input = format!(
            r#"contactId: "{contact}", purpose: "{purpose}", legalBasis: CONTRACT, source: "PAPER", keptUntil: "{kept}""#
        );
        world.done(Role::Consultant, unit, "consentGive", &input, "consent { id status endedAt }").await
    };
    assert_eq!(code(&give("COURSE", "1999-01-01").await), ("INVALID_VALUE", "keptUntil"));
    assert_eq!(code(&give("COURSE", "9999-12-31").await), ("INVALID_VALUE", "keptUntil"));
    let in_a_year =
        (lethe_kernel::Clock::system().now() + chrono::TimeDelta::days(365)).date_naive().to_string();
    let given = give("COURSE", &in_a_year).await;
    assert_eq!((&given["consent"]["status"], &given["consent"]["endedAt"]), (&json!("GIVEN"), &json!(null)));
    let schedule = "{ expirySchedule(filter: { kind: CONSENT }) { nodes { kind expiresOn effect note { id } consent { id } } } }";
    let due = world.data(session(Role::Consultant, unit), schedule).await;
    let entry = json!({
        "kind": "CONSENT", "expiresOn": in_a_year, "effect": null, "note": null,
        "consent": { "id": given["consent"]["id"] },
    });
    assert_eq!(due["expirySchedule"]["nodes"], json!([entry]));

    let wanted = format!(
        r#"{{ contactErasurePreview(contactId: "{contact}", kind: ANONYMISED) {{ preview {{ token }} }} }}"#
    );
    let preview = world.data(session(Role::Dpm, unit), &wanted).await["contactErasurePreview"].take();
    let token = preview["preview"]["token"].as_str().unwrap();
    let key = "018f0101-5851-7000-8000-010158512300";
    let input = format!(
        r#"contactId: "{contact}", previewToken: "{token}", reason: REQUEST_OF_PERSON, idempotencyKey: "{key}""#
    );
    let erased = world.done(Role::Dpm, unit, "contactAnonymise", &input, "position").await;
    assert_eq!(erased["userErrors"], json!([]));
    world.settled().await;
    let list =
        |status: &str| format!("{{ consents(filter: {{ status: {status} }}) {{ nodes {{ id endedAt }} }} }}");
    let standing = world.data(session(Role::Dpm, unit), &list("GIVEN")).await;
    assert_eq!(standing["consents"]["nodes"], json!([]));
    let ended = world.data(session(Role::Dpm, unit), &list("ERASED")).await;
    assert_eq!(ended["consents"]["nodes"][0]["id"], given["consent"]["id"]);
    assert!(ended["consents"]["nodes"][0]["endedAt"].is_string());
    let due = world.data(session(Role::Consultant, unit), schedule).await;
    assert_eq!(due["expirySchedule"]["nodes"], json!([]));
    world.stop().await;
}

#[tokio::test]
async fn no_expiry_and_no_policy_reaches_further_than_the_longest_period() {
    let world = World::start().await;
    let unit = world.unit(7).await;
    let contact =
        world.done(Role::Consultant, unit, "contactRegister", r#"firstName: "Åse""#, "contact { id }");
    let contact = contact.await["contact"]["id"].as_str().unwrap().to_owned();
    let input = format!(
        r#"contactIds: ["{contact}"], kind: "NOTE", text: "Evig.",
           expiry: {{ on: {{ date: "9999-12-31", effect: DELETE }} }}"#
    );
    let refused = world.done(Role::Consultant, unit, "noteWrite", &input, "note { id }").await;
    assert_eq!(code(&refused), ("INVALID_VALUE", "expiry"));
    let policy =
        |months: u32| format!(r#"kind: NOTE, months: {months}, effect: DELETE, effectiveFrom: "2020-01-01""#);
    let set =
        async |months| world.done(Role::Dpm, unit, "expiryPolicySet", &policy(months), "position").await;
    assert_eq!(code(&set(361).await), ("INVALID_VALUE", "months"));
    assert_eq!(set(360).await["userErrors"], json!([]));
    world.stop().await;
}
