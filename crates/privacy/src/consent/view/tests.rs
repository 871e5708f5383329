use cqrs_es::DomainEvent;
use lethe_kernel::{CommandId, EventId, RequestId, Role, SealedText};
use lethe_ledger::{Change, Described, Metadata, Value};

use super::*;
use crate::consent::{Erased, Expired};

const CONTACT: ContactId = ContactId(Uuid::from_u128(2));
const UNIT: UnitId = UnitId(Uuid::from_u128(9));

fn time(day: u32) -> DateTime<Utc> {
    format!("2026-06-{day:02}T12:00:00Z").parse().unwrap()
}

fn sealed<T>(text: &str) -> Personal<T> {
    Personal::Sealed(SealedText(text.into()))
}

fn given() -> Given {
    Given {
        contact: CONTACT,
        unit: UNIT,
        purpose: "NEWSLETTER".into(),
        legal_basis: LegalBasis::Consent,
        source: "WEB_FORM".into(),
        wording: Some(sealed("w")),
        proof: Some(sealed("p")),
        effective_at: time(1),
        kept_until: NaiveDate::from_ymd_opt(2030, 1, 1),
    }
}

fn withdrawn() -> Withdrawn {
    Withdrawn {
        contact: CONTACT,
        effective_at: time(3),
        reason: Some("PHONE".into()),
        note: Some(sealed("n")),
    }
}

/// An event that the user `day` recorded on that day.
fn recorded(event: &ConsentEvent, sequence: i64, day: u32) -> Recorded {
    let metadata = Metadata {
        user: UserId(Uuid::from_u128(day.into())),
        unit: UNIT,
        role: Role::Consultant,
        command: CommandId(Uuid::nil()),
        request: RequestId(Uuid::nil()),
        correlation: Uuid::nil(),
        causation: None,
        occurred: time(day),
        keys: None,
        destroyed: None,
    };
    Recorded {
        position: sequence,
        id: EventId(Uuid::nil()),
        aggregate_type: "consent".into(),
        stream: Uuid::from_u128(1),
        sequence,
        event_type: event.event_type(),
        version: event.event_version(),
        recorded_at: time(day),
        metadata: metadata.to_json().unwrap(),
        payload: serde_json::to_string(event).unwrap(),
    }
}

fn fold(events: &[(ConsentEvent, u32)]) -> Option<ConsentRow> {
    events.iter().zip(1..).fold(None, |row, ((event, day), sequence)| {
        ConsentView::fold(row, Uuid::from_u128(1), &recorded(event, sequence, *day)).unwrap()
    })
}

#[test]
fn effect_and_recording_are_two_times() {
    let row = fold(&[(ConsentEvent::Given(given()), 2), (ConsentEvent::Withdrawn(withdrawn()), 4)]).unwrap();
    assert_eq!((row.effective_at, row.recorded_at), (time(1), time(2)));
    assert_eq!((row.withdrawn_at, row.withdrawal_recorded_at), (Some(time(3)), Some(time(4))));
    assert_eq!((row.created_at, row.changed_at), (time(2), time(4)));
    assert_eq!(row.recorded_by, UserId(Uuid::from_u128(2)));
    assert_eq!((row.status, row.version), (ConsentStatus::Withdrawn, 2));
    assert_eq!(row.withdrawal_reason.as_deref(), Some("PHONE"));
    assert_eq!((row.wording, row.withdrawal_note), (Some(sealed("w")), Some(sealed("n"))));
}

#[test]
fn a_new_consent_shows_nothing_of_the_withdrawal() {
    let anew = Given { effective_at: time(5), proof: None, ..given() };
    let row = fold(&[
        (ConsentEvent::Given(given()), 2),
        (ConsentEvent::Withdrawn(withdrawn()), 4),
        (ConsentEvent::Given(anew), 6),
    ])
    .unwrap();
    assert_eq!((row.status, row.version), (ConsentStatus::Given, 3));
    assert_eq!((row.withdrawn_at, row.withdrawal_recorded_at), (None, None));
    assert_eq!((row.withdrawal_reason, row.withdrawal_note, row.proof), (None, None, None));
    assert_eq!((row.created_at, row.recorded_at, row.effective_at), (time(2), time(6), time(5)));
    assert_eq!(row.recorded_by, UserId(Uuid::from_u128(6)));
}

