use chrono::TimeDelta;
use lethe_access::device::{ApprovalSecret, DeviceStatus, DeviceView, RequestDevice, device_stream};
use lethe_access::device::{ApproveDevice, DeviceEvent};
use lethe_access::user::{AnonymiseUser, OffBoardUser, UserEvent, UserView};
use lethe_kernel::{Caller, Clock, DeviceId, ErrorCode, Personal, PersonalValue, Role, UserId};
use lethe_vault::{Keyring, VaultError};
use uuid::Uuid;

use crate::world::{FREJA, NORD, PHONE, SYD, World, by};

fn is_gone<T: PersonalValue>(keys: &Keyring, value: &Personal<T>) -> bool {
    matches!(keys.open(value, FREJA), Err(VaultError::Erased(_)))
}

async fn open_values(world: &World) -> (usize, usize) {
    let parts = world.ledger.parts();
    let keys = parts.vault.keyring(&[FREJA.into()]).await.unwrap();
    let (mut all, mut gone) = (0, 0);
    let mut count = |is_gone: bool| {
        all += 1;
        gone += usize::from(is_gone);
    };
    for event in parts.stream_until("user", &[FREJA.0], None).await.unwrap() {
        if let UserEvent::Registered(event) = event.decode().unwrap() {
            count(is_gone(&keys, &event.name));
            count(is_gone(&keys, event.email.as_ref().unwrap()));
            count(is_gone(&keys, &event.identities[0].subject));
        }
    }
    for event in parts.stream_until("device", &[device_stream(FREJA, PHONE)], None).await.unwrap() {
        if let DeviceEvent::Requested(event) = event.decode().unwrap() {
            count(is_gone(&keys, event.label.as_ref().unwrap()));
        }
    }
    (all, gone)
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_user_who_was_forgotten_the_id_alone_is_left() {
    let world = World::start().await;
    world.grant(FREJA, NORD, Role::Consultant).await;
    let secret = ApprovalSecret::random(FREJA, PHONE).unwrap();
    let begun = Clock::system().now();
    let label = Some(format!("Telefon \u{7}{}", "x".repeat(300)));
    let request = RequestDevice { user: FREJA, device: PHONE, label, secret: secret.clone(), page: None };
    world.act(Caller::system(NORD), request).await;
    world.act(Caller::system(NORD), ApproveDevice { secret: secret.clone() }).await;
    assert_eq!(open_values(&world).await, (4, 0));

    let nord = by(Role::UnitAdministrator, NORD);
    let forget = || AnonymiseUser { user: FREJA };
    assert_eq!(world.refusal(nord, forget()).await.0, ErrorCode::RuleViolated);
    world.act(nord, OffBoardUser { user: FREJA }).await;
    assert_eq!(world.refusal(nord, ApproveDevice { secret }).await.0, ErrorCode::Forbidden);
    let again = ApprovalSecret::random(FREJA, DeviceId(Uuid::from_u128(31))).unwrap();
    let request = RequestDevice {
        user: FREJA,
        device: DeviceId(Uuid::from_u128(31)),
        label: None,
        secret: again,
        page: None,
    };
    assert_eq!(world.refusal(Caller::system(NORD), request).await.0, ErrorCode::Ended);
    assert_eq!(world.refusal(by(Role::UnitAdministrator, SYD), forget()).await.0, ErrorCode::Forbidden);
    world.act(nord, forget()).await;
    world.act(nord, forget()).await;

    assert_eq!(open_values(&world).await, (4, 4));
    let views = world.views().await;
    let row = world.row::<UserView>(&views, FREJA).await;
    assert!(row.name.is_none() && row.email.is_none() && row.identities.is_empty());
    assert!(row.anonymised_at.is_some() && row.grants.is_empty());
    let device = world.row::<DeviceView>(&views, device_stream(FREJA, PHONE)).await;
    assert_eq!(device.status, DeviceStatus::Revoked);
    let life = device.expires_at - begun;
    assert!(life >= TimeDelta::hours(24) && life < TimeDelta::hours(25), "its link worked for {life}");
    let roster = world.directory.fresh().await.unwrap();
    assert_eq!(roster.by_identity("https://id.example", "freja-4711"), None);
    assert!(roster.user(FREJA).unwrap().off_boarded);
    // Somebody who comes back is another user.
    let comes_back = world.person(UserId(Uuid::from_u128(60)), "Freja Prøve", "freja-4711");
    world.act(Caller::system(NORD), comes_back).await;
    world.postgres.stop().await.unwrap();
}
