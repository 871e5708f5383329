//! Values that are stored: through every mutation that takes personal ones, and back through every query.

use lethe_nordic::Cvr;
use serde_json::{Value, json};

use crate::marker::Markers;
use crate::wire::Wire;

/// The ids of what was written.
pub(crate) struct People {
    pub(crate) contact: String,
    pub(crate) colleague: String,
    pub(crate) danish: String,
    pub(crate) swedish: String,
    pub(crate) note: String,
    /// The name of a legal person, which is stored in clear.
    pub(crate) clear: String,
}

const PURPOSE: &str = "NEWSLETTER";

/// Writes, amends, links and withdraws.
pub(crate) async fn write(wire: &Wire, markers: &mut Markers) -> People {
    let [danish, swedish] = companies(wire, markers).await;
    let contact = contact(wire, markers, &danish).await;
    let colleague = json!({"lastName": markers.word("colleague"), "idempotencyKey": KEY});
    let colleague = wire.done("contactRegister", "ContactRegisterInput", "contact", colleague).await;
    let prospect =
        json!({"contactId": contact, "title": markers.word("prospect's title"), "externalReference": "P-1"});
    let prospect = wire.done("prospectRegister", "ProspectRegisterInput", "prospect", prospect).await;
    let link = json!({"prospectId": prospect, "companyId": danish});
    wire.done("prospectLink", "ProspectLinkInput", "prospect", link).await;
    let note = notes(wire, markers, &[&contact, &colleague]).await;
    consents(wire, markers, &contact).await;
    let clear = legal_person(wire).await;
    People { contact, colleague, danish, swedish, note, clear }
}

/// Under which the colleague was registered.
pub(crate) const KEY: &str = "5f3c1f0a-3a52-4a7e-9d0f-0c1f60a1b2c3";

async fn contact(wire: &Wire, markers: &mut Markers, company: &str) -> String {
    let input = json!({"firstName": markers.word("first name"), "lastName": markers.word("last name"),
        "title": markers.word("title"), "email": markers.email("e-mail"), "phone": markers.phone("phone"),
        "mobile": markers.phone("mobile"), "remark": markers.word("remark"), "cpr": markers.cpr("CPR"),
        "companyIds": [company], "externalReference": "K-1"});
    let id = wire.done("contactRegister", "ContactRegisterInput", "contact", input).await;
    let amended = json!({"contactId": id, "firstName": markers.word("new first name"),
        "lastName": markers.word("new last name"), "title": markers.word("new title"),
        "email": markers.email("new e-mail"), "phone": markers.phone("new phone"),
        "mobile": markers.phone("new mobile"), "cpr": markers.cpr("new CPR"),
        "remark": format!("{} \"{}\"\n{}", markers.word("line"), markers.word("quoted"), "x ".repeat(5_000))});
    wire.done("contactAmend", "ContactAmendInput", "contact", amended).await;
    let reveal =
        json!({"contactId": id, "purpose": "CASE_WORK", "purposeText": markers.word("purpose of a CPR")});
    revealed(wire, "cprReveal", "CprRevealInput", "cpr", reveal).await;
    let emptied = json!({"contactId": id, "remark": null, "mobile": null, "cpr": null});
    wire.done("contactAmend", "ContactAmendInput", "contact", emptied).await;
    for mutation in ["contactUnlink", "contactLink"] {
        let kind = if mutation == "contactLink" { "ContactLinkInput" } else { "ContactUnlinkInput" };
        wire.done(mutation, kind, "contact", json!({"contactId": id, "companyId": company})).await;
    }
    id
}

/// A company that is no person; answers its name.
async fn legal_person(wire: &Wire) -> String {
    let name = Markers::default().unshown("legal person");
    let input = json!({"country": "NO", "number": "923609016", "legalForm": "LIMITED", "name": name});
    wire.done("companyRegister", "CompanyRegisterInput", "company", input).await;
    name
}

/// A sole proprietor in each country.
async fn companies(wire: &Wire, markers: &mut Markers) -> [String; 2] {
    let cvr = (98_100_000..98_200_000)
        .map(|number: u32| number.to_string())
        .find(|number| Cvr::parse(number).is_ok());
    let mut ids = Vec::new();
    for (country, number) in [("DK", cvr.unwrap()), ("SE", markers.personnummer("personnummer"))] {
        let input = json!({"country": country, "number": number, "legalForm": "SOLE_PROPRIETOR",
            "name": markers.word("proprietor's name"), "address": markers.word("proprietor's address"),
            "city": markers.word("proprietor's city"), "phone": markers.phone("proprietor's phone"),
            "email": markers.email("proprietor's e-mail")});
        let id = wire.done("companyRegister", "CompanyRegisterInput", "company", input).await;
        let amended = json!({"companyId": id, "name": markers.word("proprietor's new name"),
            "address": markers.word("proprietor's new address"), "phone": markers.phone("proprietor's new phone"),
            "email": markers.email("proprietor's new e-mail"), "city": markers.word("proprietor's new city")});
        wire.done("companyAmend", "CompanyAmendInput", "company", amended).await;
        ids.push(id);
    }
    let closed = json!({"companyId": ids[1], "reason": "CEASED"});
    wire.done("companyClose", "CompanyCloseInput", "company", closed).await;
    ids.try_into().unwrap()
}

