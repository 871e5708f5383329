use chrono::DateTime;
use lethe_kernel::{Caller, CommandId, EventId, RequestId, Role, UnitId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::{Metadata, Recorded, domain_event};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum TestEvent {
    Opened { limit: i64, tags: Vec<String> },
    Raised { limit: i64 },
    Closed {},
}

domain_event!(TestEvent {
    Opened = "test.opened" v "3" from ["1" => opened_1, "2" => opened_2],
    Raised = "test.raised" v "1",
    Closed = "test.closed" v "2" from ["1" => Some],
});

fn opened_1(mut fields: Fields) -> Option<Fields> {
    let limit = fields.remove("amount")?;
    fields.insert("limit".to_owned(), limit);
    Some(fields)
}

fn opened_2(mut fields: Fields) -> Option<Fields> {
    let tag = fields.remove("tag")?;
    fields.insert("tags".to_owned(), json!([tag]));
    Some(fields)
}

fn stored(event_type: &str, version: &str, payload: &str) -> Recorded {
    Recorded {
        position: 17,
        id: EventId(Uuid::nil()),
        aggregate_type: "test".to_owned(),
        stream: Uuid::nil(),
        sequence: 1,
        event_type: event_type.to_owned(),
        version: version.to_owned(),
        recorded_at: DateTime::UNIX_EPOCH,
        metadata: Metadata {
            user: Caller::SYSTEM,
            unit: UnitId(Uuid::nil()),
            role: Role::System,
            command: CommandId(Uuid::nil()),
            request: RequestId(Uuid::nil()),
            correlation: Uuid::nil(),
            causation: None,
            occurred: DateTime::UNIX_EPOCH,
            keys: None,
            destroyed: None,
        }
        .to_json()
        .unwrap(),
        payload: payload.to_owned(),
    }
}

fn read(event_type: &str, version: &str, payload: &str) -> TestEvent {
    stored(event_type, version, payload).decode().unwrap()
}

/// The error, which names position, type and version and quotes nothing of the payload.
fn refused(event_type: &str, version: &str, payload: &str) -> String {
    let error = stored(event_type, version, payload).decode::<TestEvent>().unwrap_err().to_string();
    let place = format!("The event at position 17 ({event_type} version {version}) cannot be read: ");
    assert!(error.starts_with(&place) && !error.contains("marker"), "{error}");
    error
}

#[test]
fn every_older_version_is_read_as_the_present_one() {
    let opened = TestEvent::Opened { limit: 5, tags: vec!["a".to_owned()] };
    assert_eq!(read("test.opened", "3", r#"{"Opened":{"limit":5,"tags":["a"]}}"#), opened);
    assert_eq!(read("test.opened", "2", r#"{"Opened":{"limit":5,"tag":"a"}}"#), opened);
    assert_eq!(read("test.opened", "1", r#"{"Opened":{"amount":5,"tag":"a"}}"#), opened);
    assert_eq!(read("test.closed", "1", r#"{"Closed":{}}"#), TestEvent::Closed {});
}

#[test]
fn a_version_of_a_newer_program_is_refused_with_what_to_do() {
    let error = refused("test.opened", "4", r#"{"Opened":{"limit":"marker"}}"#);
    assert!(
        error.ends_with("written by a newer version of Lethe. Start that version, or a newer one."),
        "{error}"
    );
    assert_eq!(error.matches("Start that version").count(), 1);
    refused("test.raised", "10", r#"{"Raised":{"limit":5}}"#);
}

#[test]
fn a_version_that_no_upcaster_begins_with_is_refused() {
    for version in ["0", "2.5", "01", "", "x"] {
        let error = refused("test.opened", version, r#"{"Opened":{"limit":5,"tags":["marker"]}}"#);
        assert!(error.contains("knows no such version of this type"), "{error}");
    }
}

#[test]
fn an_unknown_type_is_refused() {
    let error = refused("test.strange", "1", r#"{"Strange":{"text":"marker"}}"#);
    assert!(error.contains("knows no such type of event"), "{error}");
}

#[test]
fn a_payload_of_another_type_is_refused() {
    let error = refused("test.raised", "1", r#"{"Opened":{"limit":5,"tags":["marker"]}}"#);
    assert!(error.contains("that of another type"), "{error}");
    refused("test.opened", "1", r#"{"Raised":{"amount":5,"limit":5,"tag":"marker"}}"#);
}

#[test]
fn a_payload_of_another_version_is_refused() {
    refused("test.opened", "3", r#"{"Opened":{"amount":5,"tag":"marker"}}"#);
    for version in ["1", "2"] {
        let error = refused("test.opened", version, r#"{"Opened":{"limit":5,"tags":["marker"]}}"#);
        assert!(error.contains("does not have the fields of this version"), "{error}");
    }
}

#[test]
fn a_damaged_payload_is_refused_whatever_its_version() {
    for payload in
        ["", "{", "null", "[\"marker\"]", r#"{"Opened":"marker"}"#, r#"{"Opened":{"marker":1}}"#, "{}"]
    {
        for version in ["1", "2", "3"] {
            refused("test.opened", version, payload);
        }
    }
}

#[test]
fn upcasters_lead_from_version_to_version_without_a_gap() {
    const fn from(from: &'static str) -> Upcaster {
        Upcaster { from, upcast: Some }
    }
    assert!(lead_to("1", &[]) && lead_to("2", &[]) && lead_to("2", &[from("1")]));
    assert!(lead_to("3", &[from("1"), from("2")]) && lead_to("3", &[from("2")]));
    for gap in [&[from("1")][..], &[from("2"), from("1")], &[from("3")], &[from("1"), from("2"), from("3")]] {
        assert!(!lead_to("3", gap), "{gap:?}");
    }
    assert!(!lead_to("0", &[]) && !lead_to("x", &[]));
}
