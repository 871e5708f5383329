//! Somebody changed the tables past Lethe, or wrote into them with another version of it.

use std::time::{Duration, Instant};

use lethe_access::Directory;
use lethe_access::device::{ApprovalSecret, ApproveDevice, DeviceStatus, RequestDevice};
use lethe_kernel::{Caller, Role};

use crate::world::{FREJA, NORD, OTTO, PHONE, World};

const ISSUER: &str = "https://id.example";

/// Runs a statement that passes the triggers.
async fn past_triggers(world: &World, sql: &str) {
    let mut one = world.ledger.parts().pool.acquire().await.unwrap();
    for sql in ["SET session_replication_role = replica", sql, "RESET session_replication_role"] {
        sqlx::query(sql).execute(&mut *one).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_shuts_out_whom_it_is_about_and_nobody_else() {
    let world = World::start().await;
    for user in [FREJA, OTTO] {
        world.grant(user, NORD, Role::Consultant).await;
        let secret = ApprovalSecret::random(user, PHONE).unwrap();
        let request = RequestDevice { user, device: PHONE, label: None, secret: secret.clone(), page: None };
        world.act(Caller::system(NORD), request).await;
        world.act(Caller::system(NORD), ApproveDevice { secret }).await;
    }
    let of_freja = format!("aggregate_id = '{FREJA}' AND event_type IN ('user.granted', 'user.teleported')");
    let of_otto = "aggregate_id = (SELECT max(aggregate_id) FILTER (WHERE payload::text LIKE \
                   '%00000000-0000-0000-0000-000000000016%') FROM ledger.events WHERE event_type = 'device.requested')";
    let of_otto = format!("{of_otto} AND event_type IN ('device.approved', 'device.teleported')");
    let of_unit =
        format!("aggregate_id = '{NORD}' AND event_type IN ('unit.dpm_appointed', 'unit.teleported')");
    let cases =
        [(of_freja, "user", "granted"), (of_otto, "device", "approved"), (of_unit, "unit", "dpm_appointed")];
    for (place, kind, _) in &cases {
        past_triggers(
            &world,
            &format!("UPDATE ledger.events SET event_type = '{kind}.teleported' WHERE {place}"),
        )
        .await;
    }
    let there = world.process().await;
    let directory = Directory::start(there.parts().clone()).await.unwrap();
    let roster = directory.current().await.unwrap();
    let (freja, otto) = (roster.user(FREJA).unwrap(), roster.user(OTTO).unwrap());
    assert!(freja.unreadable && !otto.unreadable);
    assert_eq!(freja.devices[&PHONE], DeviceStatus::Approved);
    assert_eq!(
        otto.devices[&PHONE],
        DeviceStatus::Revoked,
        "a device of which not all is known is not trusted"
    );
    assert_eq!(otto.grants.len(), 1);
    assert_eq!(roster.by_identity(ISSUER, "otto-4711"), Some(OTTO));
    assert!(roster.has_anybody(Role::SystemAdministrator), "one of those who cannot be read may be it");

    for (place, kind, name) in &cases {
        past_triggers(
            &world,
            &format!("UPDATE ledger.events SET event_type = '{kind}.{name}' WHERE {place}"),
        )
        .await;
    }
    let begun = Instant::now();
    while *directory.fresh().await.unwrap() != *world.directory.fresh().await.unwrap() {
        assert!(begun.elapsed() < Duration::from_mins(1), "what can be read again is not taken up");
    }
    assert!(!directory.current().await.unwrap().has_anybody(Role::SystemAdministrator));
    world.postgres.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_key_lets_nobody_in_by_identity_and_shuts_nobody_else_out() {
    let world = World::start().await;
    let damage = format!(
        "UPDATE vault.keys SET wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1) WHERE subject_id = '{FREJA}'"
    );
    sqlx::query(&damage).execute(&world.ledger.parts().pool).await.unwrap();
    let there = world.process().await;
    assert_eq!(there.parts().vault.damage(), None);
    let directory = Directory::start(there.parts().clone()).await.unwrap();
    let roster = directory.current().await.unwrap();
    assert_eq!(roster.by_identity(ISSUER, "freja-4711"), None);
    assert_eq!(roster.by_identity(ISSUER, "otto-4711"), Some(OTTO));
    let told = there.parts().vault.damage().expect("readiness says so");
    assert!(told.contains(&FREJA.to_string()), "{told}");
    world.postgres.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_was_put_back_takes_back_what_it_does_not_tell_any_more() {
    let world = World::start().await;
    let before = world.directory.fresh().await.unwrap();
    world.grant(FREJA, NORD, Role::Consultant).await;
    assert_eq!(world.directory.fresh().await.unwrap().user(FREJA).unwrap().grants.len(), 1);
    past_triggers(
        &world,
        "DELETE FROM ledger.events WHERE event_type = 'user.granted' AND position = \
                           (SELECT max(position) FROM ledger.events)",
    )
    .await;
    assert_eq!(world.directory.fresh().await.unwrap(), before);
    world.postgres.stop().await.unwrap();
}