async fn notes(wire: &Wire, markers: &mut Markers, contacts: &[&str]) -> String {
    let text = markers.word("note");
    let note = json!({"contactIds": contacts, "kind": "MEETING", "text": text});
    let note = wire.done("noteWrite", "NoteWriteInput", "note", note).await;
    wire.data("query($id: ID!) { node(id: $id) { ... on Note { text } } }", json!({"id": note})).await;
    let amended =
        json!({"noteId": note, "text": format!("{}\r\n{}", markers.word("new note"), "y ".repeat(9_000))});
    wire.done("noteAmend", "NoteAmendInput", "note", amended).await;
    let expiry = json!({"on": {"date": "2050-01-01", "effect": "DELETE"}});
    let sensitive = json!({"contactIds": contacts, "kind": "CALL", "text": markers.word("sensitive note"),
        "containsSensitive": true, "expiry": expiry});
    let sensitive = wire.done("noteWrite", "NoteWriteInput", "note", sensitive).await;
    let reveal = json!({"noteId": sensitive, "purpose": "SUPERVISION", "purposeText": markers.word("purpose of a text")});
    revealed(wire, "noteReveal", "NoteRevealInput", "text", reveal).await;
    let removed = json!({"contactIds": contacts, "kind": "CALL", "text": markers.unshown("removed note")});
    let removed = wire.done("noteWrite", "NoteWriteInput", "note", removed).await;
    wire.done("noteRemove", "NoteRemoveInput", "note", json!({"noteId": removed})).await;
    note
}

/// Shows what is masked, and what was written about why.
async fn revealed(wire: &Wire, mutation: &str, input_type: &str, value: &str, input: Value) {
    let query = format!(
        "mutation($input: {input_type}!) {{ done: {mutation}(input: $input) {{
            {value} entry {{ purposeText }} userErrors {{ code }} }} }}"
    );
    let data = wire.data(&query, json!({"input": input})).await;
    assert!(data["done"][value].is_string(), "{data:#}");
}

async fn consents(wire: &Wire, markers: &mut Markers, contact: &str) {
    for note in ["withdrawal note", "second withdrawal note"] {
        let given = json!({"contactId": contact, "purpose": PURPOSE, "legalBasis": "CONSENT", "source": "WEB_FORM",
            "wording": markers.word("wording"), "proof": markers.word("proof")});
        wire.done("consentGive", "ConsentGiveInput", "consent", given).await;
        let withdrawn =
            json!({"contactId": contact, "purpose": PURPOSE, "reason": "ASKED", "note": markers.word(note)});
        wire.done("consentWithdraw", "ConsentWithdrawInput", "consent", withdrawn).await;
    }
}

const HISTORY: &str =
    "history(first: 20) { nodes { changes { value { ... on TextValue { text } } withheld } } }";
const CONTACT: &str = "id firstName lastName title email phone mobile remark cpr";
const COMPANY: &str = "id number maskedNumber name address postalCode city phone email";
const NOTE: &str = "id text";
const CONSENT: &str = "id wording proof withdrawalNote";

/// Reads everything back: lists, nested lists, histories, and the past.
pub(crate) async fn read(wire: &Wire, people: &People) {
    let lists = [
        format!("contacts(first: 100) {{ nodes {{ {CONTACT} }} }}"),
        format!("contacts(last: 5) {{ nodes {{ {CONTACT} {HISTORY} }} }}"),
        format!("companies(last: 6) {{ nodes {{ {COMPANY} {HISTORY} }} }}"),
        format!("prospects(first: 5) {{ nodes {{ id title {HISTORY} }} }}"),
        format!("notes(last: 5) {{ nodes {{ {NOTE} {HISTORY} }} }}"),
        "accessLog(last: 5) { nodes { purpose purposeText } }".to_owned(),
        format!("consents(first: 5) {{ nodes {{ {CONSENT} {HISTORY} }} }}"),
        "expirySchedule(first: 20) { nodes { note { text contacts { firstName lastName } } } }".to_owned(),
        "operations(first: 10) { nodes { id outcomes(first: 20) { nodes { row code column } } } }".to_owned(),
    ];
    for list in lists {
        wire.data(&format!("{{ {list} }}"), json!({})).await;
    }
    let nested = format!(
        "query($id: ID!) {{ contact(id: $id) {{ {CONTACT} {HISTORY}
            companies(first: 5) {{ nodes {{ {COMPANY} }} }} notes(first: 5) {{ nodes {{ {NOTE} }} }}
            consents(first: 5) {{ nodes {{ {CONSENT} }} }} }} }}"
    );
    wire.data(&nested, json!({"id": people.contact})).await;
    let node = format!("query($id: ID!) {{ node(id: $id) {{ ... on Note {{ {NOTE} {HISTORY} }} }} }}");
    wire.data(&node, json!({"id": people.note})).await;
    past(wire, people).await;
}

/// The contact at every position at which it changed.
async fn past(wire: &Wire, people: &People) {
    let positions = "query($id: ID!) { contact(id: $id) { history(first: 50) { nodes { position } } } }";
    let data = wire.data(positions, json!({"id": people.contact})).await;
    let events = data["contact"]["history"]["nodes"].as_array().unwrap().clone();
    let query = format!(
        "query($id: ID!, $at: Position) {{ contact(id: $id, asOf: {{ position: $at }}) {{ {CONTACT} }} }}"
    );
    for event in events {
        let Value::String(at) = &event["position"] else { panic!("{event}") };
        wire.data(&query, json!({"id": people.contact, "at": at})).await;
    }
}
