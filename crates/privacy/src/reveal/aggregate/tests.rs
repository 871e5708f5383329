use cqrs_es::test::TestFramework;
use lethe_kernel::{AlertId, ContactId, RevealId, UnitId};
use uuid::Uuid;

use super::super::{Limits, RevealRecorded, Revealed};
use super::*;

const ALERT: AlertId = AlertId(Uuid::from_u128(5));
const LIMITS: Limits = Limits { usual: 2, most: 4 };

fn time(text: &str) -> DateTime<Utc> {
    format!("2026-06-01T{text}Z").parse().unwrap()
}

fn recorded(at: &str) -> RevealRecorded {
    RevealRecorded {
        reveal: RevealId(Uuid::from_u128(3)),
        what: Revealed::Cpr { contact: ContactId(Uuid::from_u128(1)) },
        unit: UnitId(Uuid::from_u128(2)),
        purpose: "CASE_WORK".into(),
        purpose_text: None,
        device: None,
        repeats: None,
        at: time(at),
    }
}

fn reveal(at: &str) -> RevealEvent {
    RevealEvent::Recorded(recorded(at))
}

fn unusual(at: &str, count: u32) -> RevealEvent {
    let unit = UnitId(Uuid::from_u128(2));
    RevealEvent::Unusual(RevealUnusual { alert: ALERT, unit, count, usual: 2, at: time(at) })
}

fn record(at: &str) -> RecordReveal {
    RecordReveal { recorded: recorded(at), limits: LIMITS, before: Reveals::default(), alert: ALERT }
}

fn of(events: Vec<RevealEvent>) -> Reveals {
    let mut reveals = Reveals::default();
    for event in events {
        reveals.apply(event);
    }
    reveals
}

fn reveals() -> TestFramework<Reveals> {
    TestFramework::with(Secrets::default())
}

#[test]
fn a_reveal_is_recorded_each_time() {
    reveals()
        .given_no_previous_events()
        .when(record("10:00:00"))
        .then_expect_events(vec![reveal("10:00:00")]);
    reveals()
        .given(vec![reveal("10:00:00")])
        .when(record("10:00:00"))
        .then_expect_events(vec![reveal("10:00:00")]);
}

#[test]
fn more_than_usual_is_told_once_an_hour() {
    let two = vec![reveal("10:00:00"), reveal("10:10:00")];
    reveals()
        .given(two.clone())
        .when(record("10:59:59"))
        .then_expect_events(vec![unusual("10:59:59", 3), reveal("10:59:59")]);
    // An hour after the first, only two are in it again.
    reveals().given(two.clone()).when(record("11:00:00")).then_expect_events(vec![reveal("11:00:00")]);
    let mut told = two;
    told.extend([unusual("10:30:00", 3), reveal("10:30:00")]);
    reveals().given(told.clone()).when(record("10:40:00")).then_expect_events(vec![reveal("10:40:00")]);
    told.extend([reveal("11:00:00"), reveal("11:20:00")]);
    reveals()
        .given(told)
        .when(record("11:30:00"))
        .then_expect_events(vec![unusual("11:30:00", 3), reveal("11:30:00")]);
}

#[test]
fn beyond_the_most_it_is_refused_until_the_hour_of_the_oldest_is_over() {
    let four = ["10:00:00", "10:10:00", "10:20:00", "10:30:00"].map(reveal);
    reveals()
        .given(four.to_vec())
        .when(record("10:40:00"))
        .then_expect_error(RevealError::TooMany { most: 4, again: time("11:00:00") });
    // When the unit lowers the limit, more than one has to become old.
    let lowered = RecordReveal { limits: Limits { usual: 2, most: 2 }, ..record("10:40:00") };
    reveals()
        .given(four.to_vec())
        .when(lowered)
        .then_expect_error(RevealError::TooMany { most: 2, again: time("11:20:00") });
    reveals()
        .given(four.to_vec())
        .when(record("11:00:00"))
        .then_expect_events(vec![unusual("11:00:00", 4), reveal("11:00:00")]);
}

#[test]
fn the_hour_reaches_into_the_day_before() {
    let before = of(vec![unusual("21:30:00", 3), reveal("21:30:00"), reveal("21:40:00")]);
    let at_midnight = |limits| RecordReveal { limits, before: before.clone(), ..record("22:05:00") };
    // It was told before midnight.
    reveals()
        .given_no_previous_events()
        .when(at_midnight(LIMITS))
        .then_expect_events(vec![reveal("22:05:00")]);
    reveals()
        .given(vec![reveal("22:01:00")])
        .when(at_midnight(Limits { usual: 2, most: 3 }))
        .then_expect_error(RevealError::TooMany { most: 3, again: time("22:30:00") });
}

#[test]
fn the_state_holds_an_hour_and_no_more() {
    let reveals = of(["10:00:00", "10:30:00", "11:00:00"].map(reveal).to_vec());
    assert_eq!(reveals.times, [time("10:30:00"), time("11:00:00")]);
}
