use serde_json::{Value, json};

use crate::door;
use crate::graph::{cvr, document, global, key, text, texts};
use crate::server::Server;

const PREVIEW: &str = "query($id: ID!, $kind: ErasureKind!) { contactErasurePreview(contactId: $id, kind: $kind) {
    preview { token kind destroyed { subjectId class keyId commitment } dyingNotes { note { id } otherContacts }
        survivingNotes { id } consents { id } prospects { id } forgottenImports { id } unlinkedCompanies { id } soleProprietors { id }
        remaining { what why } holds { kind unit { id } until stopsErasure } }
    userErrors { code message field } } }";

const ANSWER: &str = "contact { ...person } destroyed { subjectId class keyId } remaining { what why }
    erasure { state kind at finalAt reason legalBasis }";

const PERSON: &str = "fragment person on Contact { id version status unit { id } firstName lastName title email phone \
    mobile remark cpr externalReference nextExpiry erasure { state kind at finalAt reason legalBasis } \
    withheld { field reason } units { id } companies { nodes { id } } \
    notes { nodes { id text withheld { field reason } } } \
    consents { nodes { id purpose wording withheld { field reason } } } }";

/// Somebody with everything that can be about a person, and a neighbour.
struct Person {
    id: String,
    neighbour: String,
    company: String,
    shared: String,
    free: String,
    consent: String,
    prospect: String,
    /// Where the ledger stood when all of this was there.
    position: Value,
}

async fn person(server: &Server, reference: &str) -> Person {
    let company = server.company(0).await;
    let input = json!({
        "firstName": "Mærkværdige", "lastName": "Sjøbæk", "title": "Bager", "email": "maerk@example.org",
        "phone": "20304050", "mobile": "20304051", "remark": "Ringer sent.", "cpr": "310765-5555",
        "companyIds": [company], "externalReference": reference,
    });
    let id = text(&server.act("contactRegister", input, "contact { id }").await["contact"]["id"]);
    let neighbour = server.contact("Nabo").await;
    let shared = server.note(&[&id, &neighbour], "Delt og personlig.").await;
    let free = json!({"contactIds": [id, neighbour], "kind": "MEETING", "text": "Uden personer.",
        "containsPersonal": false});
    let free = text(&server.act("noteWrite", free, "note { id }").await["note"]["id"]);
    let give = json!({"contactId": id, "purpose": "NEWS", "legalBasis": "CONSENT", "source": "PHONE",
        "wording": "Ja tak, Mærkværdige.", "proof": "Formular 17"});
    let consent = text(&server.act("consentGive", give, "consent { id }").await["consent"]["id"]);
    let prospect =
        json!({"contactId": id, "title": "Bageri på fjorden", "externalReference": format!("{reference}-P")});
    let done = server.act("prospectRegister", prospect, "prospect { id }").await;
    let prospect = text(&done["prospect"]["id"]);
    Person { id, neighbour, company, shared, free, consent, prospect, position: done["position"].clone() }
}

async fn preview(server: &Server, id: &str, kind: &str) -> Value {
    let answer = server.data(PREVIEW, json!({"id": id, "kind": kind})).await;
    let payload = answer["contactErasurePreview"].clone();
    assert_eq!(payload["userErrors"], json!([]), "{payload:#}");
    payload["preview"].clone()
}

fn input(id: &str, token: &Value, number: u128) -> Value {
    json!({"contactId": id, "previewToken": token, "reason": "REQUEST_OF_PERSON", "idempotencyKey": key(number)})
}

async fn erase(server: &Server, mutation: &str, input: Value) -> Value {
    let document = format!("{} {PERSON}", document(mutation, ANSWER));
    server.done(&document, json!({"input": input})).await
}

fn withheld(fields: &[&str]) -> Value {
    fields.iter().map(|field| json!({"field": field, "reason": "ERASED"})).collect()
}

