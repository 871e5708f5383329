use cqrs_es::test::TestFramework;
use lethe_kernel::{Patch, UnitId};
use lethe_nordic::PNumber;

use super::*;
use crate::company::identity::identify;
use crate::company::{City, Master, Nace, NaceVersion, Name};

mod person;

const ID: CompanyId = CompanyId(Uuid::from_u128(1));
const OTHER: CompanyId = CompanyId(Uuid::from_u128(2));

fn company() -> TestFramework<Company> {
    TestFramework::with(Secrets::default())
}

fn owner(form: LegalForm) -> Option<CompanyId> {
    form.is_personal().then_some(ID)
}

fn named(form: LegalForm, name: &str) -> Details {
    Details { name: Patch::Set(Master::of(owner(form), Name(name.into()))), ..Details::default() }
}

fn city(form: LegalForm, city: &str) -> Details {
    Details { city: Patch::Set(Master::of(owner(form), City(city.into()))), ..Details::default() }
}

fn of_form(legal_form: LegalForm) -> Registered {
    Registered {
        unit: UnitId(Uuid::from_u128(9)),
        external_reference: None,
        origin: None,
        identity: identify(Country::Denmark, "13748136", ID).unwrap().1,
        p_numbers: vec![PNumber::parse("9900000001").unwrap()],
        legal_form,
        details: named(legal_form, "Nord"),
    }
}

fn swedish(number: &str, legal_form: LegalForm) -> Registered {
    let identity = identify(Country::Sweden, number, ID).unwrap().1;
    Registered { identity, p_numbers: Vec::new(), ..of_form(legal_form) }
}

fn registered(form: LegalForm) -> Vec<CompanyEvent> {
    vec![CompanyEvent::Registered(of_form(form))]
}

fn register(registered: Registered) -> CompanyCommand {
    CompanyCommand::Register { company: ID, registered: Box::new(registered) }
}

fn amend(legal_form: Option<LegalForm>, details: Details) -> CompanyCommand {
    CompanyCommand::Amend { company: ID, legal_form, details: Box::new(details) }
}

fn amended(legal_form: Option<LegalForm>, details: Details) -> CompanyEvent {
    CompanyEvent::Amended(Amended { legal_form, details })
}

fn closed(superseded_by: Option<CompanyId>) -> Closed {
    Closed { superseded_by, reason: "WRONG_NUMBER".into() }
}

fn close(superseded_by: Option<CompanyId>) -> CompanyCommand {
    CompanyCommand::Close { company: ID, closed: closed(superseded_by) }
}

fn history_with(event: CompanyEvent) -> Vec<CompanyEvent> {
    vec![CompanyEvent::Registered(of_form(LegalForm::Limited)), event]
}

#[test]
fn registers_and_leaves_out_what_is_empty() {
    let blank = Details { city: Patch::Clear, ..named(LegalForm::Limited, "Nord") };
    company()
        .given_no_previous_events()
        .when(register(Registered { details: blank, ..of_form(LegalForm::Limited) }))
        .then_expect_events(registered(LegalForm::Limited));
}

#[test]
fn refuses_to_register_without_a_name() {
    for details in [Details::default(), Details { name: Patch::Clear, ..Details::default() }] {
        company()
            .given_no_previous_events()
            .when(register(Registered { details, ..of_form(LegalForm::Limited) }))
            .then_expect_error(CompanyError::NameRequired);
    }
}

#[test]
fn refuses_to_register_a_number_twice() {
    let again = || register(of_form(LegalForm::Limited));
    company()
        .given(registered(LegalForm::Limited))
        .when(again())
        .then_expect_error(CompanyError::AlreadyRegistered(ID));
    company()
        .given(history_with(CompanyEvent::Closed(closed(None))))
        .when(again())
        .then_expect_error(CompanyError::NumberEnded(ID));
}

#[test]
fn refuses_p_numbers_abroad() {
    let abroad = Registered {
        p_numbers: of_form(LegalForm::Limited).p_numbers,
        ..swedish("599999-9997", LegalForm::Limited)
    };
    company()
        .given_no_previous_events()
        .when(register(abroad))
        .then_expect_error(CompanyError::PNumbersAbroad);
}

