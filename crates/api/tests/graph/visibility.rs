//! What each role sees of contacts and of what belongs to them (R67).

use lethe_crm::company::{CompanyInput, LegalForm, RegisterCompany};
use lethe_crm::contact::{ContactInput, RegisterContact};
use lethe_crm::note::{ExpiryChoice, WriteNote};
use lethe_crm::prospect::RegisterProspect;
use lethe_kernel::{Caller, CompanyId, ContactId, Patch, Role, UnitId};
use lethe_nordic::Country;
use lethe_privacy::consent::{GiveConsent, LegalBasis};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::running::{World, session};

/// What two units have: one contact each, and one that both have.
struct Two {
    world: World,
    north: Owned,
    south: Owned,
    /// Registered by the north; the south has a note about it.
    shared: String,
}

/// One unit's own, by global ids.
struct Owned {
    unit: UnitId,
    contact: String,
    note: String,
    sensitive: String,
    consent: String,
    prospect: String,
}

impl Owned {
    /// Everything of it that has an id.
    fn ids(&self) -> [&String; 5] {
        [&self.contact, &self.note, &self.sensitive, &self.consent, &self.prospect]
    }
}

fn id(kind: &str, inner: Uuid) -> String {
    use base64::Engine;
    base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(format!("{kind}:{}", inner.simple()))
}

async fn contact(world: &World, caller: Caller, name: &str) -> ContactId {
    let input = ContactInput {
        first_name: Patch::Set(format!("First{name}")),
        last_name: Patch::Set(format!("Last{name}")),
        title: Patch::Set(format!("Title{name}")),
        email: Patch::Set(format!("{name}@example.org")),
        phone: Patch::Set("20304050".into()),
        mobile: Patch::Set("20304051".into()),
        remark: Patch::Set(format!("Remark{name}")),
        cpr: Patch::Set("0101901234".into()),
    };
    let work = RegisterContact { input, external_reference: None, companies: Vec::new(), origin: None };
    ContactId(world.act(caller, work).await)
}

async fn note(world: &World, caller: Caller, contact: ContactId, text: &str, sensitive: bool) -> Uuid {
    let work = WriteNote {
        contacts: vec![contact],
        company: None,
        kind: "CALL".into(),
        text: text.into(),
        contains_personal: true,
        contains_sensitive: sensitive,
        expiry: ExpiryChoice::Default,
        longest: lethe_crm::expiry::Longest::default(),
    };
    world.act(caller, work).await
}

async fn owned(world: &World, unit: UnitId, name: &str) -> (Owned, ContactId) {
    let caller = session(Role::Consultant, unit).caller;
    let contact = contact(world, caller, name).await;
    let plain = note(world, caller, contact, &format!("Plain{name}"), false).await;
    let sensitive = note(world, caller, contact, &format!("Sensitive{name}"), true).await;
    let consent = GiveConsent {
        contact,
        purpose: "NEWSLETTER".into(),
        legal_basis: LegalBasis::Consent,
        source: "WEB_FORM".into(),
        wording: Some(format!("Wording{name}")),
        proof: Some(format!("Proof{name}")),
        effective_at: None,
        kept_until: None,
        longest: lethe_crm::expiry::Longest::default(),
    };
    let consent = world.act(caller, consent).await;
    let prospect = RegisterProspect {
        contact,
        title: format!("Idea{name}"),
        nace_code: None,
        nace_version: None,
        external_reference: None,
    };
    let prospect = world.act(caller, prospect).await;
    let owned = Owned {
        unit,
        contact: id("Contact", contact.0),
        note: id("Note", plain),
        sensitive: id("Note", sensitive),
        consent: id("Consent", consent),
        prospect: id("Prospect", prospect),
    };
    (owned, contact)
}

async fn two() -> Two {
    let world = World::start().await;
    let (first, second) = (world.unit(7).await, world.unit(8).await);
    let (north, _) = owned(&world, first, "North").await;
    let (south, _) = owned(&world, second, "South").await;
    let caller = session(Role::Consultant, first).caller;
    let shared = contact(&world, caller, "Shared").await;
    // By what the transfer of a contact will do: an item of the other unit.
    note(&world, Caller::system(second), shared, "PlainShared", false).await;
    let sole = RegisterCompany {
        country: Country::Denmark,
        number: "13748136".into(),
        p_numbers: Vec::new(),
        input: CompanyInput {
            legal_form: Some(LegalForm::SoleProprietor),
            name: Patch::Set("NameSole".into()),
            ..CompanyInput::default()
        },
        external_reference: None,
        origin: None,
    };
    let _: CompanyId = CompanyId(world.act(caller, sole).await);
    world.settled().await;
    Two { world, north, south, shared: id("Contact", shared.0) }
}

