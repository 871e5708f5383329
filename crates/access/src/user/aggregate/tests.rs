use cqrs_es::test::TestFramework;
use lethe_kernel::{Detail, ErrorCode, UserError};

use super::*;
use crate::user::{IdentitySubject, Registered};

const USER: UserId = UserId(Uuid::from_u128(1));
const UNIT: UnitId = UnitId(Uuid::from_u128(7));
const OTHER: UnitId = UnitId(Uuid::from_u128(8));

fn user() -> TestFramework<User> {
    TestFramework::with(Secrets::default())
}

fn identity(subject: &str) -> Identity {
    Identity {
        issuer: "https://id.example".into(),
        subject: Personal::of(USER, IdentitySubject(subject.into())),
    }
}

fn registered(integration: bool) -> Registered {
    Registered {
        unit: UNIT,
        integration,
        name: Personal::of(USER, Name("Freja Prøve".into())),
        email: (!integration).then(|| Personal::of(USER, Email("freja@example.org".into()))),
        identities: vec![identity("f-1")],
    }
}

fn person() -> Vec<UserEvent> {
    vec![UserEvent::Registered(registered(false))]
}

fn programme() -> Vec<UserEvent> {
    vec![UserEvent::Registered(registered(true))]
}

fn grant(unit: UnitId, role: Role) -> Grant {
    Grant { unit, role }
}