#[test]
fn a_personnummer_is_a_sole_proprietors() {
    let trader = || swedish("811218-9876", LegalForm::SoleProprietor);
    company()
        .given_no_previous_events()
        .when(register(trader()))
        .then_expect_events(vec![CompanyEvent::Registered(trader())]);
    company()
        .given_no_previous_events()
        .when(register(swedish("811218-9876", LegalForm::Limited)))
        .then_expect_error(CompanyError::PersonalNumber);
}

#[test]
fn refuses_everything_for_a_company_nobody_registered() {
    for command in [amend(None, named(LegalForm::Limited, "Syd")), close(None)] {
        company().given_no_previous_events().when(command).then_expect_error(CompanyError::Unknown);
    }
}

#[test]
fn amends_only_what_differs() {
    for form in [LegalForm::Limited, LegalForm::SoleProprietor] {
        let both = Details { city: city(form, "Ribe").city, ..named(form, "Nord") };
        company()
            .given(registered(form))
            .when(amend(Some(form), both))
            .then_expect_events(vec![amended(None, city(form, "Ribe"))]);
    }
}

#[test]
fn stays_quiet_when_nothing_differs() {
    for form in [LegalForm::Limited, LegalForm::SoleProprietor] {
        let same = Details { city: Patch::Clear, ..named(form, "Nord") };
        company().given(registered(form)).when(amend(Some(form), same)).then_expect_events(vec![]);
    }
}

#[test]
fn an_industry_code_is_the_same_only_with_its_list() {
    let coded = |version| Details {
        nace: Patch::Set(Nace { code: "62.01.00".into(), version }),
        ..Details::default()
    };
    let history = history_with(amended(None, coded(NaceVersion::Db07)));
    company().given(history.clone()).when(amend(None, coded(NaceVersion::Db07))).then_expect_events(vec![]);
    company()
        .given(history)
        .when(amend(None, coded(NaceVersion::Db25)))
        .then_expect_events(vec![amended(None, coded(NaceVersion::Db25))]);
}

#[test]
fn refuses_to_lose_its_name() {
    let no_name = Details { name: Patch::Clear, ..Details::default() };
    company()
        .given(registered(LegalForm::Limited))
        .when(amend(None, no_name))
        .then_expect_error(CompanyError::NameRequired);
}

#[test]
fn changes_its_legal_form_among_legal_persons_only() {
    let to = |form| amend(Some(form), Details::default());
    company()
        .given(registered(LegalForm::Limited))
        .when(to(LegalForm::PublicLimited))
        .then_expect_events(vec![amended(Some(LegalForm::PublicLimited), Details::default())]);
    for (from, form) in
        [(LegalForm::Limited, LegalForm::SoleProprietor), (LegalForm::SoleProprietor, LegalForm::Limited)]
    {
        company().given(registered(from)).when(to(form)).then_expect_error(CompanyError::OtherLegalPerson);
    }
}

#[test]
fn closes_once() {
    let event = |by| CompanyEvent::Closed(closed(by));
    company()
        .given(registered(LegalForm::Limited))
        .when(close(Some(OTHER)))
        .then_expect_events(vec![event(Some(OTHER))]);
    let history = history_with(event(Some(OTHER)));
    company().given(history.clone()).when(close(Some(OTHER))).then_expect_events(vec![]);
    company().given(history).when(close(None)).then_expect_error(CompanyError::Closed(Some(OTHER)));
}

#[test]
fn refuses_to_be_superseded_by_itself() {
    company()
        .given(registered(LegalForm::Limited))
        .when(close(Some(ID)))
        .then_expect_error(CompanyError::SupersededByItself);
}

#[test]
fn a_closed_company_takes_no_changes() {
    company()
        .given(history_with(CompanyEvent::Closed(closed(None))))
        .when(amend(None, named(LegalForm::Limited, "Syd")))
        .then_expect_error(CompanyError::Closed(None));
}

#[test]
fn only_a_sole_proprietor_has_a_key() {
    let subjects = |form| {
        let mut state = Company::default();
        state.apply(CompanyEvent::Registered(of_form(form)));
        state.subjects(ID.0)
    };
    assert_eq!(subjects(LegalForm::SoleProprietor), [Subject::sole_proprietor(ID)]);
    assert_eq!(subjects(LegalForm::Limited), []);
}