const FIELDS: [&str; 8] = ["firstName", "lastName", "title", "email", "phone", "mobile", "remark", "cpr"];

async fn shown(server: &Server, id: &str) -> Value {
    let query = format!("query($id: ID!) {{ contact(id: $id) {{ ...person }} }} {PERSON}");
    server.data(&query, json!({"id": id})).await["contact"].clone()
}

#[tokio::test]
async fn an_anonymised_contact_shows_what_can_be_counted_and_withholds_the_rest() {
    let mut server = Server::start().await;
    let person = person(&server, "E2E-1").await;
    server.as_role("DPM");
    let seen = preview(&server, &person.id, "ANONYMISED").await;
    // The demo data came from a file with refused rows, any of which may have been about this person.
    let demo = text(&seen["forgottenImports"][0]["id"]);
    let subjects = [person.id.clone(), person.shared.clone(), demo];
    assert_eq!(texts(&seen["destroyed"], "subjectId"), subjects);
    assert_eq!(seen["dyingNotes"], json!([{"note": {"id": person.shared}, "otherContacts": 1}]));
    assert_eq!(seen["survivingNotes"], json!([{"id": person.free}]));
    assert_eq!(seen["consents"], json!([{"id": person.consent}]));
    assert_eq!(seen["prospects"], json!([{"id": person.prospect}]));
    assert_eq!((&seen["unlinkedCompanies"], &seen["soleProprietors"]), (&json!([]), &json!([])));
    let what = ["IDS", "AUDIT", "STATISTICS", "CONSENTS", "FREE_NOTES", "NOTE_SHELLS"];
    assert_eq!(texts(&seen["remaining"], "what"), what);
    assert_eq!(seen["holds"].as_array().unwrap().len(), 2);
    assert!(seen["holds"].as_array().unwrap().iter().all(|hold| hold["stopsErasure"] == false));

    let done = erase(&server, "contactAnonymise", input(&person.id, &seen["token"], 1)).await;
    assert_eq!(done["viewPending"], false);
    assert_eq!(done["remaining"], seen["remaining"]);
    assert_eq!(texts(&done["destroyed"], "keyId"), texts(&seen["destroyed"], "keyId"));
    let erasure = &done["erasure"];
    assert_eq!((&erasure["state"], &erasure["kind"]), (&json!("ERASED"), &json!("ANONYMISED")));
    assert_eq!((&erasure["finalAt"], &erasure["legalBasis"]), (&json!(null), &json!("GDPR Article 17(1)")));

    // What is left of the contact, and of what names it.
    let contact = shown(&server, &person.id).await;
    assert_eq!(contact, done["contact"]);
    assert_eq!((&contact["status"], &contact["erasure"]), (&json!("ERASED"), erasure));
    assert_eq!(contact["withheld"], withheld(&FIELDS));
    assert!(FIELDS.iter().all(|field| contact[field].is_null()) && contact["externalReference"].is_null());
    assert_eq!(contact["companies"]["nodes"], json!([{"id": person.company}]));
    assert_eq!(contact["units"].as_array().unwrap().len(), 1);
    assert_eq!(
        contact["notes"]["nodes"],
        json!([{"id": person.free, "text": "Uden personer.", "withheld": []}])
    );
    let consent = &contact["consents"]["nodes"][0];
    assert_eq!((&consent["purpose"], &consent["wording"]), (&json!("NEWS"), &json!(null)));
    assert_eq!(consent["withheld"], withheld(&["wording", "proof", "withdrawalNote"]));
    let query = "query($p: ID!, $n: ID!) {
        prospect: node(id: $p) { ... on Prospect { title withheld { field reason } contact { id } } }
        shell: node(id: $n) { ... on Note { status kind text expiresOn withheld { field reason } contacts { id } } } }";
    let rest = server.data(query, json!({"p": person.prospect, "n": person.shared})).await;
    let prospect = json!({"title": null, "withheld": withheld(&["title"]), "contact": {"id": person.id}});
    assert_eq!(rest["prospect"], prospect);
    let shell = &rest["shell"];
    assert_eq!(
        (&shell["status"], &shell["kind"], &shell["text"]),
        (&json!("ACTIVE"), &json!("MEETING"), &json!(null))
    );
    assert_eq!(
        (&shell["withheld"], &shell["contacts"]),
        (&withheld(&["text"]), &json!([{"id": person.neighbour}]))
    );
    assert!(shell["expiresOn"].is_string());
    // A shell goes on, but nobody writes a text into it.
    let again = json!({"noteId": person.shared, "text": "Igen.", "idempotencyKey": key(7)});
    assert_eq!(server.refusal("noteAmend", again).await, ("ERASED".to_owned(), "text".to_owned()));
    let amend = json!({"noteId": person.shared, "kind": "CALL", "idempotencyKey": key(8)});
    assert_eq!(server.act("noteAmend", amend, "note { kind }").await["note"]["kind"], "CALL");

    // The neighbour is whole.
    let neighbour = shown(&server, &person.neighbour).await;
    assert_eq!((&neighbour["firstName"], &neighbour["status"]), (&json!("Nabo"), &json!("ACTIVE")));
    assert_eq!((&neighbour["withheld"], &neighbour["erasure"]), (&json!([]), &json!(null)));
    assert_eq!(neighbour["notes"]["nodes"].as_array().unwrap().len(), 2);

    // Lists show it to those alone who ask for it.
    let list = "query($c: ID!, $s: ContactStatus!) { contacts(filter: {company: $c, status: $s}) {
        nodes { id withheld { reason } erasure { state } } } }";
    let active = server.data(list, json!({"c": person.company, "s": "ACTIVE"})).await;
    assert_eq!(active["contacts"]["nodes"], json!([]));
    let erased = server.data(list, json!({"c": person.company, "s": "ERASED"})).await;
    assert_eq!(texts(&erased["contacts"]["nodes"], "id"), [person.id.as_str()]);
    assert_eq!(erased["contacts"]["nodes"][0]["erasure"]["state"], "ERASED");
    views_equal_their_rebuild(&server);

    // Once the root is rotated, it is final.
    let (code, out, error) = server.run(&["keys", "rotate"]);
    assert_eq!(code, 0, "{out} {error}");
    let begun = std::time::Instant::now();
    loop {
        let contact = shown(&server, &person.id).await;
        if contact["erasure"]["state"] == "FINAL" {
            assert!(contact["erasure"]["finalAt"].is_string());
            break;
        }
        assert!(begun.elapsed() < crate::server::PATIENCE, "{contact:#}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn history_and_the_past_tell_what_happened_and_no_value_that_was_erased() {
    let mut server = Server::start().await;
    let person = person(&server, "E2E-2").await;
    let everywhere = format!(
        "query($id: ID!, $note: ID!, $free: ID!, $consent: ID!, $prospect: ID!, $at: Position!) {{
        now: contact(id: $id) {{ ...person ...h }}
        past: contact(id: $id, asOf: {{position: $at}}) {{ ...person ...h }}
        note: node(id: $note) {{ ... on Note {{ text history {{ nodes {{ ...e }} }} }} }}
        free: node(id: $free) {{ ... on Note {{ text contacts {{ id firstName withheld {{ field }} }} }} }}
        consent: node(id: $consent) {{ ... on Consent {{ wording proof history {{ nodes {{ ...e }} }} }} }}
        prospect: node(id: $prospect) {{ ... on Prospect {{ title history {{ nodes {{ ...e }} }} }} }} }}
        fragment h on Contact {{ history(first: 10) {{ nodes {{ ...e }} }} }}
        fragment e on Event {{ type changes {{ field withheld value {{ __typename ... on TextValue {{ text }} }} }} }}
        {PERSON}"
    );
    let ids = json!({"id": person.id, "note": person.shared, "free": person.free, "consent": person.consent,
        "prospect": person.prospect, "at": person.position});
    let secrets = [
        "Mærkværdige",
        "Sjøbæk",
        "Bager",
        "maerk@example.org",
        "20304050",
        "20304051",
        "Ringer sent",
        "310765",
        "Delt og personlig",
        "Formular 17",
        "fjorden",
        "E2E-2\"",
    ];
    let before = server.data(&everywhere, ids.clone()).await.to_string();
    assert!(
        secrets[..8].iter().all(|secret| before.contains(secret)),
        "the search would find them: {before}"
    );

    server.as_role("DPM");
    let token = preview(&server, &person.id, "ANONYMISED").await["token"].clone();
    erase(&server, "contactAnonymise", input(&person.id, &token, 1)).await;
    let after = server.data(&everywhere, ids).await;
    let all = after.to_string();
    for secret in &secrets[..11] {
        assert!(!all.contains(secret), "{secret} came out: {all}");
    }
    assert_eq!(after["past"]["status"], "ERASED");
    assert_eq!(after["past"]["withheld"], withheld(&FIELDS));
    assert_eq!(after["past"]["externalReference"], json!(null));
    let events = after["now"]["history"]["nodes"].as_array().unwrap();
    let types: Vec<_> = events.iter().map(|event| text(&event["type"])).collect();
    assert_eq!(types.last().unwrap(), "contact.erased");
    assert!(types.contains(&"contact.bound".to_owned()));
    let change = |event: &Value, field: &str| {
        event["changes"].as_array().unwrap().iter().find(|change| change["field"] == field).unwrap().clone()
    };
    for field in FIELDS {
        let change = change(&events[0], field);
        assert_eq!((&change["withheld"], &change["value"]), (&json!("ERASED"), &json!(null)), "{field}");
    }
    let last = events.last().unwrap();
    assert_eq!(change(last, "reason")["value"]["text"], "REQUEST_OF_PERSON");
    let note = after["note"]["history"]["nodes"].as_array().unwrap();
    assert_eq!(change(&note[0], "text")["withheld"], "ERASED");
    assert_eq!(text(&note[1]["type"]), "note.erased");
    let consent = after["consent"]["history"]["nodes"].as_array().unwrap();
    assert_eq!(change(&consent[0], "wording")["withheld"], "ERASED");
    assert_eq!(after["free"]["text"], "Uden personer.");
}

