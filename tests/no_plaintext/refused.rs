//! Values in requests that come to nothing, or that no request should carry.

use serde_json::{Value, json};

use crate::marker::Markers;
use crate::stored::{KEY, People};
use crate::wire::Wire;

/// Sends everything that must be refused.
pub(crate) async fn send(wire: &Wire, people: &People, markers: &mut Markers) {
    fields(wire, people, markers).await;
    documents(wire, people, markers).await;
    requests(wire, markers).await;
    uploads(wire, markers).await;
}

/// The mutation that takes this input.
fn mutation(name: &str) -> String {
    let kind = format!("{}{}Input", name[..1].to_uppercase(), &name[1..]);
    format!("mutation($input: {kind}!) {{ {name}(input: $input) {{ userErrors {{ code message field }} }} }}")
}

async fn fields(wire: &Wire, people: &People, markers: &mut Markers) {
    let contact = &people.contact;
    let mut word = |what: &str| markers.unshown(&format!("refused {what}"));
    let long = |text: String, length: usize| format!("{text}{}", "z".repeat(length));
    let inputs: Vec<(&str, Value)> = vec![
        ("contactRegister", json!({"firstName": long(word("over-long name"), 200)})),
        ("contactRegister", json!({"firstName": format!("{}\u{7}", word("control character"))})),
        ("contactRegister", json!({"lastName": "A", "phone": word("phone")})),
        ("contactRegister", json!({"lastName": "A", "cpr": word("CPR")})),
        ("contactRegister", json!({"lastName": "A", "email": word("e-mail")})),
        ("contactRegister", json!({"lastName": "A", "externalReference": word("reference")})),
        ("contactRegister", json!({"lastName": "A", "companyIds": [word("company id")]})),
        ("contactRegister", json!({"lastName": word("name"), "idempotencyKey": word("idempotency key")})),
        ("contactRegister", json!({"lastName": word("content under a used key"), "idempotencyKey": KEY})),
        ("contactAmend", json!({"contactId": contact, "expectedVersion": 1, "lastName": word("stale name")})),
        ("contactAmend", json!({"contactId": people.danish, "lastName": word("name for another type")})),
        (
            "noteWrite",
            json!({"contactIds": [contact], "kind": "CALL", "text": long(word("over-long note"), 20_000)}),
        ),
        (
            "noteWrite",
            json!({"contactIds": [contact], "kind": "CALL", "text": long(word("2-MB note"), 2_000_000)}),
        ),
        ("noteWrite", json!({"contactIds": [contact], "kind": word("kind"), "text": word("note")})),
        (
            "noteWrite",
            json!({"contactIds": [contact], "kind": "CALL", "text": word("personal note without end"),
            "expiry": {"never": true}}),
        ),
        (
            "consentGive",
            json!({"contactId": contact, "purpose": word("purpose"), "legalBasis": "CONSENT",
            "source": "WEB_FORM", "wording": word("wording")}),
        ),
        (
            "consentGive",
            json!({"contactId": contact, "purpose": "NEWS", "legalBasis": word("basis"), "source": "A"}),
        ),
        (
            "consentWithdraw",
            json!({"contactId": contact, "purpose": "NEVER_GIVEN", "note": word("withdrawal")}),
        ),
        ("prospectRegister", json!({"contactId": contact, "title": long(word("title"), 200)})),
        ("companyAmend", json!({"companyId": people.swedish, "name": word("name of a closed company")})),
        (
            "companyRegister",
            json!({"country": "DK", "number": word("number"), "legalForm": "SOLE_PROPRIETOR",
            "name": word("proprietor")}),
        ),
        ("companyClose", json!({"companyId": people.danish, "reason": word("reason")})),
        ("cprReveal", json!({"contactId": contact, "purpose": word("purpose of a reveal")})),
        (
            "cprReveal",
            json!({"contactId": contact, "purpose": "CASE_WORK", "purposeText": long(word("over-long purpose"), 20_000)}),
        ),
        (
            "noteReveal",
            json!({"noteId": people.note, "purpose": "CASE_WORK", "purposeText": word("purpose of a plain note")}),
        ),
        ("unitRegister", json!({"name": "A", "country": word("country"), "kind": "OTHER"})),
    ];
    for (name, input) in inputs {
        wire.refused(&mutation(name), json!({"input": input})).await;
    }
    let cpr = markers.cpr("refused CPR as a reference");
    let input = json!({"lastName": "A", "externalReference": cpr});
    wire.refused(&mutation("contactRegister"), json!({"input": input})).await;
}