const OBJECT: &str = "
    ... on Contact { firstName lastName title email phone mobile remark cpr
        withheld { field reason }
        notes { nodes { id text withheld { field reason } } } consents { nodes { id wording proof } }
        history(first: 50) { nodes { type changes { field withheld value { ... on TextValue { text } ... on ObjectValue { objectId } } } } } }
    ... on Note { text withheld { field reason } contacts { id firstName }
        history { nodes { changes { withheld value { ... on TextValue { text } } } } } }
    ... on Consent { wording proof withheld { field reason } contact { id }
        history { nodes { changes { withheld value { ... on TextValue { text } } } } } }
    ... on Prospect { title contact { id firstName } withheld { field reason }
        history { nodes { changes { withheld value { ... on TextValue { text } } } } } }";

/// Everything that can be asked about the objects of two units, in every way.
async fn everything(two: &Two, role: Role, unit: UnitId) -> String {
    let session = session(role, unit);
    let mut ids: Vec<&String> = two.north.ids().into_iter().chain(two.south.ids()).collect();
    ids.push(&two.shared);
    let mut told = Vec::new();
    let nodes = format!("{{ nodes(ids: {}) {{ id {OBJECT} }} }}", json!(ids));
    told.push(two.world.data(session, &nodes).await);
    let lists = "{
        contacts { nodes { id firstName lastName title email phone mobile remark cpr } }
        notes { nodes { id text } } consents { nodes { id wording proof } } prospects { nodes { id title } }
        expirySchedule { nodes { note { id text } } }
        companies { nodes { name withheld { field reason } } } }";
    told.push(two.world.data(session, lists).await);
    let last = two.world.ledger.parts().head().await.unwrap();
    for contact in [&two.north.contact, &two.south.contact, &two.shared] {
        let past = format!(
            "{{ contact(id: {}, asOf: {{ position: \"{last}\" }}) {{ firstName cpr notes {{ nodes {{ text }} }} consents {{ nodes {{ wording }} }} }} }}",
            json!(contact)
        );
        told.push(two.world.data(session, &past).await);
    }
    for note in [&two.north.note, &two.south.note, &two.south.sensitive] {
        for past in [String::new(), format!(", asOf: {{ position: \"{last}\" }}")] {
            let note = format!("{{ note(id: {}{past}) {{ text withheld {{ reason }} }} }}", json!(note));
            told.push(two.world.data(session, &note).await);
        }
    }
    json!(told).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_sees_the_contacts_it_has_and_of_the_rest_its_own() {
    let two = two().await;
    for role in [Role::Consultant, Role::UnitAdministrator, Role::Dpm, Role::Integration] {
        let north = everything(&two, role, two.north.unit).await;
        let south = everything(&two, role, two.south.unit).await;
        for what in ["First", "Last", "Title", "Remark", "Plain", "Wording", "Proof", "Idea"] {
            assert!(north.contains(&format!("{what}North")), "{} {what}: {north}", role.name());
            assert!(!north.contains(&format!("{what}South")), "{} {what}: {north}", role.name());
            assert!(south.contains(&format!("{what}South")), "{} {what}: {south}", role.name());
            assert!(!south.contains(&format!("{what}North")), "{} {what}: {south}", role.name());
        }
        // Both have it, and only one of them its note.
        assert!(north.contains("FirstShared") && !north.contains("PlainShared"), "{north}");
        assert!(south.contains("FirstShared") && south.contains("PlainShared"), "{south}");
        assert!(
            north.contains("FORBIDDEN"),
            "that the other unit has an item is told, and not which: {north}"
        );
        for (told, other) in [(&north, &two.south), (&south, &two.north)] {
            assert!(other.ids().iter().all(|id| !told.contains(id.as_str())), "{told}");
        }
    }
    two.world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_auditor_sees_all_units_and_who_runs_the_database_no_personal_value() {
    let two = two().await;
    let audited = everything(&two, Role::Auditor, two.north.unit).await;
    let run = everything(&two, Role::SystemAdministrator, two.north.unit).await;
    for what in ["First", "Last", "Title", "Remark", "Plain", "Wording", "Proof", "Idea"] {
        for unit in ["North", "South"] {
            assert!(audited.contains(&format!("{what}{unit}")), "{what}: {audited}");
            assert!(!run.contains(&format!("{what}{unit}")), "{what}: {run}");
        }
    }
    assert!(audited.contains("NameSole") && !run.contains("NameSole"), "{run}");
    for id in two.north.ids().into_iter().chain(two.south.ids()) {
        assert!(audited.contains(id.as_str()) && run.contains(id.as_str()));
    }
    // Withheld, and said so: eight fields of each of three contacts, and the texts.
    assert!(run.matches(r#""reason":"FORBIDDEN""#).count() >= 24, "{run}");
    for told in [&audited, &run] {
        assert!(!told.contains("1234") && !told.contains("Sensitive"), "masked for everybody: {told}");
    }
    assert!(audited.contains("010190-****") && !run.contains("010190"), "{run}");
    two.world.stop().await;
}

/// Requests about one object each; `ID` stands for its id, `LAST` for the ledger's last position.
const ABOUT_CONTACTS: [&str; 12] = [
    "{ contact(id: ID) { id } }",
    "{ contact(id: ID, asOf: { position: \"LAST\" }) { id } }",
    "{ node(id: ID) { id } }",
    "{ nodes(ids: [ID]) { id } }",
    "{ notes(filter: { contact: ID }) { nodes { id } } }",
    "{ consents(filter: { contact: ID }) { nodes { id } } }",
    "mutation { contactAmend(input: { contactId: ID, firstName: \"x\" }) { contact { id } userErrors { code message field } } }",
    "mutation { noteWrite(input: { contactIds: [ID], kind: \"CALL\", text: \"x\" }) { note { id } userErrors { code message field } } }",
    "mutation { consentGive(input: { contactId: ID, purpose: \"P\", legalBasis: CONSENT, source: \"S\" }) { userErrors { code message field } } }",
    "mutation { consentWithdraw(input: { contactId: ID, purpose: \"NEWSLETTER\" }) { userErrors { code message field } } }",
    "mutation { prospectRegister(input: { contactId: ID, title: \"x\" }) { userErrors { code message field } } }",
    "{ contactErasurePreview(contactId: ID, kind: DELETED) { preview { token } userErrors { code message field } } }",
];

const ABOUT_NOTES: [&str; 5] = [
    "{ note(id: ID) { id } }",
    "{ note(id: ID, asOf: { position: \"LAST\" }) { id } }",
    "{ node(id: ID) { id } }",
    "mutation { noteAmend(input: { noteId: ID, text: \"x\" }) { note { id } userErrors { code message field } } }",
    "mutation { noteRemove(input: { noteId: ID }) { note { id } userErrors { code message field } } }",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_id_is_answered_like_one_that_was_never_issued() {
    let two = two().await;
    let dpm = session(Role::Dpm, two.north.unit);
    let strange = Uuid::from_u128(0x0198_a6b2_5c1e_7000_8000_0000_0000_0001);
    let company = two.world.data(dpm, "{ companies { nodes { id } } }").await;
    let company = company["companies"]["nodes"][0]["id"].clone();
    let link = |name: &str, argument: &str| {
        format!(
            "mutation {{ {name}(input: {{ {argument}: ID, companyId: {company} }}) {{ userErrors {{ code message field }} }} }}"
        )
    };
    let contacts = ABOUT_CONTACTS.map(str::to_owned).into_iter();
    let contacts = contacts.chain([link("contactLink", "contactId"), link("contactUnlink", "contactId")]);
    let notes = ABOUT_NOTES.map(str::to_owned).into_iter();
    let prospects = [link("prospectLink", "prospectId"), "{ node(id: ID) { id } }".to_owned()];
    let cases = contacts
        .map(|query| (query, two.south.contact.clone(), two.north.contact.clone(), "Contact"))
        .chain(notes.map(|query| (query, two.south.note.clone(), two.north.note.clone(), "Note")))
        .chain(
            prospects
                .map(|query| (query, two.south.prospect.clone(), two.north.prospect.clone(), "Prospect")),
        );
    let last = two.world.ledger.parts().head().await.unwrap().to_string();
    let mut differ = 0;
    for (query, hidden, own, kind) in cases {
        let about = |id: &str| query.replace("ID", &json!(id).to_string()).replace("LAST", &last);
        let never = two.world.ask(dpm, &about(&id(kind, strange)), json!({})).await;
        let answered = two.world.ask(dpm, &about(&hidden), json!({})).await;
        assert_eq!(answered, never, "{query}");
        // The request itself is a good one: about an object of one's own it tells something else.
        let seen: Value = two.world.ask(dpm, &about(&own), json!({})).await;
        differ += usize::from(seen != never);
    }
    assert_eq!(differ, 21, "every request but one changes or shows what is one's own");
    two.world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repetition_for_another_unit_shows_nothing_of_what_that_unit_does_not_have() {
    let world = World::start().await;
    let (first, second) = (world.unit(7).await, world.unit(8).await);
    let register = "mutation { contactRegister(input: {
        firstName: \"FirstNorth\", idempotencyKey: \"5f3c1f0a-3a52-4a7e-9d0f-0c1f60a1b2c3\"
    }) { contact { firstName } userErrors { code } } }";
    // The same user in two units, with the same key.
    let done = world.data(session(Role::Consultant, first), register).await;
    let again = world.data(session(Role::Consultant, first), register).await;
    assert_eq!((&again, &done["contactRegister"]["contact"]["firstName"]), (&done, &json!("FirstNorth")));
    let elsewhere = world.data(session(Role::Consultant, second), register).await;
    assert_eq!(elsewhere["contactRegister"], json!({"contact": null, "userErrors": []}));
    world.stop().await;
}
