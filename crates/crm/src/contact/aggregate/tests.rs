use cqrs_es::test::TestFramework;
use lethe_kernel::{Patch, Personal, UnitId};

use super::*;
use crate::contact::CompanyLinked;
use crate::contact::{
    ConsentRecorded, CprDate, CprSerial, Email, ErasureKind, ErasureReason, FirstName, ItemKind, LastName,
    Remains, SealedCpr,
};

const ID: ContactId = ContactId(Uuid::from_u128(1));
const COMPANY: CompanyId = CompanyId(Uuid::from_u128(2));
const LINK: CompanyLinked = CompanyLinked { company: COMPANY, proprietor: false };
const NOTE: NoteId = NoteId(Uuid::from_u128(3));

fn contact() -> TestFramework<Contact> {
    TestFramework::with(Secrets::default())
}

fn named(first: &str) -> Details {
    Details { first_name: Patch::Set(Personal::of(ID, FirstName(first.into()))), ..Details::default() }
}

fn email(text: &str) -> Details {
    Details { email: Patch::Set(Personal::of(ID, Email(text.into()))), ..Details::default() }
}

fn register(details: Details) -> Registered {
    Registered { unit: UnitId(Uuid::from_u128(9)), external_reference: None, origin: None, details }
}

fn registered() -> ContactEvent {
    ContactEvent::Registered(register(named("Åse")))
}

fn amend(details: Details) -> ContactCommand {
    ContactCommand::Amend { contact: ID, details }
}

fn amended(details: Details) -> ContactEvent {
    ContactEvent::Amended(Amended { details })
}

#[test]
fn registers_with_a_name_alone() {
    contact()
        .given_no_previous_events()
        .when(ContactCommand::Register(register(named("Åse"))))
        .then_expect_events(vec![registered()]);
}

#[test]
fn refuses_to_register_without_a_name() {
    contact()
        .given_no_previous_events()
        .when(ContactCommand::Register(register(email("a@example.org"))))
        .then_expect_error(ContactError::NameRequired);
}

#[test]
fn refuses_to_register_twice() {
    contact()
        .given(vec![registered()])
        .when(ContactCommand::Register(register(named("Bo"))))
        .then_expect_error(ContactError::AlreadyRegistered);
}

#[test]
fn refuses_everything_for_a_contact_nobody_registered() {
    contact().given_no_previous_events().when(amend(named("Bo"))).then_expect_error(ContactError::Unknown);
    contact()
        .given_no_previous_events()
        .when(ContactCommand::Link(LINK))
        .then_expect_error(ContactError::Unknown);
}

#[test]
fn amends_only_what_differs() {
    let both = Details { email: email("a@example.org").email, ..named("Åse") };
    contact()
        .given(vec![registered()])
        .when(amend(both))
        .then_expect_events(vec![amended(email("a@example.org"))]);
}

#[test]
fn stays_quiet_when_nothing_differs() {
    contact().given(vec![registered()]).when(amend(named("Åse"))).then_expect_events(vec![]);
    let clear = Details { email: Patch::Clear, ..Details::default() };
    contact().given(vec![registered()]).when(amend(clear)).then_expect_events(vec![]);
}

#[test]
fn a_cpr_number_is_the_same_only_if_both_parts_are() {
    let cpr = |serial: &str| Details {
        cpr: Patch::Set(SealedCpr {
            date: Personal::of(ID, CprDate("010160".into())),
            serial: Personal::of(ID, CprSerial(serial.into())),
        }),
        ..Details::default()
    };
    let history = vec![registered(), amended(cpr("5555"))];
    contact().given(history.clone()).when(amend(cpr("5555"))).then_expect_events(vec![]);
    contact().given(history).when(amend(cpr("5556"))).then_expect_events(vec![amended(cpr("5556"))]);
}

#[test]
fn refuses_to_lose_the_only_name() {
    let no_name = Details { first_name: Patch::Clear, ..Details::default() };
    contact()
        .given(vec![registered()])
        .when(amend(no_name.clone()))
        .then_expect_error(ContactError::NameRequired);
    let swap = Details { last_name: Patch::Set(Personal::of(ID, LastName("Holm".into()))), ..no_name };
    contact().given(vec![registered()]).when(amend(swap.clone())).then_expect_events(vec![amended(swap)]);
}

