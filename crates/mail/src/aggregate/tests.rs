use chrono::{DateTime, Utc};
use cqrs_es::test::TestFramework;
use lethe_kernel::{Personal, UserId};
use uuid::Uuid;

use super::*;
use crate::{MailText, MailTitle, MailTo, Queued};

const ID: &str = "m@example.org";

fn user() -> Subject {
    UserId(Uuid::from_u128(1)).into()
}

fn queued() -> MailEvent {
    MailEvent::Queued(Queued {
        kind: "DEVICE_APPROVAL".into(),
        unit: UnitId(Uuid::from_u128(2)),
        about: user(),
        to: Personal::of(user(), MailTo("anna@example.org".into())),
        title: Personal::of(user(), MailTitle("A new device".into())),
        text: Personal::of(user(), MailText("Is it yours?".into())),
    })
}

fn later() -> DateTime<Utc> {
    "2026-06-01T12:00:00Z".parse().unwrap()
}

fn attempted(attempt: i64) -> MailEvent {
    MailEvent::Attempted(Attempted { attempt, message_id: ID.into() })
}

fn deferred(attempt: i64) -> MailEvent {
    let (reason, code) = (Reason::Refused, Some(451));
    MailEvent::Deferred(Deferred { attempt, reason, code, next_attempt: later() })
}

fn doubtful(attempt: i64) -> MailEvent {
    MailEvent::Doubtful(Doubtful { attempt, reason: Reason::ConnectionLost, next_attempt: later() })
}

fn sent(attempt: i64) -> MailEvent {
    MailEvent::Sent(Sent { attempt, code: Some(250) })
}

fn failed(attempt: i64) -> MailEvent {
    MailEvent::Failed(Failed { attempt, reason: Reason::Refused, code: Some(550) })
}

fn withdrawn(attempts: i64) -> MailEvent {
    MailEvent::Withdrawn(Withdrawn { attempts })
}

fn attempt() -> MailCommand {
    MailCommand::Attempt { message_id: ID.into() }
}

fn report(attempt: i64, outcome: Outcome) -> MailCommand {
    MailCommand::Report { attempt, outcome, retry: Retry { next: later(), most: 2 } }
}

fn resend() -> MailCommand {
    MailCommand::Resend { now: later() }
}

fn mail() -> TestFramework<Mail> {
    TestFramework::with(Secrets::default())
}

fn expect(given: Vec<MailEvent>, command: MailCommand, events: Vec<MailEvent>) {
    mail().given(given).when(command).then_expect_events(events);
}

fn refuse(given: Vec<MailEvent>, command: MailCommand, error: MailError) {
    mail().given(given).when(command).then_expect_error(error);
}

#[test]
fn a_mail_is_queued_once() {
    let MailEvent::Queued(event) = queued() else { unreachable!() };
    mail()
        .given_no_previous_events()
        .when(MailCommand::Queue(event.clone()))
        .then_expect_events(vec![queued()]);
    expect(vec![queued()], MailCommand::Queue(event), vec![]);
}

#[test]
fn what_was_never_queued_is_unknown() {
    for command in [attempt(), report(1, Outcome::Sent(None)), MailCommand::Withdraw, resend()] {
        mail().given_no_previous_events().when(command).then_expect_error(MailError::Unknown);
    }
}

#[test]
fn an_attempt_is_told_before_it_is_made_and_only_one_at_a_time() {
    expect(vec![queued()], attempt(), vec![attempted(1)]);
    refuse(vec![queued(), attempted(1)], attempt(), MailError::BeingSent);
    for end in [sent(1), failed(1)] {
        expect(vec![queued(), attempted(1), end], attempt(), vec![]);
    }
    expect(vec![queued(), withdrawn(0)], attempt(), vec![]);
}

#[test]
fn a_mail_calls_itself_the_same_at_every_attempt() {
    let moved = MailCommand::Attempt { message_id: "m@moved.example".into() };
    expect(vec![queued(), attempted(1), deferred(1)], moved.clone(), vec![attempted(2)]);
    expect(vec![queued(), attempted(1), doubtful(1)], moved, vec![attempted(2)]);
}

