use cqrs_es::test::TestFramework;
use lethe_nordic::Country;
use uuid::Uuid;

use super::*;
use crate::UnitKind;

const DANA: UserId = UserId(Uuid::from_u128(1));
const OTHER: UserId = UserId(Uuid::from_u128(2));

fn north() -> Registered {
    Registered { name: "North".into(), country: Country::Denmark, kind: UnitKind::BusinessHub }
}

fn unit() -> TestFramework<Unit> {
    TestFramework::with(Secrets::default())
}

fn history() -> Vec<UnitEvent> {
    vec![UnitEvent::Registered(north())]
}

fn appointed(user: UserId) -> UnitEvent {
    UnitEvent::DpmAppointed(DpmAppointed { user })
}

#[test]
fn registers_once() {
    let register = || UnitCommand::Register(north());
    unit().given_no_previous_events().when(register()).then_expect_events(history());
    unit().given(history()).when(register()).then_expect_events(vec![]);
    let other = Registered { kind: UnitKind::Other, ..north() };
    unit()
        .given(history())
        .when(UnitCommand::Register(other))
        .then_expect_error(UnitError::AlreadyRegistered);
}

#[test]
fn amends_what_is_really_another_value() {
    let change = |name: &str, p_number| Amended { name: Some(name.into()), p_number };
    let set = || Patch::Set("1012345678".to_owned());
    unit()
        .given(history())
        .when(UnitCommand::Amend(change("North", set())))
        .then_expect_events(vec![UnitEvent::Amended(Amended { name: None, p_number: set() })]);
    let amended = [history(), vec![UnitEvent::Amended(change("Nord", set()))]].concat();
    unit().given(amended.clone()).when(UnitCommand::Amend(change("Nord", set()))).then_expect_events(vec![]);
    unit()
        .given(amended)
        .when(UnitCommand::Amend(Amended { name: None, p_number: Patch::Clear }))
        .then_expect_events(vec![UnitEvent::Amended(Amended { name: None, p_number: Patch::Clear })]);
    unit()
        .given(history())
        .when(UnitCommand::Amend(Amended { name: None, p_number: Patch::Clear }))
        .then_expect_events(vec![]);
}

#[test]
fn a_new_dpm_takes_the_place_of_the_one_before() {
    let appoint = UnitCommand::AppointDpm;
    unit().given(history()).when(appoint(DANA)).then_expect_events(vec![appointed(DANA)]);
    let with = [history(), vec![appointed(DANA)]].concat();
    unit().given(with.clone()).when(appoint(DANA)).then_expect_events(vec![]);
    unit().given(with.clone()).when(appoint(OTHER)).then_expect_events(vec![appointed(OTHER)]);
    let mut state = Unit::default();
    [with, vec![appointed(OTHER)]].concat().into_iter().for_each(|event| state.apply(event));
    assert_eq!(state.dpm(), Some(OTHER));
}

#[test]
fn a_unit_that_nobody_registered_has_no_dpm_and_no_name() {
    for command in [UnitCommand::AppointDpm(DANA), UnitCommand::Amend(Amended::default())] {
        unit().given_no_previous_events().when(command).then_expect_error(UnitError::Unknown);
    }
}
