use std::time::{Duration, Instant};

use lethe_access::Directory;
use lethe_access::device::device_stream;
use lethe_access::device::{ApprovalSecret, ApproveDevice, DeviceStatus, RequestDevice, RevokeDevice};
use lethe_access::directory::LOCAL_ISSUER;
use lethe_access::user::{AmendUser, Enrolment, Grant, IdentityInput, OffBoardUser, RevokeRole, UserInput};
use lethe_kernel::{Caller, ErrorCode, Role};
use lethe_ledger::LedgerError;

use crate::world::{DANA, FREJA, NORD, OTTO, PHONE, SYD, World, by, identity};

/// The answer of an older moment is given for less than a second. Otherwise the database was asked in between.
const TRUST: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread")]
async fn off_boarding_in_one_process_is_in_force_in_every_other_within_a_second() {
    let world = World::start().await;
    let there = world.process().await;
    let directory = Directory::start(there.parts().clone()).await.unwrap();
    world.grant(FREJA, NORD, Role::Consultant).await;
    let begun = Instant::now();
    while directory.current().await.unwrap().user(FREJA).unwrap().grants.is_empty() {
        assert!(begun.elapsed() < Duration::from_mins(1), "the other process does not follow");
        tokio::task::yield_now().await;
    }
    world.act(Caller::system(NORD), OffBoardUser { user: FREJA }).await;
    let done = Instant::now();
    loop {
        // Asked for after a second, the answer knows it, however slow this machine is.
        let asked = Instant::now();
        let roster = directory.current().await.unwrap();
        let member = roster.user(FREJA).unwrap();
        assert_eq!(member.off_boarded, member.grants.is_empty());
        if member.off_boarded {
            break;
        }
        assert!(asked.duration_since(done) < TRUST, "an answer was older than a second");
        tokio::task::yield_now().await;
    }
    world.postgres.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_told_what_could_not_be_asked_lately() {
    let world = World::start().await;
    assert!(world.directory.current().await.is_ok());
    world.postgres.stop().await.unwrap();
    let begun = Instant::now();
    let refused = loop {
        let asked = Instant::now();
        match world.directory.current().await {
            Ok(_) => assert!(asked.duration_since(begun) < TRUST, "it answers without asking"),
            Err(error) => break error,
        }
        tokio::task::yield_now().await;
    };
    assert!(matches!(refused, LedgerError::Unasked), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_followed_is_what_a_new_start_reads() {
    let world = World::start().await;
    let secret = ApprovalSecret::random(OTTO, PHONE).unwrap();
    for (user, role) in [(FREJA, Role::Consultant), (FREJA, Role::UnitAdministrator), (OTTO, Role::Auditor)] {
        world.grant(user, NORD, role).await;
    }
    let grant = Grant { unit: NORD, role: Role::Consultant };
    world.act(Caller::system(NORD), RevokeRole { user: FREJA, grant }).await;
    let request =
        RequestDevice { user: OTTO, device: PHONE, label: None, secret: secret.clone(), page: None };
    world.act(Caller::system(NORD), request).await;
    let fresh = async || world.directory.fresh().await.unwrap();
    assert_eq!(fresh().await.user(OTTO).unwrap().devices[&PHONE], DeviceStatus::Requested);
    world.act(Caller::system(NORD), ApproveDevice { secret }).await;
    assert_eq!(fresh().await.user(OTTO).unwrap().devices[&PHONE], DeviceStatus::Approved);
    let amend = AmendUser {
        user: FREJA,
        expected_version: None,
        input: UserInput::default(),
        enrolment: Some(Enrolment {
            directory: world.directory.clone(),
            identities: vec![identity("freja-4712"), identity("freja-4713")],
        }),
    };
    world.act(Caller::system(NORD), amend).await;
    world.act(Caller::system(NORD), RevokeDevice { stream: device_stream(OTTO, PHONE) }).await;

    let followed = fresh().await;
    let read = Directory::start(world.process().await.parts().clone()).await.unwrap();
    assert_eq!(*followed, *read.current().await.unwrap());
    assert_eq!(followed.by_identity("https://id.example", "freja-4711"), None);
    assert_eq!(followed.by_identity("https://id.example", "freja-4713"), Some(FREJA));
    assert_eq!(followed.by_identity(LOCAL_ISSUER, &DANA.to_string()), Some(DANA));
    let roles: Vec<Role> = followed.user(FREJA).unwrap().grants.iter().map(|grant| grant.role).collect();
    assert_eq!(roles, [Role::UnitAdministrator]);
    assert_eq!(followed.user(OTTO).unwrap().devices[&PHONE], DeviceStatus::Revoked);
    assert_eq!(followed.unit(SYD).unwrap().dpm, Some(DANA));
    world.postgres.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_that_somebody_has_is_refused_to_everybody_else() {
    let world = World::start().await;
    let stranger = lethe_kernel::UserId(uuid::Uuid::from_u128(99));
    let system = Caller::system(NORD);
    for subject in ["freja-4711", "otto-4711"] {
        let refusal = world.refusal(system, world.person(stranger, "En Anden", subject)).await;
        assert_eq!(refusal, (ErrorCode::AlreadyExists, "identities".into()));
    }
    let enrol = |subjects: &[&str]| Enrolment {
        directory: world.directory.clone(),
        identities: subjects.iter().map(|subject| identity(subject)).collect(),
    };
    let amend = |subjects: &[&str]| AmendUser {
        user: FREJA,
        expected_version: None,
        input: UserInput::default(),
        enrolment: Some(enrol(subjects)),
    };
    let administrator = by(Role::UnitAdministrator, NORD);
    assert_eq!(world.refusal(administrator, amend(&["otto-4711"])).await.0, ErrorCode::AlreadyExists);
    assert_eq!(world.refusal(administrator, amend(&["x", "x"])).await.0, ErrorCode::AlreadyExists);
    let invalid = (ErrorCode::InvalidValue, "identities".to_owned());
    let numbers: Vec<String> = (0..11).map(|n| n.to_string()).collect();
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    assert_eq!(world.refusal(administrator, amend(&numbers)).await, invalid);
    // Tokens of the installation name users by their ids, whatever identities somebody writes.
    let mut local = amend(&[]);
    let issuer = LOCAL_ISSUER.to_owned();
    let as_otto = IdentityInput { issuer, subject: OTTO.to_string() };
    local.enrolment.as_mut().unwrap().identities.push(as_otto);
    assert_eq!(world.refusal(administrator, local).await, invalid);
    // Their own they keep, and what they let go of is free.
    world.act(administrator, amend(&["freja-4711", "freja-4712"])).await;
    world.act(administrator, amend(&["freja-4712"])).await;
    world.act(system, world.person(stranger, "En Anden", "freja-4711")).await;
    let roster = world.directory.fresh().await.unwrap();
    assert_eq!(roster.by_identity("https://id.example", "freja-4711"), Some(stranger));
    world.postgres.stop().await.unwrap();
}
