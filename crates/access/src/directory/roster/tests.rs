use lethe_kernel::{Personal, Role};

use super::*;
use crate::device::{Approved, Requested, device_stream};
use crate::user::{Granted, Name, OffBoarded, Registered};

const FREJA: UserId = UserId(Uuid::from_u128(1));
const OTHER: UserId = UserId(Uuid::from_u128(2));
const UNIT: UnitId = UnitId(Uuid::from_u128(7));
const PHONE: DeviceId = DeviceId(Uuid::from_u128(3));

fn registered(user: UserId) -> UserEvent {
    UserEvent::Registered(Registered {
        unit: UNIT,
        integration: false,
        name: Personal::of(user, Name("Prøve".into())),
        email: None,
        identities: Vec::new(),
    })
}

fn requested(user: UserId) -> DeviceEvent {
    let expires = "2030-06-02T12:00:00Z".parse().unwrap();
    DeviceEvent::Requested(Requested { user, device: PHONE, label: None, secret: "aa".into(), expires })
}

fn identity(subject: &str) -> (String, String) {
    ("https://id.example".into(), subject.into())
}

fn roster() -> Roster {
    let mut roster = Roster::default();
    roster.user_event(FREJA, &registered(FREJA));
    roster.user_event(OTHER, &registered(OTHER));
    let grant = Grant { unit: UNIT, role: Role::Consultant };
    roster.user_event(FREJA, &UserEvent::Granted(Granted { grant }));
    roster.device_event(device_stream(FREJA, PHONE), &requested(FREJA));
    roster
}

#[test]
fn an_identity_belongs_to_the_first_who_has_it_until_they_have_others() {
    let mut roster = roster();
    roster.identify(FREJA, vec![identity("a"), identity("b")]);
    roster.identify(OTHER, vec![identity("b"), identity("c")]);
    assert_eq!(roster.by_identity("https://id.example", "b"), Some(FREJA));
    assert_eq!(roster.by_identity("https://id.example", "c"), Some(OTHER));
    assert_eq!(roster.by_identity("https://other.example", "a"), None);
    roster.identify(FREJA, vec![identity("d")]);
    assert_eq!(roster.by_identity("https://id.example", "a"), None);
    assert_eq!(roster.by_identity("https://id.example", "d"), Some(FREJA));
}

#[test]
fn the_own_issuer_knows_every_user_by_id_and_nobody_else() {
    let roster = roster();
    assert_eq!(roster.by_identity(LOCAL_ISSUER, &FREJA.to_string()), Some(FREJA));
    assert_eq!(roster.by_identity(LOCAL_ISSUER, &Uuid::from_u128(9).to_string()), None);
    assert_eq!(roster.by_identity(LOCAL_ISSUER, "FREJA"), None);
}

#[test]
fn a_device_is_one_users_alone() {
    let mut roster = roster();
    roster.device_event(device_stream(FREJA, PHONE), &DeviceEvent::Approved(Approved {}));
    let status = |roster: &Roster, user| roster.user(user).unwrap().devices.get(&PHONE).copied();
    assert_eq!(status(&roster, FREJA), Some(DeviceStatus::Approved));
    assert_eq!(status(&roster, OTHER), None);
    roster.device_event(device_stream(OTHER, PHONE), &requested(OTHER));
    assert_eq!(status(&roster, FREJA), Some(DeviceStatus::Approved));
    assert_eq!(status(&roster, OTHER), Some(DeviceStatus::Requested));
}

#[test]
fn whoever_left_has_no_role_and_no_device_whatever_comes_later() {
    let mut roster = roster();
    roster.device_event(device_stream(FREJA, PHONE), &DeviceEvent::Approved(Approved {}));
    roster.user_event(FREJA, &UserEvent::OffBoarded(OffBoarded {}));
    assert_eq!(roster.user(FREJA).unwrap().devices.get(&PHONE), Some(&DeviceStatus::Revoked));
    roster.device_event(device_stream(FREJA, PHONE), &DeviceEvent::Approved(Approved {}));
    let member = roster.user(FREJA).unwrap();
    assert!(member.off_boarded && member.grants.is_empty());
    assert_eq!(member.devices.get(&PHONE), Some(&DeviceStatus::Revoked));
}