#[tokio::test]
async fn a_deleted_contact_is_in_no_list_and_nothing_refers_to_it() {
    let mut server = Server::start().await;
    let person = person(&server, "E2E-3").await;
    server.as_role("DPM");
    let seen = preview(&server, &person.id, "DELETED").await;
    assert_eq!(seen["unlinkedCompanies"], json!([{"id": person.company}]));
    // The token of one kind is not that of the other.
    let mixed = input(&person.id, &seen["token"], 1);
    assert_eq!(server.refusal("contactAnonymise", mixed).await.0, "PREVIEW_OUTDATED");
    let done = erase(&server, "contactDelete", input(&person.id, &seen["token"], 2)).await;
    assert_eq!(done["erasure"]["kind"], "DELETED");
    let contact = shown(&server, &person.id).await;
    assert_eq!((&contact["status"], &contact["unit"]), (&json!("ERASED"), &json!(null)));
    assert_eq!(contact["units"].as_array().unwrap().len(), 1, "those that had it");
    assert_eq!(contact["companies"]["nodes"], json!([]));
    assert_eq!((&contact["notes"]["nodes"], &contact["consents"]["nodes"]), (&json!([]), &json!([])));
    assert_eq!(contact["withheld"], withheld(&FIELDS));
    let query = "query($id: ID!, $c: ID!, $free: ID!, $consent: ID!, $prospect: ID!) {
        node(id: $id) { ... on Contact { id status erasure { kind } } }
        active: contacts(filter: {company: $c}) { nodes { id } }
        erased: contacts(filter: {status: ERASED}) { nodes { id } }
        free: node(id: $free) { ... on Note { text contacts { id } } }
        consent: node(id: $consent) { id } prospect: node(id: $prospect) { id }
        consents(filter: {contact: $id}) { nodes { id } } prospects(filter: {contact: $id}) { nodes { id } }
        notes(filter: {contact: $id}) { nodes { id } } }";
    let variables = json!({"id": person.id, "c": person.company, "free": person.free, "consent": person.consent,
        "prospect": person.prospect});
    let found = server.data(query, variables).await;
    assert_eq!(found["node"], json!({"id": person.id, "status": "ERASED", "erasure": {"kind": "DELETED"}}));
    for list in ["active", "erased", "consents", "prospects", "notes"] {
        assert_eq!(found[list]["nodes"], json!([]), "{list}");
    }
    assert_eq!(found["free"], json!({"text": "Uden personer.", "contacts": [{"id": person.neighbour}]}));
    assert_eq!((&found["consent"], &found["prospect"]), (&json!(null), &json!(null)));
    // Under its references nobody is registered again.
    let register = json!({"firstName": "Igen", "externalReference": "E2E-3"});
    let refusal = server.refusal("contactRegister", register).await;
    assert_eq!(refusal, ("REFERENCE_ENDED".to_owned(), "externalReference".to_owned()));
    let register = json!({"contactId": person.neighbour, "title": "Igen", "externalReference": "E2E-3-P"});
    assert_eq!(server.refusal("prospectRegister", register).await.0, "REFERENCE_ENDED");
    views_equal_their_rebuild(&server);
}