#[test]
fn an_attempt_has_one_outcome() {
    let under_way = || vec![queued(), attempted(1)];
    expect(under_way(), report(1, Outcome::Sent(Some(250))), vec![sent(1)]);
    expect(under_way(), report(1, Outcome::NotYet(Reason::Refused, Some(451))), vec![deferred(1)]);
    expect(under_way(), report(1, Outcome::Unknown(Reason::ConnectionLost)), vec![doubtful(1)]);
    expect(under_way(), report(1, Outcome::Never(Reason::Refused, Some(550))), vec![failed(1)]);
    for outcome in [sent(1), deferred(1), failed(1)] {
        expect([under_way(), vec![outcome]].concat(), report(1, Outcome::Sent(Some(250))), vec![]);
    }
    expect(under_way(), report(2, Outcome::Sent(Some(250))), vec![]);
}

#[test]
fn a_process_that_was_given_up_may_still_tell_that_it_sent_and_nothing_else() {
    let given_up = || vec![queued(), attempted(1), doubtful(1)];
    expect(given_up(), report(1, Outcome::Sent(Some(250))), vec![sent(1)]);
    expect(given_up(), report(1, Outcome::Never(Reason::Refused, Some(550))), vec![]);
    let again = [given_up(), vec![attempted(2)]].concat();
    expect(again, report(1, Outcome::Sent(Some(250))), vec![]);
}

#[test]
fn a_mail_is_given_up_after_the_most_attempts() {
    let last = || vec![queued(), attempted(1), deferred(1), attempted(2)];
    let too_often = |code| MailEvent::Failed(Failed { attempt: 2, reason: Reason::TooOften, code });
    expect(last(), report(2, Outcome::NotYet(Reason::Refused, Some(451))), vec![too_often(Some(451))]);
    let unanswered = report(2, Outcome::Unknown(Reason::ConnectionLost));
    expect(last(), unanswered, vec![doubtful(2), too_often(None)]);
    expect(last(), report(2, Outcome::Sent(Some(250))), vec![sent(2)]);
}

#[test]
fn a_mail_whose_key_is_gone_is_withdrawn_unless_it_has_ended() {
    expect(vec![queued()], MailCommand::Withdraw, vec![withdrawn(0)]);
    expect(vec![queued(), attempted(1), doubtful(1)], MailCommand::Withdraw, vec![withdrawn(1)]);
    expect(vec![queued(), attempted(1), failed(1)], MailCommand::Withdraw, vec![withdrawn(1)]);
    expect(vec![queued(), attempted(1), sent(1)], MailCommand::Withdraw, vec![]);
    expect(vec![queued(), withdrawn(0)], MailCommand::Withdraw, vec![]);
}

#[test]
fn an_administrator_has_a_mail_sent_again_that_failed_or_waits() {
    let requeued = || MailEvent::Requeued(Requeued { next_attempt: later() });
    for outcome in [deferred(1), doubtful(1), failed(1)] {
        expect(vec![queued(), attempted(1), outcome], resend(), vec![requeued()]);
    }
    expect(vec![queued()], resend(), vec![]);
    refuse(vec![queued(), attempted(1)], resend(), MailError::BeingSent);
    refuse(vec![queued(), attempted(1), sent(1)], resend(), MailError::AlreadySent);
    refuse(vec![queued(), withdrawn(0)], resend(), MailError::Withdrawn);
}

#[test]
fn a_mail_that_is_sent_again_has_all_its_attempts_before_it() {
    let requeued = MailEvent::Requeued(Requeued { next_attempt: later() });
    let again = vec![queued(), attempted(1), deferred(1), attempted(2), failed(2), requeued, attempted(3)];
    expect(again, report(3, Outcome::NotYet(Reason::Refused, Some(451))), vec![deferred(3)]);
}
