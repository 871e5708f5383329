use chrono::DateTime;
use lethe_kernel::UnitId;
use uuid::Uuid;

use super::*;

const USER: UserId = UserId(Uuid::from_u128(7));
const HOME: UnitId = UnitId(Uuid::from_u128(1));
const AWAY: UnitId = UnitId(Uuid::from_u128(2));
const NOTEBOOK: DeviceId = DeviceId(Uuid::from_u128(10));
const PHONE: DeviceId = DeviceId(Uuid::from_u128(11));

fn verified() -> Verified {
    Verified {
        issuer: "https://login.example.org".to_owned(),
        subject: "ida".to_owned(),
        second_factor: true,
        device: None,
        unit: None,
        role: None,
        expires: DateTime::UNIX_EPOCH,
    }
}

fn member() -> Member {
    let grants = [(HOME, Role::Consultant), (HOME, Role::Dpm), (AWAY, Role::Consultant)];
    Member {
        unit: HOME,
        off_boarded: false,
        grants: grants.map(|(unit, role)| Grant { unit, role }).into(),
        integration: false,
        devices: [(NOTEBOOK, DeviceStatus::Approved)].into(),
        unreadable: false,
    }
}

fn asked() -> Asked {
    Asked { device: Some(NOTEBOOK), ..Asked::default() }
}

fn session(verified: &Verified, asked: &Asked, member: &Member) -> Result<Session, &'static str> {
    admit(verified, asked, Some((USER, member))).map_err(|refusal| refusal.code)
}

fn acting(verified: &Verified, asked: &Asked) -> Result<(UnitId, Role), &'static str> {
    let session = session(verified, asked, &member())?;
    Ok((session.caller.unit, session.caller.role))
}

#[test]
fn headers_pick_a_role_then_the_token_then_the_order() {
    let plain = verified();
    assert_eq!(acting(&plain, &asked()), Ok((HOME, Role::Consultant)));
    assert_eq!(acting(&plain, &Asked { role: Some(Role::Dpm), ..asked() }), Ok((HOME, Role::Dpm)));
    assert_eq!(acting(&plain, &Asked { unit: Some(AWAY), ..asked() }), Ok((AWAY, Role::Consultant)));
    let made = Verified { unit: Some(HOME), role: Some(Role::Dpm), ..verified() };
    assert_eq!(acting(&made, &asked()), Ok((HOME, Role::Dpm)));
    // What the token was made for decides among those that the headers leave.
    assert_eq!(acting(&made, &Asked { unit: Some(HOME), ..asked() }), Ok((HOME, Role::Dpm)));
    assert_eq!(acting(&made, &Asked { unit: Some(AWAY), ..asked() }), Ok((AWAY, Role::Consultant)));
}

#[test]
fn a_role_that_was_not_granted_is_refused_whoever_names_it() {
    let plain = verified();
    for (unit, role) in [(AWAY, Role::Dpm), (HOME, Role::SystemAdministrator), (HOME, Role::Integration)] {
        let headers = Asked { unit: Some(unit), role: Some(role), ..asked() };
        assert_eq!(acting(&plain, &headers), Err("FORBIDDEN"));
        let token = Verified { unit: Some(unit), role: Some(role), ..verified() };
        assert_eq!(acting(&token, &asked()), Err("FORBIDDEN"));
    }
    assert_eq!(session(&plain, &asked(), &Member { grants: [].into(), ..member() }), Err("FORBIDDEN"));
}

#[test]
fn whoever_has_left_or_never_came_is_not_let_in() {
    let gone = Member { off_boarded: true, ..member() };
    assert_eq!(session(&verified(), &asked(), &gone), Err("UNAUTHENTICATED"));
    assert_eq!(admit(&verified(), &asked(), None).unwrap_err().status, 401);
    let system = admit(&verified(), &asked(), Some((Caller::SYSTEM, &member())));
    assert_eq!(system.unwrap_err().status, 401);
}

#[test]
fn of_whom_not_all_can_be_read_is_not_let_in() {
    let unreadable = Member { unreadable: true, ..member() };
    assert_eq!(session(&verified(), &asked(), &unreadable), Err("UNAVAILABLE"));
    let gone = Member { off_boarded: true, ..unreadable };
    assert_eq!(session(&verified(), &asked(), &gone), Err("UNAUTHENTICATED"));
}