/// Values written into the documents themselves, where names and literals end up in messages.
async fn documents(wire: &Wire, people: &People, markers: &mut Markers) {
    let literal = format!(
        "mutation {{ contactAmend(input: {{ contactId: \"{}\", lastName: \"{}\" }}) {{ userErrors {{ code }} }} }}",
        people.colleague,
        markers.word("literal")
    );
    wire.data(&literal, json!({})).await;
    let personnummer = markers.personnummer("personnummer in a filter");
    let plain = markers.plain("name in a document");
    for document in [
        format!("{{ node(id: \"{}\") {{ id }}", markers.unshown("unfinished document")),
        format!("{{ contacts(after: \"{}\") {{ nodes {{ id }} }} }}", markers.unshown("cursor")),
        format!("{{ {plain} }}"),
        format!("{{ contacts({plain}: 1) {{ nodes {{ id }} }} }}"),
        format!("query {plain} {{ {plain}: {plain} }}"),
        format!("{{ contacts(orderBy: {{ by: {plain} }}) {{ nodes {{ id }} }} }}"),
        format!("{{ expiryPolicies(unit: \"{}\") {{ months }} }}", markers.unshown("unit")),
        format!("{{ companies(filter: {{ cvr: \"{}\" }}) {{ nodes {{ id }} }} }}", markers.unshown("CVR")),
        format!("query($a: Int!) {{ a: {plain} }} # {}", markers.unshown("comment")),
    ] {
        wire.refused(&document, json!({plain.as_str(): plain})).await;
    }
    let number = format!("{{ companies(filter: {{ number: \"{personnummer}\" }}) {{ nodes {{ id }} }} }}");
    wire.send(wire.post().json(&json!({"query": number}))).await;
    wire.refused(
        "query($input: ContactRegisterInput!) { node(id: 1) { id } }",
        json!({"input": markers.unshown("type")}),
    )
    .await;
}

/// Values in other parts of a request.
async fn requests(wire: &Wire, markers: &mut Markers) {
    let query =
        format!("{{ contacts(after: \"{}\") {{ nodes {{ id }} }} }}", markers.unshown("cursor in a GET"));
    wire.send(wire.get("/graphql").query(&[("query", query.as_str())])).await;
    let variables = json!({"id": markers.unshown("variable in a GET")}).to_string();
    let query = "query($id: ID!) { node(id: $id) { id } }";
    wire.send(wire.get("/graphql").query(&[("query", query), ("variables", &variables)])).await;
    let plain = markers.plain("name in a GET");
    wire.send(wire.get(&format!("/{plain}?{plain}={plain}"))).await;
    for header in ["x-lethe-device", "x-lethe-unit", "x-lethe-role", "origin", "x-request-id", "user-agent"] {
        wire.send(wire.post().header(header, &plain).body("{}")).await;
    }
    for token in [plain.clone(), format!("Bearer {plain}"), format!("Bearer {plain}.{plain}.{plain}")] {
        wire.send(wire.naked().header("authorization", token).body("{}")).await;
    }
    wire.send(wire.post().header("content-type", &plain).body(plain.clone())).await;
    for body in [
        format!("{{\"query\": \"{}", markers.unshown("unfinished JSON")),
        format!("{{\"query\": 7, \"variables\": \"{}\"}}", markers.unshown("variables of a wrong type")),
        format!(
            "{{\"query\": \"{{ viewer {{ role }} }}\", \"operationName\": \"{}\"}}",
            markers.unshown("operation")
        ),
        format!("[\"{}\"]", markers.unshown("batch")),
    ] {
        wire.send(wire.post().header("content-type", "application/json").body(body)).await;
    }
    let bytes = [markers.unshown("invalid UTF-8").as_bytes(), b"\xff"].concat();
    wire.send(wire.post().header("content-type", "application/json").body(bytes)).await;
    let extensions = json!({"persistedQuery": {"version": 1, "sha256Hash": plain}});
    let persisted =
        json!({"query": format!("{{ node(id: \"{plain}\") {{ id }} }}"), "extensions": extensions});
    wire.send(wire.post().json(&persisted)).await;
    let huge = format!("{}{}", markers.unshown("body beyond the limit"), "w".repeat(5_000_000));
    wire.send(wire.post().json(&json!({"query": huge}))).await;
}

async fn uploads(wire: &Wire, markers: &mut Markers) {
    let mut word = |what: &str| markers.unshown(&format!("uploaded {what}"));
    let files = [
        (
            "contactsImport",
            format!("Fornavn;{}\n{};{}\n", word("header"), word("name"), word("left-out cell")),
        ),
        ("contactsImport", format!("Fornavn;CPR-nr.\n{};{}\n", word("name beside a bad CPR"), word("CPR"))),
        (
            "contactsImport",
            format!("Fornavn;Telefon\n{};{}\n\"{}", word("name"), word("phone"), word("broken row")),
        ),
        ("contactsImport", format!("{};{}\n", word("headerless first cell"), word("headerless second cell"))),
        ("contactsImport", format!("PK\u{3}\u{4}{}", word("broken workbook"))),
        (
            "companiesImport",
            format!(
                "CVR-nr.;Navn;Virksomhedsform\n{};{};Enkeltmandsvirksomhed\n",
                word("CVR"),
                word("proprietor")
            ),
        ),
    ];
    let name = format!("{}.csv", word("file name"));
    for (mutation, file) in files {
        for dry_run in [true, false] {
            let latin1: Vec<u8> = file.chars().map(|c| u8::try_from(c).unwrap()).collect();
            for bytes in [file.clone().into_bytes(), latin1] {
                wire.upload(mutation, &name, bytes, json!({"file": null, "dryRun": dry_run})).await;
            }
        }
    }
    let columns = json!([{"header": word("header of a mapping"), "column": word("column of a mapping")}]);
    let input = json!({"file": null, "columns": columns});
    wire.upload("contactsImport", &name, b"Fornavn\nA\n".to_vec(), input).await;
}
