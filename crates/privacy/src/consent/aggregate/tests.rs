use chrono::NaiveDate;
use cqrs_es::test::TestFramework;
use lethe_kernel::{ErrorCode, Rule, UnitId};

use super::*;
use crate::consent::{Erased, Proof, WithdrawalNote, Wording};

const CONTACT: ContactId = ContactId(Uuid::from_u128(2));

fn consent() -> TestFramework<Consent> {
    TestFramework::with(Secrets::default())
}

fn time(day: u32) -> DateTime<Utc> {
    format!("2026-06-{day:02}T12:00:00Z").parse().unwrap()
}

/// The moment of every command.
fn now() -> DateTime<Utc> {
    time(10)
}

fn wording(text: &str) -> Personal<Wording> {
    Personal::of(CONTACT, Wording(text.into()))
}

fn proof(text: &str) -> Personal<Proof> {
    Personal::of(CONTACT, Proof(text.into()))
}

fn terms() -> Given {
    Given {
        contact: CONTACT,
        unit: UnitId(Uuid::from_u128(9)),
        purpose: "NEWSLETTER".into(),
        legal_basis: LegalBasis::Consent,
        source: "WEB_FORM".into(),
        wording: Some(wording("I want the newsletter.")),
        proof: Some(proof("form 17")),
        effective_at: time(1),
        kept_until: None,
    }
}

fn ending(day: u32) -> Withdrawn {
    Withdrawn {
        contact: CONTACT,
        effective_at: time(day),
        reason: Some("ON_REQUEST".into()),
        note: Some(Personal::of(CONTACT, WithdrawalNote("called".into()))),
    }
}

fn given(given: Given) -> ConsentEvent {
    ConsentEvent::Given(given)
}

fn withdrawn(day: u32) -> ConsentEvent {
    ConsentEvent::Withdrawn(ending(day))
}

fn give(given: Given) -> ConsentCommand {
    ConsentCommand::Give { given, dated: true, now: now(), longest: Longest::default() }
}

fn withdraw(day: u32) -> ConsentCommand {
    ConsentCommand::Withdraw { withdrawn: ending(day), now: now() }
}

#[test]
fn gives() {
    consent().given_no_previous_events().when(give(terms())).then_expect_events(vec![given(terms())]);
    let at_once = Given { effective_at: now(), ..terms() };
    consent().given_no_previous_events().when(give(at_once.clone())).then_expect_events(vec![given(at_once)]);
}

#[test]
fn stays_quiet_when_given_again_alike() {
    consent().given(vec![given(terms())]).when(give(terms())).then_expect_events(vec![]);
}

#[test]
fn a_time_that_was_filled_in_makes_no_new_consent_and_one_that_was_named_does() {
    let later = Given { effective_at: now(), ..terms() };
    let undated =
        ConsentCommand::Give { given: later.clone(), dated: false, now: now(), longest: Longest::default() };
    consent().given(vec![given(terms())]).when(undated).then_expect_events(vec![]);
    consent().given(vec![given(terms())]).when(give(later.clone())).then_expect_events(vec![given(later)]);
}

#[test]
fn other_terms_are_given_anew() {
    for other in [
        Given { legal_basis: LegalBasis::Contract, ..terms() },
        Given { source: "PHONE".into(), ..terms() },
        Given { wording: Some(wording("I want all mailings.")), ..terms() },
        Given { proof: Some(proof("form 18")), ..terms() },
        Given { proof: None, ..terms() },
        Given { kept_until: NaiveDate::from_ymd_opt(2030, 1, 1), ..terms() },
    ] {
        let undated = ConsentCommand::Give {
            given: other.clone(),
            dated: false,
            now: now(),
            longest: Longest::default(),
        };
        consent().given(vec![given(terms())]).when(undated).then_expect_events(vec![given(other)]);
    }
}

#[test]
fn only_the_basis_consent_needs_a_wording() {
    let silent = Given { wording: None, ..terms() };
    consent()
        .given_no_previous_events()
        .when(give(silent.clone()))
        .then_expect_error(ConsentError::WordingRequired);
    for legal_basis in [
        LegalBasis::Contract,
        LegalBasis::LegalObligation,
        LegalBasis::VitalInterests,
        LegalBasis::PublicTask,
        LegalBasis::LegitimateInterests,
    ] {
        let other = Given { legal_basis, ..silent.clone() };
        consent().given_no_previous_events().when(give(other.clone())).then_expect_events(vec![given(other)]);
    }
}

#[test]
fn refuses_an_effect_in_the_future() {
    let future = Given { effective_at: now() + chrono::TimeDelta::microseconds(1), ..terms() };
    consent().given_no_previous_events().when(give(future)).then_expect_error(ConsentError::EffectInFuture);
    consent().given(vec![given(terms())]).when(withdraw(11)).then_expect_error(ConsentError::EffectInFuture);
}

#[test]
fn withdraws_once() {
    consent().given(vec![given(terms())]).when(withdraw(5)).then_expect_events(vec![withdrawn(5)]);
    consent().given(vec![given(terms()), withdrawn(5)]).when(withdraw(6)).then_expect_events(vec![]);
}

#[test]
fn refuses_to_withdraw_what_was_never_given() {
    consent().given_no_previous_events().when(withdraw(5)).then_expect_error(ConsentError::NotGiven);
}

#[test]
fn a_withdrawal_takes_effect_not_before_the_giving() {
    let history = vec![given(Given { effective_at: time(5), ..terms() })];
    consent().given(history.clone()).when(withdraw(4)).then_expect_error(ConsentError::WithdrawnBeforeGiven);
    consent().given(history).when(withdraw(5)).then_expect_events(vec![withdrawn(5)]);
}

