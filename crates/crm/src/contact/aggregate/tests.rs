mod belonging;

use cqrs_es::test::TestFramework;
use lethe_kernel::{Patch, Personal, UnitId};

use super::*;
use crate::contact::CompanyLinked;
use crate::contact::{
    CprDate, CprSerial, Email, ErasureKind, ErasureReason, Fate, Fated, FirstName, LastName, Remains,
    SealedCpr,
};
use crate::expiry::ExpirySource;

const ID: ContactId = ContactId(Uuid::from_u128(1));
const COMPANY: CompanyId = CompanyId(Uuid::from_u128(2));
const LINK: CompanyLinked = CompanyLinked { company: COMPANY, proprietor: false };

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

const UNIT: UnitId = UnitId(Uuid::from_u128(9));
const OTHER: UnitId = UnitId(Uuid::from_u128(8));

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Something of a kind that belongs to it; each kind has one id, and another unit.
fn thing(kind: BelongingKind) -> Bound {
    Bound {
        kind,
        id: Uuid::from_u128(30 + kind as u128),
        unit: OTHER,
        personal: true,
        created: date("2026-01-01"),
        expires: Some(date("2030-01-01")),
        source: ExpirySource::Chosen,
    }
}

fn bound(kind: BelongingKind) -> ContactEvent {
    ContactEvent::Bound(thing(kind))
}

fn unbind(kind: BelongingKind) -> ContactCommand {
    ContactCommand::Unbind { kind, id: thing(kind).id, expired: true }
}

fn unbound(kind: BelongingKind) -> ContactEvent {
    ContactEvent::Unbound(Unbound { was: thing(kind), expired: true })
}

/// A contact with a company and something of every kind.
fn whole() -> Vec<ContactEvent> {
    let things = BelongingKind::ALL.iter().map(|kind| bound(*kind));
    [registered(), amended(email("a@example.org")), ContactEvent::CompanyLinked(LINK)]
        .into_iter()
        .chain(things)
        .collect()
}

/// What becomes of all of it.
fn fates() -> Vec<Fated> {
    BelongingKind::ALL
        .iter()
        .map(|kind| Fated { kind: *kind, id: thing(*kind).id, fate: Fate::Died })
        .collect()
}

fn erase(holds: Vec<Hold>) -> ContactCommand {
    ContactCommand::Erase(Erase {
        kind: ErasureKind::Anonymised,
        reason: ErasureReason::RequestOfPerson,
        on: date("2026-06-01"),
        holds,
        belongings: fates(),
        remains: vec![Remains::Ids],
    })
}

fn erased() -> Erased {
    Erased {
        kind: ErasureKind::Anonymised,
        reason: ErasureReason::RequestOfPerson,
        on: date("2026-06-01"),
        belongings: fates(),
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
fn a_snapshot_of_it_has_everything() {
    let state = folded(whole());
    // Sealed values need a key.
    let kept = Contact { held: Held::default(), ..state };
    let stored = serde_json::to_string(&kept).unwrap();
    assert_eq!(serde_json::from_str::<Contact>(&stored).unwrap(), kept);
}

#[test]
fn knows_its_imports_once() {
    let import = ImportId(Uuid::from_u128(8));
    let event = ContactEvent::FoundByImport(FoundByImport { import });
    let command = ContactCommand::FindByImport(import);
    contact().given(vec![registered()]).when(command.clone()).then_expect_events(vec![event.clone()]);
    contact().given(vec![registered(), event]).when(command).then_expect_events(vec![]);
    let origin = Some(crate::contact::Origin { import, row: 2 });
    let came = ContactEvent::Registered(Registered { origin, ..register(named("Åse")) });
    contact().given(vec![came]).when(ContactCommand::FindByImport(import)).then_expect_events(vec![]);
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
    assert_eq!(state.belongings().count(), 0);
    assert!(state.is_of(UNIT) && state.is_of(OTHER), "those that had it still learn that it was erased");
    let of_kinds =
        BelongingKind::ALL.iter().flat_map(|kind| [ContactCommand::Bind(thing(*kind)), unbind(*kind)]);
    let others = [
        amend(named("Bo")),
        ContactCommand::Link(LINK),
        ContactCommand::Unlink(COMPANY),
        ContactCommand::FindByImport(ImportId(Uuid::from_u128(8))),
        erase(vec![]),
    ];
    for command in others.into_iter().chain(of_kinds) {
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