#[test]
fn links_and_unlinks_a_company_once() {
    let linked = ContactEvent::CompanyLinked(LINK);
    let unlinked = ContactEvent::CompanyUnlinked(CompanyUnlinked { company: COMPANY });
    let link = ContactCommand::Link(LINK);
    let unlink = ContactCommand::Unlink(COMPANY);
    contact().given(vec![registered()]).when(link.clone()).then_expect_events(vec![linked.clone()]);
    contact().given(vec![registered(), linked.clone()]).when(link).then_expect_events(vec![]);
    contact().given(vec![registered(), linked]).when(unlink.clone()).then_expect_events(vec![unlinked]);
    contact().given(vec![registered()]).when(unlink).then_expect_error(ContactError::NotLinked(COMPANY));
}

#[test]
fn knows_the_items_that_name_it() {
    let item = |expires| ItemAttached {
        kind: ItemKind::Note,
        item: NOTE,
        unit: UnitId(Uuid::from_u128(9)),
        personal: true,
        expires,
    };
    let date = chrono::NaiveDate::from_ymd_opt(2030, 1, 1);
    let attached = vec![registered(), ContactEvent::ItemAttached(item(None))];
    let attach = |item| ContactCommand::AttachItem(item);
    contact().given(attached.clone()).when(attach(item(None))).then_expect_events(vec![]);
    contact()
        .given(attached.clone())
        .when(attach(item(date)))
        .then_expect_events(vec![ContactEvent::ItemAttached(item(date))]);
    let detach = ContactCommand::DetachItem { item: NOTE, expired: true };
    let detached = ContactEvent::ItemDetached(ItemDetached { item: NOTE, expired: true });
    contact().given(attached).when(detach.clone()).then_expect_events(vec![detached]);
    contact().given(vec![registered()]).when(detach).then_expect_events(vec![]);
}

const UNIT: UnitId = UnitId(Uuid::from_u128(9));
const OTHER: UnitId = UnitId(Uuid::from_u128(8));
const PROSPECT: ProspectId = ProspectId(Uuid::from_u128(5));

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn recorded() -> ConsentRecorded {
    ConsentRecorded { consent: ConsentId(Uuid::from_u128(4)), unit: UNIT, purpose: "NEWSLETTER".into() }
}

fn attached() -> ContactEvent {
    ContactEvent::ItemAttached(ItemAttached {
        kind: ItemKind::Note,
        item: NOTE,
        unit: OTHER,
        personal: true,
        expires: Some(date("2030-01-01")),
    })
}

/// A contact with an item, a consent, a prospect and a company.
fn whole() -> Vec<ContactEvent> {
    vec![
        registered(),
        amended(email("a@example.org")),
        ContactEvent::CompanyLinked(LINK),
        attached(),
        ContactEvent::ConsentRecorded(recorded()),
        ContactEvent::ProspectRegistered(ProspectRegistered { prospect: PROSPECT }),
    ]
}

fn erase(holds: Vec<Hold>) -> ContactCommand {
    ContactCommand::Erase(Erase {
        kind: ErasureKind::Anonymised,
        reason: ErasureReason::RequestOfPerson,
        on: date("2026-06-01"),
        holds,
        died: vec![NOTE],
        survived: Vec::new(),
        remains: vec![Remains::Ids],
    })
}

fn erased() -> Erased {
    Erased {
        kind: ErasureKind::Anonymised,
        reason: ErasureReason::RequestOfPerson,
        on: date("2026-06-01"),
        died: vec![NOTE],
        survived: Vec::new(),
        consents: vec![recorded().consent],
        prospects: vec![PROSPECT],
        companies: Vec::new(),
        remains: vec![Remains::Ids],
    }
}

fn hold(kind: HoldKind) -> Hold {
    Hold { kind, unit: OTHER, until: Some(date("2030-01-01")) }
}

fn folded(events: Vec<ContactEvent>) -> Contact {
    let mut state = Contact::default();
    for event in events {
        state.apply(event);
    }
    state
}

#[test]
fn knows_its_consents_prospects_and_imports_once() {
    let consent = ContactCommand::RecordConsent(recorded());
    let prospect = ContactCommand::RegisterProspect(PROSPECT);
    let import = ImportId(Uuid::from_u128(8));
    let known = [
        ContactEvent::ConsentRecorded(recorded()),
        ContactEvent::ProspectRegistered(ProspectRegistered { prospect: PROSPECT }),
        ContactEvent::FoundByImport(FoundByImport { import }),
    ];
    for (command, event) in [consent, prospect, ContactCommand::FindByImport(import)].into_iter().zip(known) {
        contact().given(vec![registered()]).when(command.clone()).then_expect_events(vec![event.clone()]);
        contact().given(vec![registered(), event]).when(command).then_expect_events(vec![]);
    }
    let origin = Some(crate::contact::Origin { import, row: 2 });
    let came = ContactEvent::Registered(Registered { origin, ..register(named("Åse")) });
    contact().given(vec![came]).when(ContactCommand::FindByImport(import)).then_expect_events(vec![]);
}