#[test]
fn given_after_a_withdrawal_is_a_new_consent_even_on_the_same_terms() {
    let history = vec![given(terms()), withdrawn(5)];
    let anew = Given { effective_at: time(5), ..terms() };
    let undated =
        ConsentCommand::Give { given: anew.clone(), dated: false, now: now(), longest: Longest::default() };
    consent().given(history.clone()).when(undated).then_expect_events(vec![given(anew.clone())]);
    consent().given(history.clone()).when(give(anew.clone())).then_expect_events(vec![given(anew.clone())]);
    consent()
        .given([history, vec![given(anew)]].concat())
        .when(withdraw(7))
        .then_expect_events(vec![withdrawn(7)]);
}

#[test]
fn a_consent_from_before_a_withdrawal_does_not_undo_it() {
    consent()
        .given(vec![given(terms()), withdrawn(5)])
        .when(give(Given { effective_at: time(4), ..terms() }))
        .then_expect_error(ConsentError::GivenBeforeWithdrawn);
}

#[test]
fn only_what_was_given_and_not_withdrawn_is_active() {
    let mut state = Consent::default();
    assert_eq!(state.active(), None);
    state.apply(given(terms()));
    assert_eq!(state.active(), Some(&terms()));
    assert_eq!(state.subjects(Uuid::nil()), [CONTACT.into()]);
    state.apply(withdrawn(5));
    assert_eq!(state.active(), None);
}

#[test]
fn refusals_have_stable_codes_and_fields() {
    for (error, code, field) in [
        (ConsentError::NotGiven, ErrorCode::RuleViolated, "purpose"),
        (ConsentError::EffectInFuture, ErrorCode::InvalidValue, "effectiveAt"),
        (ConsentError::WithdrawnBeforeGiven, ErrorCode::RuleViolated, "effectiveAt"),
        (ConsentError::GivenBeforeWithdrawn, ErrorCode::RuleViolated, "effectiveAt"),
        (ConsentError::WordingRequired, ErrorCode::Required, "wording"),
    ] {
        assert_eq!((error.code(), error.field()), (code, vec![field.to_owned()]));
    }
}

#[test]
fn its_contacts_erasure_ends_it_and_nothing_sealed_is_left() {
    let erased = Erased { kind: lethe_crm::contact::ErasureKind::Anonymised };
    let event = ConsentEvent::Erased(erased);
    let erase = || ConsentCommand::Erase(erased);
    consent().given(vec![given(terms())]).when(erase()).then_expect_events(vec![event.clone()]);
    consent().given_no_previous_events().when(erase()).then_expect_error(ConsentError::NotGiven);
    let history = vec![given(terms()), withdrawn(5), event];
    consent().given(history.clone()).when(erase()).then_expect_events(vec![]);
    let again = ConsentCommand::Give { given: terms(), dated: true, now: now(), longest: Longest::default() };
    consent().given(history.clone()).when(again).then_expect_error(ConsentError::Erased);
    let mut state = Consent::default();
    for event in history {
        state.apply(event);
    }
    assert_eq!((state.active(), state.subjects(Uuid::nil())), (None, vec![]));
}

fn kept(until: &str) -> Given {
    Given { kept_until: Some(until.parse().unwrap()), ..terms() }
}

#[test]
fn refuses_a_last_day_that_has_come_and_one_that_never_will() {
    for (until, error) in [
        ("1999-01-01", ConsentError::KeptUntilPassed),
        ("2026-06-10", ConsentError::KeptUntilPassed),
        ("2056-06-11", ConsentError::KeptUntilTooLate(30)),
        ("9999-12-31", ConsentError::KeptUntilTooLate(30)),
    ] {
        assert_eq!((error.code(), error.field().remove(0).as_str()), (ErrorCode::InvalidValue, "keptUntil"));
        consent().given_no_previous_events().when(give(kept(until))).then_expect_error(error);
    }
    for until in ["2026-06-11", "2056-06-10"] {
        consent()
            .given_no_previous_events()
            .when(give(kept(until)))
            .then_expect_events(vec![given(kept(until))]);
    }
}

#[test]
fn expires_once_on_its_day_if_it_stands() {
    let expire = |on: &str| ConsentCommand::Expire { today: on.parse().unwrap() };
    let expired = || ConsentEvent::Expired(Expired { due: "2027-01-01".parse().unwrap() });
    let before = || vec![given(kept("2027-01-01"))];
    consent().given(before()).when(expire("2026-12-31")).then_expect_events(vec![]);
    consent().given(before()).when(expire("2027-01-01")).then_expect_events(vec![expired()]);
    consent().given(before()).when(expire("2027-03-01")).then_expect_events(vec![expired()]);
    let after = || before().into_iter().chain([expired()]).collect::<Vec<_>>();
    consent().given(after()).when(expire("2027-01-02")).then_expect_events(vec![]);
    consent().given(vec![given(terms())]).when(expire("2027-01-02")).then_expect_events(vec![]);
    let gone = before().into_iter().chain([withdrawn(5)]).collect::<Vec<_>>();
    consent().given(gone).when(expire("2027-01-02")).then_expect_events(vec![]);
}

#[test]
fn what_has_expired_can_be_withdrawn_and_given_anew() {
    let expired = ConsentEvent::Expired(Expired { due: "2026-06-05".parse().unwrap() });
    let after = vec![given(terms()), expired];
    consent().given(after.clone()).when(give(terms())).then_expect_events(vec![given(terms())]);
    consent().given(after).when(withdraw(5)).then_expect_events(vec![withdrawn(5)]);
}