#[test]
fn a_row_survives_json_and_names_its_status_as_filters_do() {
    let row = fold(&[(ConsentEvent::Given(given()), 2), (ConsentEvent::Withdrawn(withdrawn()), 4)]).unwrap();
    let json = serde_json::to_value(&row).unwrap();
    assert_eq!(json["status"], ConsentStatus::Withdrawn.name());
    assert_eq!(serde_json::from_value::<ConsentRow>(json).unwrap(), row);
    let given = fold(&[(ConsentEvent::Given(given()), 2)]).unwrap();
    assert_eq!(serde_json::to_value(&given).unwrap()["status"], ConsentStatus::Given.name());
}

#[test]
fn history_tells_every_field_and_whose_the_personal_ones_are() {
    let fields =
        |event: &ConsentEvent| event.changes(Uuid::nil()).iter().map(|c| c.field).collect::<Vec<_>>();
    let given = ConsentEvent::Given(given());
    let all = [
        "contact",
        "unit",
        "purpose",
        "status",
        "legalBasis",
        "source",
        "wording",
        "proof",
        "effectiveAt",
        "keptUntil",
    ];
    assert_eq!(fields(&given), all);
    let withdrawn = ConsentEvent::Withdrawn(withdrawn());
    assert_eq!(fields(&withdrawn), ["status", "withdrawnAt", "withdrawalReason", "withdrawalNote"]);
    let note = Value::Personal {
        subject: CONTACT.into(),
        label: "consent.withdrawal_note",
        sealed: SealedText("n".into()),
    };
    assert!(withdrawn.changes(Uuid::nil()).contains(&Change { field: "withdrawalNote", value: Some(note) }));
}

#[test]
fn it_ends_visibly_when_its_day_comes_or_its_contact_is_erased() {
    let expired = || (ConsentEvent::Expired(Expired { due: time(4).date_naive() }), 4);
    let erased = |kind, day| (ConsentEvent::Erased(Erased { kind }), day);
    let row = fold(&[(ConsentEvent::Given(given()), 2), expired()]).unwrap();
    assert_eq!((row.status, row.ended_at, row.version), (ConsentStatus::Expired, Some(time(4)), 2));
    assert_eq!(row.wording, Some(sealed("w")));
    let row = fold(&[(ConsentEvent::Given(given()), 2), erased(ErasureKind::Anonymised, 5)]).unwrap();
    assert_eq!((row.status, row.ended_at), (ConsentStatus::Erased, Some(time(5))));
    assert_eq!((row.wording, row.proof, row.withdrawal_note), (None, None, None));
    assert_eq!(serde_json::to_value(row.status).unwrap(), ConsentStatus::Erased.name());
    let row = fold(&[
        (ConsentEvent::Given(given()), 2),
        (ConsentEvent::Withdrawn(withdrawn()), 4),
        erased(ErasureKind::Anonymised, 5),
    ])
    .unwrap();
    assert_eq!((row.status, row.ended_at), (ConsentStatus::Erased, Some(time(3))));
    assert_eq!(row.withdrawn_at, Some(time(3)), "that it was withdrawn stays");
    let row =
        fold(&[(ConsentEvent::Given(given()), 2), expired(), (ConsentEvent::Given(given()), 6)]).unwrap();
    assert_eq!((row.status, row.ended_at), (ConsentStatus::Given, None));
    assert_eq!(fold(&[(ConsentEvent::Given(given()), 2), erased(ErasureKind::Deleted, 5)]), None);
}
