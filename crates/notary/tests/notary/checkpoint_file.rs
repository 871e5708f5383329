//! The last checkpoint outside the database tells that an older or another database was put in its place.

use std::fs;

use lethe_notary::{FILE, Notary, Places};
use sqlx::postgres::PgConnectOptions;

use crate::world::{World, append, fault, ledger};

/// A copy of the database as it is now, under another name.
async fn copied(world: &World, name: &str) -> PgConnectOptions {
    let database = world.database.options.get_database().unwrap();
    let name = format!("{database}_{name}");
    // What is copied may have no other sessions.
    let elsewhere =
        sqlx::PgPool::connect_with(world.database.options.clone().database("postgres")).await.unwrap();
    let end = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'");
    loop {
        sqlx::query(&end).execute(&elsewhere).await.unwrap();
        if sqlx::query(&format!("CREATE DATABASE {name} TEMPLATE {database}"))
            .execute(&elsewhere)
            .await
            .is_ok()
        {
            return world.database.options.clone().database(&name);
        }
    }
}

/// A notary on another database with the files that are kept outside.
async fn opened(world: &World, options: &PgConnectOptions) -> Notary {
    let ledger = ledger(&world.database, options.clone()).await;
    Notary::open(ledger.parts().clone(), Places::new([world.place()])).await.unwrap()
}

#[tokio::test]
async fn yesterdays_database_is_neither_signed_nor_appended_to() {
    let world = World::create().await;
    world.append(300).await.unwrap();
    world.sign().await;
    let yesterday = copied(&world, "yesterday").await;
    let world = World { ledger: ledger(&world.database, world.database.options.clone()).await, ..world };
    world.append(20).await.unwrap();
    world.sign().await;

    let notary = opened(&world, &yesterday).await;
    let told = fault(&notary).await;
    assert_eq!(told.position, Some(301), "{told}");
    assert!(told.reason.contains(FILE) && told.reason.contains("320 events were signed"), "{told}");
    let pool = sqlx::PgPool::connect_with(yesterday.clone()).await.unwrap();
    let refused = append(&pool, 1).await.unwrap_err();
    assert_eq!(refused.as_database_error().unwrap().code().unwrap(), "57N01", "{refused}");
    // The one that goes on is not hindered.
    world.append(1).await.unwrap();
}

#[tokio::test]
async fn a_history_that_is_signed_anew_from_nothing_is_found_by_what_is_kept_outside() {
    let world = World::create().await;
    world.append(300).await.unwrap();
    world.sign().await;
    world
        .tamper(
            "UPDATE ledger.events SET payload = '{}' WHERE position = 7; DELETE FROM notary.tiles; \
             UPDATE notary.head SET size = 0, note = NULL",
        )
        .await;
    let told = fault(&world.notary().await).await;
    assert!(told.reason.contains("The first 300 events are not those that were signed"), "{told}");
    world.append(1).await.unwrap_err();
}

#[tokio::test]
async fn another_origin_is_believed_only_if_the_ledger_tells_that_it_was_restored() {
    let world = World::create().await;
    world.append(30).await.unwrap();
    world.sign().await;
    let reset = "UPDATE ledger.origin SET origin = '00000000-0000-8000-8000-000000000001'; DELETE FROM notary.tiles; \
                 UPDATE notary.head SET size = 0, note = NULL, origin = '00000000-0000-8000-8000-000000000001'";
    let before: String = sqlx::query_scalar("SELECT origin::text FROM ledger.origin")
        .fetch_one(&world.database.pool)
        .await
        .unwrap();
    world.tamper(reset).await;
    let told = fault(&world.notary().await).await;
    assert!(told.reason.contains(&format!("The history {before} was signed")), "{told}");
    world.tamper("UPDATE notary.head SET fault = NULL").await;
    world
        .tamper(&format!(
            "INSERT INTO ledger.events SELECT 'vault', aggregate_id, 1, 'vault.restored', '1', \
             '{{\"Restored\":{{\"old_origin\":\"{before}\"}}}}', metadata, 31, gen_random_uuid(), recorded_at \
             FROM ledger.events WHERE position = 30"
        ))
        .await;
    assert_eq!(world.notary().await.state().fault, None);
    world.sign().await;
}

#[tokio::test]
async fn a_damaged_file_says_nothing_and_is_replaced() {
    let world = World::create().await;
    world.append(30).await.unwrap();
    let file = world.place().join(FILE);
    for content in [&b""[..], b"lethe.invalid/x\n900\n", b"\xff\xfe"] {
        fs::write(&file, content).unwrap();
        assert_eq!(world.notary().await.state().fault, None);
    }
    world.sign().await;
    assert!(fs::read_to_string(&file).unwrap().contains("\n30\n"));
}