fn granted(unit: UnitId, role: Role) -> UserEvent {
    UserEvent::Granted(Granted { grant: grant(unit, role) })
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[test]
fn registers_once_and_a_person_with_an_address() {
    let register = |integration| UserCommand::Register(registered(integration));
    user().given_no_previous_events().when(register(false)).then_expect_events(person());
    user().given_no_previous_events().when(register(true)).then_expect_events(programme());
    user().given(person()).when(register(false)).then_expect_error(UserRefusal::AlreadyRegistered);
    let nowhere = UserCommand::Register(Registered { email: None, ..registered(false) });
    user().given_no_previous_events().when(nowhere).then_expect_error(UserRefusal::EmailRequired);
}

#[test]
fn amends_what_is_really_another_value() {
    let amend = |change| UserCommand::Amend { user: USER, change };
    let same = Amended {
        name: Some(Personal::of(USER, Name("Freja Prøve".into()))),
        email: Patch::Set(Personal::of(USER, Email("freja@example.org".into()))),
        identities: Some(vec![identity("f-1")]),
    };
    user().given(person()).when(amend(same.clone())).then_expect_events(vec![]);
    let other = Amended { identities: Some(vec![identity("f-2")]), ..Amended::default() };
    let mixed = Amended { identities: Some(vec![identity("f-2")]), ..same };
    user().given(person()).when(amend(mixed)).then_expect_events(vec![UserEvent::Amended(other)]);
    let without = || amend(Amended { email: Patch::Clear, ..Amended::default() });
    user().given(person()).when(without()).then_expect_error(UserRefusal::EmailRequired);
    user().given(programme()).when(without()).then_expect_events(vec![]);
}

#[test]
fn a_role_is_given_and_taken_once() {
    let consultant = grant(UNIT, Role::Consultant);
    let has = [person(), vec![granted(UNIT, Role::Consultant)]].concat();
    let revoked = UserEvent::Revoked(Revoked { grant: consultant });
    user()
        .given(person())
        .when(UserCommand::Grant(consultant))
        .then_expect_events(vec![granted(UNIT, Role::Consultant)]);
    user().given(has.clone()).when(UserCommand::Grant(consultant)).then_expect_events(vec![]);
    user().given(has).when(UserCommand::Revoke(consultant)).then_expect_events(vec![revoked]);
    user().given(person()).when(UserCommand::Revoke(consultant)).then_expect_events(vec![]);
}

#[test]
fn the_role_dpm_comes_and_goes_with_the_appointment() {
    let dpm = grant(UNIT, Role::Dpm);
    let has = [person(), vec![granted(UNIT, Role::Dpm)]].concat();
    for command in [UserCommand::Grant(dpm), UserCommand::Revoke(dpm)] {
        user().given(has.clone()).when(command).then_expect_error(UserRefusal::DpmByAppointment);
    }
    user()
        .given(person())
        .when(UserCommand::BecomeDpm(UNIT))
        .then_expect_events(vec![granted(UNIT, Role::Dpm)]);
    user()
        .given(has)
        .when(UserCommand::CeaseAsDpm(UNIT))
        .then_expect_events(vec![UserEvent::Revoked(Revoked { grant: dpm })]);
}

#[test]
fn a_programme_has_one_role_in_one_unit() {
    let give = |unit, role| UserCommand::Grant(grant(unit, role));
    let refuses = |history, command, refusal| user().given(history).when(command).then_expect_error(refusal);
    user()
        .given(programme())
        .when(give(UNIT, Role::Integration))
        .then_expect_events(vec![granted(UNIT, Role::Integration)]);
    refuses(programme(), give(OTHER, Role::Integration), UserRefusal::UnitOfIntegration);
    refuses(programme(), give(UNIT, Role::Consultant), UserRefusal::RoleOfIntegration);
    refuses(programme(), UserCommand::BecomeDpm(UNIT), UserRefusal::RoleOfIntegration);
    refuses(person(), give(UNIT, Role::Integration), UserRefusal::RoleOfIntegration);
    refuses(person(), give(UNIT, Role::System), UserRefusal::RoleOfSystem);
}

#[test]
fn asks_for_five_devices_an_hour_and_no_more() {
    let request = |n, at| UserCommand::RequestDevice { device: DeviceId(Uuid::from_u128(n)), at };
    let asked = |n: u128, minute: &str| {
        UserEvent::DeviceRequested(DeviceRequested {
            device: DeviceId(Uuid::from_u128(n)),
            at: at(&format!("2030-06-01T12:{minute}:00Z")),
        })
    };
    let four = [person(), (1..5).map(|n| asked(n, "00")).collect()].concat();
    user()
        .given(four.clone())
        .when(request(5, at("2030-06-01T12:30:00Z")))
        .then_expect_events(vec![asked(5, "30")]);
    let five = [four, vec![asked(5, "30")]].concat();
    user()
        .given(five.clone())
        .when(request(6, at("2030-06-01T12:31:00Z")))
        .then_expect_error(UserRefusal::TooManyDevices { most: 5, again: at("2030-06-01T13:00:00Z") });
    let later = at("2030-06-01T13:00:00Z");
    let event =
        UserEvent::DeviceRequested(DeviceRequested { device: DeviceId(Uuid::from_u128(6)), at: later });
    user().given(five).when(request(6, later)).then_expect_events(vec![event]);
}

#[test]
fn too_many_devices_are_told_with_the_time_to_try_again() {
    let again = at("2030-06-01T13:00:00Z");
    let told = UserError::from(UserRefusal::TooManyDevices { most: 5, again });
    assert_eq!((told.code, &told.detail), (ErrorCode::RateLimited, &Detail::RetryAt(again)));
    assert!(told.message.contains("5 new devices"), "{}", told.message);
}

#[test]
fn whoever_leaves_has_no_role_and_gets_none() {
    let left = UserEvent::OffBoarded(OffBoarded {});
    let has = [person(), vec![granted(UNIT, Role::Consultant)]].concat();
    user().given(has.clone()).when(UserCommand::OffBoard).then_expect_events(vec![left.clone()]);
    let gone = [has, vec![left]].concat();
    user().given(gone.clone()).when(UserCommand::OffBoard).then_expect_events(vec![]);
    let mut state = User::default();
    gone.clone().into_iter().for_each(|event| state.apply(event));
    assert_eq!(state.grants().count(), 0);
    let consultant = grant(UNIT, Role::Consultant);
    for command in [
        UserCommand::Grant(consultant),
        UserCommand::BecomeDpm(UNIT),
        UserCommand::Amend { user: USER, change: Amended::default() },
        UserCommand::RequestDevice { device: DeviceId(Uuid::nil()), at: at("2030-06-01T12:00:00Z") },
    ] {
        user().given(gone.clone()).when(command).then_expect_error(UserRefusal::OffBoarded);
    }
}

#[test]
fn a_dpm_does_not_leave_without_a_successor() {
    let dpm = [person(), vec![granted(OTHER, Role::Dpm)]].concat();
    user().given(dpm).when(UserCommand::OffBoard).then_expect_error(UserRefusal::IsDpm(OTHER));
}

#[test]
fn whoever_left_can_be_forgotten_once() {
    let forgotten = UserEvent::Anonymised(Anonymised {});
    user().given(person()).when(UserCommand::Anonymise).then_expect_error(UserRefusal::NotOffBoarded);
    let gone = [person(), vec![UserEvent::OffBoarded(OffBoarded {})]].concat();
    user().given(gone.clone()).when(UserCommand::Anonymise).then_expect_events(vec![forgotten.clone()]);
    let forgotten = [gone, vec![forgotten]].concat();
    user().given(forgotten.clone()).when(UserCommand::Anonymise).then_expect_events(vec![]);
    let mut state = User::default();
    for event in forgotten {
        state.apply(event);
    }
    assert_eq!(state.subjects(USER.0), []);
}

#[test]
fn names_cannot_be_written_in_clear() {
    let error = serde_json::to_string(&registered(false)).unwrap_err().to_string();
    assert!(error.contains("user.name of user") && !error.contains("Freja"), "{error}");
}
