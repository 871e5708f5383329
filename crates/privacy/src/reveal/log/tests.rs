use cqrs_es::DomainEvent;
use lethe_kernel::{AlertId, CommandId, EventId, RequestId, SealedText};
use lethe_ledger::{Change, Described, Metadata, Value};

use super::super::{AlertView, RevealUnusual, Revealed};
use super::*;

const UNIT: UnitId = UnitId(Uuid::from_u128(9));
const ANNA: ContactId = ContactId(Uuid::from_u128(2));
const BO: ContactId = ContactId(Uuid::from_u128(3));
const NOTE: NoteId = NoteId(Uuid::from_u128(4));
const REVEAL: RevealId = RevealId(Uuid::from_u128(5));

fn time() -> DateTime<Utc> {
    "2026-06-01T12:00:00Z".parse().unwrap()
}

fn reveal(what: Revealed) -> RevealEvent {
    RevealEvent::Recorded(RevealRecorded {
        reveal: REVEAL,
        what,
        unit: UNIT,
        purpose: "CASE_WORK".into(),
        purpose_text: Some(Personal::Sealed(SealedText("p".into()))),
        device: Some(DeviceId(Uuid::from_u128(6))),
        repeats: Some(RevealId(Uuid::from_u128(7))),
        at: time(),
    })
}

fn unusual() -> RevealEvent {
    let alert = AlertId(Uuid::from_u128(8));
    RevealEvent::Unusual(RevealUnusual { alert, unit: UNIT, count: 31, usual: 30, at: time() })
}

fn recorded(event: &RevealEvent) -> Recorded {
    Recorded {
        position: 17,
        id: EventId(Uuid::nil()),
        aggregate_type: "reveals".into(),
        stream: Uuid::from_u128(1),
        sequence: 1,
        event_type: event.event_type(),
        version: event.event_version(),
        recorded_at: time(),
        metadata: Metadata {
            user: UserId(Uuid::from_u128(10)),
            unit: UNIT,
            role: Role::Dpm,
            command: CommandId(Uuid::nil()),
            request: RequestId(Uuid::nil()),
            correlation: Uuid::nil(),
            causation: None,
            occurred: time(),
            keys: None,
            destroyed: None,
        }
        .to_json()
        .unwrap(),
        payload: serde_json::to_string(event).unwrap(),
    }
}

fn note_text() -> Revealed {
    Revealed::NoteText { note: NOTE, contacts: vec![ANNA, BO] }
}

#[test]
fn a_reveal_is_an_entry_of_ids_and_codes() {
    let event = recorded(&reveal(note_text()));
    assert_eq!(AccessLogView::keys(&event).unwrap(), [REVEAL.0]);
    let row = AccessLogView::fold(None, REVEAL.0, &event).unwrap().unwrap();
    assert_eq!((row.position, row.user_id.0, row.role), (17, Uuid::from_u128(10), Role::Dpm));
    assert_eq!((row.field, row.note_id), (RevealedField::NoteText, Some(NOTE)));
    assert_eq!((row.contacts.clone(), row.subject()), (vec![ANNA, BO], Some(NOTE.into())));
    assert_eq!(row.purpose_text.as_ref().unwrap().sealed(), Some(&SealedText("p".into())));

    let row = AccessRow::of(&recorded(&reveal(Revealed::Cpr { contact: BO }))).unwrap().unwrap();
    assert_eq!((row.field, row.note_id), (RevealedField::Cpr, None));
    assert_eq!((row.contacts.clone(), row.subject()), (vec![BO], Some(BO.into())));
}

#[test]
fn a_warning_is_in_the_other_view() {
    let (warning, shown) = (recorded(&unusual()), recorded(&reveal(note_text())));
    assert!(AccessLogView::keys(&warning).unwrap().is_empty());
    assert!(AlertView::keys(&shown).unwrap().is_empty());
    let key = AlertView::keys(&warning).unwrap()[0];
    let row = AlertView::fold(None, key, &warning).unwrap().unwrap();
    assert_eq!((row.count, row.usual, row.position), (31, 30, 17));
    assert_eq!((row.user_id.0, row.unit_id), (Uuid::from_u128(10), UNIT));
}

#[test]
fn the_person_is_told_no_colleague_and_no_text() {
    let row = AccessRow::of(&recorded(&reveal(note_text()))).unwrap().unwrap();
    let known = SubjectAccess::from(row);
    let expected = SubjectAccess {
        at: time(),
        unit: UNIT,
        role: Role::Dpm,
        field: RevealedField::NoteText,
        purpose: "CASE_WORK".into(),
    };
    assert_eq!(known, expected);
}

#[test]
fn history_tells_everything_but_a_value() {
    let changes = reveal(note_text()).changes(Uuid::nil());
    let fields: Vec<_> = changes.iter().map(|change| change.field).collect();
    let all =
        ["field", "note", "contacts", "contacts", "unit", "purpose", "purposeText", "device", "repeats"];
    assert_eq!(fields, all);
    let text = &changes[6];
    assert!(matches!(&text.value, Some(Value::Personal { subject, .. }) if *subject == NOTE.into()));
    assert_eq!(unusual().changes(Uuid::nil())[1], Change { field: "count", value: Some(Value::Number(31)) });
}

#[test]
fn the_reveal_of_a_companys_number_names_the_company_and_belongs_to_the_sole_proprietor() {
    let company = CompanyId(Uuid::from_u128(11));
    let event = reveal(Revealed::CompanyNumber { company });
    let row = AccessRow::of(&recorded(&event)).unwrap().unwrap();
    assert_eq!((row.field, row.company_id, row.note_id), (RevealedField::CompanyNumber, Some(company), None));
    assert_eq!((row.contacts.len(), row.subject()), (0, Some(Subject::sole_proprietor(company))));
    assert_eq!(serde_json::to_value(row.field).unwrap(), RevealedField::CompanyNumber.name());
    let changes = event.changes(Uuid::nil());
    assert!(changes.contains(&Change::object("company", "Company", company)));
}
