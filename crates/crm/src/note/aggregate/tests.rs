use cqrs_es::test::TestFramework;
use lethe_kernel::Personal;

use super::*;
use crate::note::NoteText;
use crate::note_kind::Nature;

const ID: NoteId = NoteId(Uuid::from_u128(1));
const UNIT: UnitId = UnitId(Uuid::from_u128(9));

fn note() -> TestFramework<Note> {
    TestFramework::with(Secrets::default())
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn today() -> NaiveDate {
    date("2026-06-01")
}

fn expiry(on: &str) -> Expiry {
    Expiry { on: date(on), effect: Effect::Delete }
}

fn text(text: &str) -> Personal<NoteText> {
    Personal::of(ID, NoteText(text.into()))
}

fn written() -> Written {
    Written {
        unit: UNIT,
        kind: "MEETING".into(),
        nature: Nature::Meeting,
        contacts: vec![ContactId(Uuid::from_u128(2))],
        company: None,
        text: text("met"),
        contains_personal: true,
        contains_sensitive: false,
        created: today(),
        expiry: Some(expiry("2027-01-01")),
        source: ExpirySource::Policy,
    }
}

fn history() -> Vec<NoteEvent> {
    vec![NoteEvent::Written(written())]
}

fn write(written: Written) -> NoteCommand {
    NoteCommand::Write { written, today: today(), longest: Longest::default() }
}

fn amend(change: Amended, expiry: Patch<Expiry>) -> NoteCommand {
    NoteCommand::Amend(Amendment { note: ID, change, expiry, today: today(), longest: Longest::default() })
}

#[test]
fn writes() {
    note().given_no_previous_events().when(write(written())).then_expect_events(history());
}

#[test]
fn refuses_a_note_about_nobody_and_one_about_too_many() {
    let nobody = Written { contacts: vec![], ..written() };
    note().given_no_previous_events().when(write(nobody)).then_expect_error(NoteError::Nobody);
    let many = Written { contacts: (0..501).map(|n| ContactId(Uuid::from_u128(n))).collect(), ..written() };
    note().given_no_previous_events().when(write(many)).then_expect_error(NoteError::TooManyContacts(501));
}

#[test]
fn only_a_note_free_of_personal_and_sensitive_data_may_never_expire() {
    for (personal, sensitive) in [(true, false), (false, true)] {
        let forever =
            Written { expiry: None, contains_personal: personal, contains_sensitive: sensitive, ..written() };
        note().given_no_previous_events().when(write(forever)).then_expect_error(NoteError::NeedsExpiry);
    }
    let free = Written { expiry: None, contains_personal: false, ..written() };
    note()
        .given_no_previous_events()
        .when(write(free.clone()))
        .then_expect_events(vec![NoteEvent::Written(free)]);
}

#[test]
fn refuses_a_date_that_has_come() {
    let late = Written { expiry: Some(expiry("2026-06-01")), ..written() };
    note().given_no_previous_events().when(write(late)).then_expect_error(NoteError::ExpiryPassed);
}

#[test]
fn amends_only_what_differs() {
    let change = Amended { text: Some(text("called")), kind: Some("MEETING".into()), ..Amended::default() };
    let differs = Amended { text: Some(text("called")), ..Amended::default() };
    note()
        .given(history())
        .when(amend(change, Patch::Keep))
        .then_expect_events(vec![NoteEvent::Amended(differs)]);
    let same = Amended { text: Some(text("met")), ..Amended::default() };
    note()
        .given(history())
        .when(amend(same, Patch::Set(written().expiry.unwrap())))
        .then_expect_events(vec![]);
}

#[test]
fn changes_its_expiry_as_an_event_of_its_own() {
    let later = Expiry { on: date("2028-01-01"), effect: Effect::Anonymise };
    let set =
        NoteEvent::ExpirySet(ExpirySet { expiry: Some(later), source: ExpirySource::Chosen, unit: UNIT });
    note().given(history()).when(amend(Amended::default(), Patch::Set(later))).then_expect_events(vec![set]);
}

#[test]
fn refuses_to_lose_its_expiry_while_it_is_personal() {
    note()
        .given(history())
        .when(amend(Amended::default(), Patch::Clear))
        .then_expect_error(NoteError::NeedsExpiry);
    let free = Amended { contains_personal: Some(false), ..Amended::default() };
    note().given(history()).when(amend(free.clone(), Patch::Clear)).then_expect_events(vec![
        NoteEvent::Amended(free),
        NoteEvent::ExpirySet(ExpirySet { expiry: None, source: ExpirySource::Chosen, unit: UNIT }),
    ]);
}

#[test]
fn a_note_once_declared_sensitive_stays_so() {
    let sensitive = vec![NoteEvent::Written(Written { contains_sensitive: true, ..written() })];
    let harmless = Amended { contains_sensitive: Some(false), ..Amended::default() };
    note()
        .given(sensitive)
        .when(amend(harmless.clone(), Patch::Keep))
        .then_expect_error(NoteError::StaysSensitive);
    note().given(history()).when(amend(harmless, Patch::Keep)).then_expect_events(vec![]);
}

#[test]
fn expires_on_its_date_and_not_before_and_only_once() {
    let expire = |on: &str| NoteCommand::Expire { today: date(on) };
    let expired = NoteEvent::Expired(Expired { effect: Effect::Delete, due: date("2027-01-01") });
    note().given(history()).when(expire("2026-12-31")).then_expect_events(vec![]);
    note().given(history()).when(expire("2027-01-01")).then_expect_events(vec![expired.clone()]);
    let ended = [history(), vec![expired]].concat();
    note().given(ended).when(expire("2027-01-02")).then_expect_events(vec![]);
}

#[test]
fn a_removed_note_takes_no_more_changes() {
    let removed = NoteEvent::Removed(Removed { effect: Effect::Delete });
    note().given(history()).when(NoteCommand::Remove).then_expect_events(vec![removed.clone()]);
    let ended = [history(), vec![removed]].concat();
    note().given(ended.clone()).when(NoteCommand::Remove).then_expect_events(vec![]);
    let change = Amended { text: Some(text("more")), ..Amended::default() };
    note().given(ended).when(amend(change, Patch::Keep)).then_expect_error(NoteError::Ended);
}

#[test]
fn refuses_everything_for_a_note_nobody_wrote() {
    note().given_no_previous_events().when(NoteCommand::Remove).then_expect_error(NoteError::Unknown);
}

const ONE: ContactId = ContactId(Uuid::from_u128(2));
const TWO: ContactId = ContactId(Uuid::from_u128(3));

fn forget(contact: ContactId, kind: ErasureKind) -> NoteCommand {
    NoteCommand::Forget { contact, kind }
}

/// A note about two contacts.
fn shared(personal: bool) -> Vec<NoteEvent> {
    let contacts = vec![ONE, TWO];
    vec![NoteEvent::Written(Written { contacts, contains_personal: personal, ..written() })]
}

fn folded(events: Vec<NoteEvent>) -> Note {
    let mut state = Note::default();
    for event in events {
        state.apply(event);
    }
    state
}

#[test]
fn a_personal_text_dies_with_each_contact_and_the_note_with_the_last() {
    let first = NoteEvent::Erased(Erased { contact: ONE, ended: false });
    let last = NoteEvent::Erased(Erased { contact: TWO, ended: true });
    for kind in [ErasureKind::Anonymised, ErasureKind::Deleted] {
        note().given(shared(true)).when(forget(ONE, kind)).then_expect_events(vec![first.clone()]);
        let shell = [shared(true), vec![first.clone()]].concat();
        let state = folded(shell.clone());
        assert!(state.active().is_some_and(|note| !note.has_text() && note.contacts == [TWO]));
        assert_eq!(state.subjects(ID.0), []);
        note().given(shell.clone()).when(forget(ONE, kind)).then_expect_events(vec![]);
        note().given(shell.clone()).when(forget(TWO, kind)).then_expect_events(vec![last.clone()]);
        assert_eq!(folded([shell, vec![last.clone()]].concat()).active(), None);
    }
    let sensitive = Written { contains_personal: false, contains_sensitive: true, ..written() };
    note()
        .given(vec![NoteEvent::Written(sensitive)])
        .when(forget(ONE, ErasureKind::Anonymised))
        .then_expect_events(vec![NoteEvent::Erased(Erased { contact: ONE, ended: true })]);
}

#[test]
fn a_text_free_of_personal_content_survives_and_names_who_was_anonymised_but_not_who_was_deleted() {
    note().given(shared(false)).when(forget(ONE, ErasureKind::Anonymised)).then_expect_events(vec![]);
    let unlinked = NoteEvent::ContactUnlinked(ContactUnlinked { contact: ONE });
    note()
        .given(shared(false))
        .when(forget(ONE, ErasureKind::Deleted))
        .then_expect_events(vec![unlinked.clone()]);
    let state = folded([shared(false), vec![unlinked]].concat());
    assert!(state.active().is_some_and(|note| note.has_text() && note.contacts == [TWO]));
}

#[test]
fn a_shell_takes_what_is_not_about_its_text() {
    let erased = NoteEvent::Erased(Erased { contact: ONE, ended: false });
    let shell = [shared(true), vec![erased]].concat();
    for change in [
        Amended { text: Some(text("met")), ..Amended::default() },
        Amended { contains_personal: Some(false), ..Amended::default() },
        Amended { contains_sensitive: Some(true), ..Amended::default() },
    ] {
        let command = amend(change, Patch::Keep);
        note().given(shell.clone()).when(command).then_expect_error(NoteError::TextErased);
    }
    let kind = Amended { kind: Some("CALL".into()), ..Amended::default() };
    note()
        .given(shell.clone())
        .when(amend(kind.clone(), Patch::Keep))
        .then_expect_events(vec![NoteEvent::Amended(kind)]);
    let later = expiry("2028-01-01");
    let set =
        NoteEvent::ExpirySet(ExpirySet { expiry: Some(later), source: ExpirySource::Chosen, unit: UNIT });
    note().given(shell).when(amend(Amended::default(), Patch::Set(later))).then_expect_events(vec![set]);
}

#[test]
fn a_note_that_has_ended_holds_no_text() {
    let removed = NoteEvent::Removed(Removed { effect: Effect::Anonymise });
    let state = folded([history(), vec![removed]].concat());
    assert_eq!((state.subjects(ID.0), state.active()), (vec![], None));
    note()
        .given(vec![NoteEvent::Written(written()), NoteEvent::Removed(Removed { effect: Effect::Delete })])
        .when(forget(ONE, ErasureKind::Deleted))
        .then_expect_events(vec![]);
}

#[test]
fn refuses_a_date_that_is_as_good_as_none() {
    let until = |on: &str| Written { expiry: Some(expiry(on)), ..written() };
    for on in ["2056-06-02", "9999-12-31"] {
        note()
            .given_no_previous_events()
            .when(write(until(on)))
            .then_expect_error(NoteError::ExpiryTooLate(30));
        note()
            .given(history())
            .when(amend(Amended::default(), Patch::Set(expiry(on))))
            .then_expect_error(NoteError::ExpiryTooLate(30));
    }
    let last = until("2056-06-01");
    note()
        .given_no_previous_events()
        .when(write(last.clone()))
        .then_expect_events(vec![NoteEvent::Written(last)]);
}

#[test]
fn the_nature_changes_with_the_kind_alone() {
    let called = |code: &str, nature| Amended { kind: Some(code.into()), nature, ..Amended::default() };
    let to_call = called("CALL", Some(Nature::Call));
    note()
        .given(history())
        .when(amend(to_call.clone(), Patch::Keep))
        .then_expect_events(vec![NoteEvent::Amended(to_call)]);
    note()
        .given(history())
        .when(amend(called("MEETING", Some(Nature::Mail)), Patch::Keep))
        .then_expect_events(vec![]);
}
