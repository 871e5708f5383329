//! A company that is one person: who that is, which files name it, and its erasure.

use super::*;
use crate::company::Erased;
use crate::contact::{ErasureReason, Origin};

const PERSON: ContactId = ContactId(Uuid::from_u128(7));
const SOMEBODY: ContactId = ContactId(Uuid::from_u128(8));

fn proprietor(contact: Option<ContactId>) -> CompanyEvent {
    CompanyEvent::ProprietorSet(ProprietorSet { contact })
}

fn gone() -> Erased {
    Erased { reason: ErasureReason::RequestOfPerson, with: None }
}

fn after(form: LegalForm, events: Vec<CompanyEvent>) -> Vec<CompanyEvent> {
    registered(form).into_iter().chain(events).collect()
}

#[test]
fn a_sole_proprietor_is_one_contact() {
    let sole = LegalForm::SoleProprietor;
    company()
        .given(registered(sole))
        .when(CompanyCommand::NameProprietor(PERSON))
        .then_expect_events(vec![proprietor(Some(PERSON))]);
    let named = || after(sole, vec![proprietor(Some(PERSON))]);
    company().given(named()).when(CompanyCommand::NameProprietor(PERSON)).then_expect_events(vec![]);
    company()
        .given(named())
        .when(CompanyCommand::NameProprietor(SOMEBODY))
        .then_expect_error(CompanyError::OtherProprietor);
    company()
        .given(named())
        .when(CompanyCommand::ReleaseProprietor(PERSON))
        .then_expect_events(vec![proprietor(None)]);
    company().given(named()).when(CompanyCommand::ReleaseProprietor(SOMEBODY)).then_expect_events(vec![]);
    company()
        .given(registered(LegalForm::Limited))
        .when(CompanyCommand::NameProprietor(PERSON))
        .then_expect_error(CompanyError::NoPersonsCompany);
}

#[test]
fn a_company_of_a_person_knows_the_imports_that_name_it_once_and_a_legal_person_does_not() {
    let sole = LegalForm::SoleProprietor;
    let import = ImportId(Uuid::from_u128(8));
    let found = FoundByImport { import, unit: UnitId(Uuid::from_u128(10)) };
    let (find, event) = (CompanyCommand::FindByImport(found), CompanyEvent::FoundByImport(found));
    company().given(registered(sole)).when(find.clone()).then_expect_events(vec![event.clone()]);
    company().given(after(sole, vec![event.clone()])).when(find.clone()).then_expect_events(vec![]);
    let origin = Some(Origin { import, row: 2 });
    let came = CompanyEvent::Registered(Registered { origin, ..of_form(sole) });
    company().given(vec![came]).when(find.clone()).then_expect_events(vec![]);
    company().given(registered(LegalForm::Limited)).when(find.clone()).then_expect_events(vec![]);
    let erased = after(sole, vec![CompanyEvent::Erased(gone())]);
    company().given(erased).when(find).then_expect_error(CompanyError::Erased);
    let mut state = Company::default();
    for event in after(sole, vec![event]) {
        state.apply(event);
    }
    assert_eq!(state.imports().collect::<Vec<_>>(), [import]);
    assert_eq!(state.units().len(), 2);
}

#[test]
fn a_company_of_a_person_is_erased_once_closed_or_not_and_takes_nothing_more() {
    let sole = LegalForm::SoleProprietor;
    let erased = || CompanyEvent::Erased(gone());
    company().given(registered(sole)).when(CompanyCommand::Erase(gone())).then_expect_events(vec![erased()]);
    let closed = CompanyEvent::Closed(Closed { superseded_by: None, reason: "CEASED".into() });
    company()
        .given(after(sole, vec![closed]))
        .when(CompanyCommand::Erase(gone()))
        .then_expect_events(vec![erased()]);
    let after_it = || after(sole, vec![erased()]);
    company().given(after_it()).when(CompanyCommand::Erase(gone())).then_expect_events(vec![]);
    company().given(after_it()).when(amend(None, named(sole, "Syd"))).then_expect_error(CompanyError::Erased);
    company()
        .given(after_it())
        .when(CompanyCommand::NameProprietor(PERSON))
        .then_expect_error(CompanyError::Erased);
    company()
        .given(registered(LegalForm::Limited))
        .when(CompanyCommand::Erase(gone()))
        .then_expect_error(CompanyError::NothingPersonal);
    let mut state = Company::default();
    for event in after_it() {
        state.apply(event);
    }
    assert!(state.is_erased() && !state.is_open() && state.subjects(ID.0).is_empty());
}
