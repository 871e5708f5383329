#![allow(clippy::panic, reason = "a helper of a test fails the test")]

use chrono::DateTime;
use lethe_kernel::{Caller, CommandId, EventId, RequestId, Role, UnitId};
use uuid::Uuid;

use super::*;
use crate::Metadata;

fn entry(position: i64, kind: &str, readable: bool) -> Entry {
    let metadata = Metadata {
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
    };
    let event = Recorded {
        position,
        id: EventId(Uuid::nil()),
        aggregate_type: kind.to_owned(),
        stream: Uuid::nil(),
        sequence: position,
        event_type: kind.to_owned(),
        version: "1".to_owned(),
        recorded_at: DateTime::UNIX_EPOCH,
        metadata: metadata.to_json().unwrap(),
        payload: "{}".to_owned(),
    };
    Entry { position, aggregate_type: kind.to_owned(), event: readable.then(|| Arc::new(event)) }
}

fn positions(next: Next) -> (Vec<i64>, i64) {
    let Next::Events(events, until) = next else { panic!("{next:?}") };
    (events.iter().map(|event| event.position).collect(), until)
}

#[test]
fn a_view_in_step_is_handed_its_events_and_no_other() {
    let tail = Tail::at(4).with(vec![entry(5, "a", true), entry(6, "b", true), entry(7, "a", true)]);
    assert_eq!(positions(tail.next(4, &["a"], false)), (vec![5, 7], 7));
    assert_eq!(positions(tail.next(5, &["a"], false)), (vec![7], 7));
    assert_eq!(positions(tail.next(4, &["c"], false)), (vec![], 7));
    assert!(matches!(tail.next(7, &["a"], false), Next::Nothing));
}

#[test]
fn a_view_that_is_behind_has_a_damaged_event_or_distrusts_the_tail_reads_for_itself() {
    let tail = Tail::at(4).with(vec![entry(5, "a", false), entry(6, "b", true)]);
    assert!(matches!(tail.next(3, &["b"], false), Next::Read(6)));
    assert!(matches!(tail.next(4, &["a"], false), Next::Read(6)));
    assert!(matches!(tail.next(4, &["b"], true), Next::Read(6)));
    assert_eq!(positions(tail.next(4, &["b"], false)), (vec![6], 6));
}

#[test]
fn what_the_tail_forgets_is_read_again_and_not_skipped() {
    let many = (3..=i64::try_from(BATCH).unwrap_or(0) + 2).map(|n| entry(n, "a", true)).collect();
    let tail = Tail::at(0).with(vec![entry(1, "a", true), entry(2, "a", true)]).with(many);
    assert!(matches!(tail.next(1, &["a"], false), Next::Read(_)));
    assert_eq!(positions(tail.next(2, &["a"], false)), ((3..=1002).collect(), 1002));
}