#[tokio::test]
async fn an_erasure_is_repeated_without_effect_and_refused_to_whom_it_is_not() {
    let mut server = Server::start().await;
    let id = server.contact("Åse").await;
    let ask = async |server: &Server, id: &str| {
        let answer = server.data(PREVIEW, json!({"id": id, "kind": "ANONYMISED"})).await;
        text(&answer["contactErasurePreview"]["userErrors"][0]["code"])
    };
    let untold = json!("");
    assert_eq!(server.fault(PREVIEW, json!({"id": id, "kind": "ANONYMISED"})).await, "FORBIDDEN");
    server.forbidden("contactAnonymise", input(&id, &untold, 1)).await;
    server.as_role("DPM");
    for unknown in [global("Contact", 99), id.clone() + "x", global("Note", 99)] {
        let refusal = server.refusal("contactAnonymise", input(&unknown, &untold, 2)).await;
        assert!(["NOT_FOUND", "INVALID_VALUE"].contains(&refusal.0.as_str()), "{refusal:?}");
    }
    assert_eq!(ask(&server, &global("Contact", 99)).await, "NOT_FOUND");
    // The DPM of a unit that does not have it.
    let (foreign, elsewhere) = door::DPM_OF_THE_SECOND_UNIT;
    server.as_user("DPM", foreign, elsewhere);
    assert_eq!(server.refusal("contactAnonymise", input(&id, &untold, 3)).await.0, "NOT_FOUND");
    server.as_role("DPM");
    // Without a key it is no request at all.
    let mut keyless = input(&id, &untold, 4);
    keyless.as_object_mut().unwrap().remove("idempotencyKey");
    let answer = server.request(&document("contactAnonymise", ""), json!({"input": keyless})).await;
    assert!(answer["errors"][0]["message"].is_string() && answer["data"].is_null(), "{answer}");

    // A note that is written after the preview changes the facts.
    let token = preview(&server, &id, "ANONYMISED").await["token"].clone();
    let note = server.note(&[&id], "Skrevet imens.").await;
    let refusal = server.refusal("contactAnonymise", input(&id, &token, 5)).await;
    assert_eq!(refusal, ("PREVIEW_OUTDATED".to_owned(), "previewToken".to_owned()));
    let token = preview(&server, &id, "ANONYMISED").await["token"].clone();
    let first = erase(&server, "contactAnonymise", input(&id, &token, 5)).await;
    let again = erase(&server, "contactAnonymise", input(&id, &token, 5)).await;
    assert_eq!(again, first, "the same answer, and nothing changed");
    let mut other = input(&id, &token, 5);
    other["reason"] = json!("EXPIRED");
    assert_eq!(server.refusal("contactAnonymise", other).await.0, "IDEMPOTENCY_KEY_REUSED");
    for mutation in ["contactAnonymise", "contactDelete"] {
        let refusal = server.refusal(mutation, input(&id, &token, 6)).await;
        assert_eq!(refusal, ("ERASED".to_owned(), "contactId".to_owned()));
    }
    assert_eq!(ask(&server, &id).await, "ERASED");
    for (mutation, input) in [
        ("contactAmend", json!({"contactId": id, "firstName": "Ida"})),
        ("contactLink", json!({"contactId": id, "companyId": server.company(3).await})),
        (
            "consentGive",
            json!({"contactId": id, "purpose": "NEWS", "legalBasis": "CONTRACT", "source": "PHONE"}),
        ),
        ("prospectRegister", json!({"contactId": id, "title": "Isbod"})),
        ("noteWrite", json!({"contactIds": [id], "kind": "CALL", "text": "Igen."})),
    ] {
        assert_eq!(server.refusal(mutation, input).await.0, "ERASED", "{mutation}");
    }
    assert_eq!(server.refusal("noteAmend", json!({"noteId": note, "text": "Igen."})).await.0, "ENDED");
    assert!(!cvr(3).is_empty() && !server.log().contains("Skrevet imens"));
}

