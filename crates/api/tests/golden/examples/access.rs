use lethe_access::device::{self, DeviceEvent, Label, Requested};
use lethe_access::unit::{self, DpmAppointed, UnitEvent};
use lethe_access::user::{
    self, Anonymised, DeviceRequested, Email, Grant, Granted, Identity, IdentitySubject, Name, OffBoarded,
    UserEvent,
};
use lethe_access::user_group::{Closed, Created, MemberAdded, MemberRemoved, Renamed, UserGroupEvent};
use lethe_kernel::{DeviceId, Patch, Personal, Role};

use super::{OTHER, UNIT, USER, time};
use crate::example::Example;

const DEVICE: DeviceId = DeviceId(OTHER);

pub(super) fn all() -> Vec<Example> {
    [units(), users(), devices(), groups()].into_iter().flatten().collect()
}

fn units() -> Vec<Example> {
    let amended = unit::Amended {
        name: Some("Erhvervshus Prøvekyst".into()),
        p_number: Patch::Set("1012345678".into()),
    };
    [UnitEvent::Amended(amended), UnitEvent::DpmAppointed(DpmAppointed { user: USER })]
        .map(|event| Example::of(event, UNIT.0, None))
        .into()
}

fn identity(subject: &str) -> Identity {
    Identity {
        issuer: "https://login.example.org".into(),
        subject: Personal::of(USER, IdentitySubject(subject.into())),
    }
}

fn users() -> Vec<Example> {
    let registered = user::Registered {
        unit: UNIT,
        integration: false,
        name: Personal::of(USER, Name("Ditte Prøvegaard".into())),
        email: Some(Personal::of(USER, Email("ditte@prøvehus.example".into()))),
        identities: vec![identity("ditte-4711")],
    };
    let amended = user::Amended {
        name: Some(Personal::of(USER, Name("Ditte Prøveholt".into()))),
        email: Patch::Set(Personal::of(USER, Email("holt@prøvehus.example".into()))),
        identities: Some(vec![identity("ditte-4712")]),
    };
    let grant = Grant { unit: UNIT, role: Role::Consultant };
    let requested = DeviceRequested { device: DEVICE, at: time("2027-01-01T08:00:00.123456Z") };
    [
        UserEvent::Registered(registered),
        UserEvent::Amended(amended),
        UserEvent::Granted(Granted { grant }),
        UserEvent::Revoked(user::Revoked { grant }),
        UserEvent::DeviceRequested(requested),
        UserEvent::OffBoarded(OffBoarded {}),
        UserEvent::Anonymised(Anonymised {}),
    ]
    .map(|event| Example::of(event, USER.0, None))
    .into()
}

fn devices() -> Vec<Example> {
    let requested = Requested {
        user: USER,
        device: DEVICE,
        label: Some(Personal::of(USER, Label("Firefox 140 på kontorets Linux".into()))),
        secret: "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff".into(),
        expires: time("2027-01-02T08:00:00Z"),
    };
    [
        DeviceEvent::Requested(requested),
        DeviceEvent::Approved(device::Approved {}),
        DeviceEvent::Revoked(device::Revoked {}),
    ]
    .map(|event| Example::of(event, OTHER, None))
    .into()
}

fn groups() -> Vec<Example> {
    [
        UserGroupEvent::Created(Created { unit: UNIT, name: "Fødevarer på tværs".into() }),
        UserGroupEvent::Renamed(Renamed { name: "Fødevarer og drikke".into() }),
        UserGroupEvent::MemberAdded(MemberAdded { user: USER }),
        UserGroupEvent::MemberRemoved(MemberRemoved { user: USER }),
        UserGroupEvent::Closed(Closed {}),
    ]
    .map(|event| Example::of(event, OTHER, None))
    .into()
}