#[test]
fn a_device_must_be_named_and_approved() {
    let plain = verified();
    assert_eq!(session(&plain, &asked(), &member()).unwrap().device, Some(NOTEBOOK));
    let refused = Err("DEVICE_NOT_APPROVED");
    assert_eq!(session(&plain, &Asked::default(), &member()), refused);
    assert_eq!(session(&plain, &Asked { device: Some(PHONE), ..asked() }, &member()), refused);
    for status in [DeviceStatus::Requested, DeviceStatus::Revoked] {
        let devices = [(NOTEBOOK, status)].into();
        assert_eq!(session(&plain, &asked(), &Member { devices, ..member() }), refused);
    }
    let made = Verified { device: Some(NOTEBOOK), ..verified() };
    assert_eq!(session(&made, &Asked::default(), &member()).unwrap().device, Some(NOTEBOOK));
    // A header does not lead past the device that the token was made for.
    let foreign = Verified { device: Some(PHONE), ..verified() };
    assert_eq!(session(&foreign, &asked(), &member()), refused);
}

#[test]
fn who_signs_local_tokens_is_believed_about_their_own_machine_until_it_is_revoked() {
    let own = DeviceId(USER.0);
    let local = Verified { issuer: LOCAL_ISSUER.to_owned(), device: Some(own), ..verified() };
    assert_eq!(session(&local, &Asked::default(), &member()).unwrap().device, Some(own));
    let other = Verified { device: Some(PHONE), ..local.clone() };
    assert_eq!(session(&other, &Asked::default(), &member()), Err("DEVICE_NOT_APPROVED"));
    let devices = [(own, DeviceStatus::Revoked)].into();
    assert_eq!(
        session(&local, &Asked::default(), &Member { devices, ..member() }),
        Err("DEVICE_NOT_APPROVED")
    );
    let issued = Verified { device: Some(own), ..verified() };
    assert_eq!(session(&issued, &Asked::default(), &member()), Err("DEVICE_NOT_APPROVED"));
}

#[test]
fn a_programme_needs_no_device_has_no_second_factor_and_is_nothing_else() {
    let grants = [(HOME, Role::Consultant), (HOME, Role::Integration)];
    let grants = grants.map(|(unit, role)| Grant { unit, role }).into();
    let programme = Member { integration: true, grants, devices: [].into(), ..member() };
    let session = session(&verified(), &Asked::default(), &programme).unwrap();
    assert_eq!((session.caller.role, session.caller.unit), (Role::Integration, HOME));
    assert_eq!((session.device, session.second_factor), (None, false));
    for named in [
        Asked { role: Some(Role::Consultant), ..Asked::default() },
        Asked { unit: Some(AWAY), ..Asked::default() },
    ] {
        assert_eq!(super::tests::session(&verified(), &named, &programme), Err("FORBIDDEN"));
    }
}

#[test]
fn who_signs_local_tokens_may_set_up_an_installation_as_its_system_administrator_and_as_nothing_else() {
    let local = |role, subject: UserId| Verified {
        issuer: LOCAL_ISSUER.to_owned(),
        subject: subject.to_string(),
        role: Some(role),
        unit: Some(HOME),
        ..verified()
    };
    let session = found(&local(Role::SystemAdministrator, USER), &Asked::default()).unwrap();
    assert_eq!(session.caller, Caller { user: USER, unit: HOME, role: Role::SystemAdministrator });
    for refused in [
        local(Role::Dpm, USER),
        local(Role::SystemAdministrator, Caller::SYSTEM),
        Verified { role: None, ..local(Role::Dpm, USER) },
        Verified { issuer: verified().issuer, ..local(Role::SystemAdministrator, USER) },
    ] {
        assert_eq!(found(&refused, &Asked::default()).unwrap_err().status, 401);
    }
}

#[test]
fn the_second_factor_is_the_tokens() {
    for second_factor in [false, true] {
        let verified = Verified { second_factor, ..verified() };
        assert_eq!(session(&verified, &asked(), &member()).unwrap().second_factor, second_factor);
    }
}