#[test]
fn belongs_to_the_unit_that_registered_it_and_to_those_with_an_item() {
    let state = folded(vec![registered(), attached()]);
    assert!(state.is_of(UNIT) && state.is_of(OTHER));
    let detached = ContactEvent::ItemDetached(ItemDetached { item: NOTE, expired: true });
    let state = folded(vec![registered(), attached(), detached]);
    assert!(state.is_of(UNIT) && !state.is_of(OTHER));
}

#[test]
fn is_erased_with_everything_it_knows() {
    contact().given(whole()).when(erase(vec![])).then_expect_events(vec![ContactEvent::Erased(erased())]);
    contact().given_no_previous_events().when(erase(vec![])).then_expect_error(ContactError::Unknown);
}

#[test]
fn active_items_and_keeps_do_not_stop_an_erasure() {
    let holds = vec![hold(HoldKind::ActiveItem), hold(HoldKind::Keep)];
    contact().given(whole()).when(erase(holds)).then_expect_events(vec![ContactEvent::Erased(erased())]);
    assert_eq!(folded(whole()).holds(), [hold(HoldKind::ActiveItem)]);
}

#[test]
fn locks_unit_essential_values_and_restrictions_stop_everybody() {
    for kind in [HoldKind::Lock, HoldKind::UnitEssential, HoldKind::Restriction] {
        let holds = vec![hold(HoldKind::ActiveItem), hold(kind)];
        contact().given(whole()).when(erase(holds)).then_expect_error(ContactError::Held(vec![hold(kind)]));
    }
    let message = ContactError::Held(vec![hold(HoldKind::Lock)]).to_string();
    assert!(message.contains("LOCK by unit") && message.contains("until 2030-01-01"), "{message}");
}

#[test]
fn an_erased_contact_holds_nothing_and_takes_nothing() {
    let history = [whole(), vec![ContactEvent::Erased(erased())]].concat();
    let state = folded(history.clone());
    assert_eq!((state.held.clone(), state.subjects(ID.0)), (Held::default(), vec![]));
    assert_eq!((state.items().count(), state.consents().count(), state.prospects().count()), (0, 0, 0));
    assert!(state.is_of(UNIT) && state.is_of(OTHER), "those that had it still learn that it was erased");
    let ContactEvent::ItemAttached(item) = attached() else { panic!("an item") };
    for command in [
        amend(named("Bo")),
        ContactCommand::Link(LINK),
        ContactCommand::Unlink(COMPANY),
        ContactCommand::AttachItem(item),
        ContactCommand::DetachItem { item: NOTE, expired: true },
        ContactCommand::RecordConsent(recorded()),
        ContactCommand::RegisterProspect(PROSPECT),
        ContactCommand::FindByImport(ImportId(Uuid::from_u128(8))),
        erase(vec![]),
    ] {
        let refusal = ContactError::Erased(date("2026-06-01"));
        contact().given(history.clone()).when(command).then_expect_error(refusal);
    }
    let again = ContactCommand::Register(register(named("Åse")));
    contact().given(history).when(again).then_expect_error(ContactError::ReferenceEnded);
}

#[test]
fn a_link_says_whether_the_company_is_the_person_and_an_erasure_names_it_then() {
    let owner = CompanyLinked { proprietor: true, ..LINK };
    let linked = |link| vec![registered(), ContactEvent::CompanyLinked(link)];
    contact()
        .given(linked(LINK))
        .when(ContactCommand::Link(owner))
        .then_expect_events(vec![ContactEvent::CompanyLinked(owner)]);
    contact().given(linked(owner)).when(ContactCommand::Link(owner)).then_expect_events(vec![]);
    let mut state = Contact::default();
    for event in linked(owner) {
        state.apply(event);
    }
    assert!(state.is_proprietor_of(COMPANY));
    assert_eq!(state.proprietorships().collect::<Vec<_>>(), [COMPANY]);
    state.apply(ContactEvent::CompanyLinked(LINK));
    assert_eq!((state.proprietorships().count(), state.companies().count()), (0, 1));
}