#[tokio::test]
async fn what_is_damaged_or_missing_is_an_error_that_turns_readiness_red_and_never_looks_erased() {
    let query = "query($id: ID!) { contact(id: $id) { firstName } }";
    for damage in [
        "DELETE FROM vault.keys WHERE subject_id = ",
        "UPDATE vault.keys SET wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1) WHERE subject_id = ",
        "UPDATE view.contact SET first_name = overlay(first_name PLACING 'AAAA' FROM 90 FOR 4) WHERE id = ",
    ] {
        let server = Server::start().await;
        let id = server.contact("Åse").await;
        let options = sqlx::postgres::PgConnectOptions::new_without_pgpass();
        let options = options.socket(server.data_dir().join("run")).username("postgres").database("postgres");
        let pool = sqlx::PgPool::connect_with(options).await.unwrap();
        let changed = sqlx::query(&format!("{damage}'{}'", inner(&id))).execute(&pool).await.unwrap();
        assert_eq!(changed.rows_affected(), 1, "{damage}");
        assert_eq!(server.fault(query, json!({"id": id})).await, "VAULT", "{damage}");
        let ready = reqwest::get(server.url("/readyz")).await.unwrap();
        assert_eq!(ready.status(), 503, "{damage}");
        let told = ready.text().await.unwrap();
        assert!(told.contains(&inner(&id).parse::<uuid::Uuid>().unwrap().to_string()), "{told}");
    }
}

/// The id that a global one holds.
fn inner(global: &str) -> String {
    use base64::Engine;
    let bytes = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(global).unwrap();
    String::from_utf8(bytes).unwrap().split_once(':').unwrap().1.to_owned()
}

fn views_equal_their_rebuild(server: &Server) {
    let (_, out, error) = server.run(&["doctor", "--json"]);
    let found: Vec<Value> = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out} {error}"));
    let rebuilt = found.iter().find(|finding| finding["check"] == "views equal their rebuild").unwrap();
    assert_eq!(rebuilt["level"], "ok", "{rebuilt}");
}
