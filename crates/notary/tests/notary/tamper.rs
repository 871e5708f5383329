//! Whatever a superuser does to what was signed is found, with the position.

use lethe_notary::{Fault, Notary};
use lethe_tlog::bundle::{Expected, Selection, verify};
use lethe_vault::Signer;

use crate::world::{World, eventually, fault, run, stop};

const EVENTS: i32 = 600;

/// Where a comparison of the whole ledger, and an auditor with an exported bundle, find that something was done to it.
async fn found(sql: &str) -> Option<i64> {
    let world = World::create().await;
    world.append(EVENTS).await.unwrap();
    let notary = world.sign().await;
    assert_eq!(notary.check(&|_, _| {}).await.unwrap().fault, None);
    world.tamper(sql).await;
    let fault = notary.check(&|_, _| {}).await.unwrap().fault.unwrap();
    assert!(fault.reason.ends_with('.'), "{fault}");
    let bundle = tempfile::tempdir().unwrap();
    notary.export(bundle.path(), Selection::All, &|_| {}).await.unwrap();
    let told = verify(bundle.path(), &Expected::default(), &mut |_| {}).unwrap_err();
    assert_eq!(told.position(), fault.position.map(|position| u64::try_from(position).unwrap()), "{told}");
    fault.position
}

#[tokio::test]
async fn a_changed_payload_is_found() {
    let sql =
        "UPDATE ledger.events SET payload = replace(payload::text, '1e', '2e')::json WHERE position = 40";
    assert_eq!(found(sql).await, Some(40));
}

#[tokio::test]
async fn a_payload_that_only_another_parser_sees_as_changed_is_found() {
    // The same number, the same fields: but not the bytes that were signed.
    let sql = "UPDATE ledger.events SET payload = payload::jsonb::text::json WHERE position = 41";
    assert_eq!(found(sql).await, Some(41));
}

#[tokio::test]
async fn changed_metadata_are_found() {
    let sql = "UPDATE ledger.events SET metadata = '{ \"user\" : \"nobody\" }' WHERE position = 300";
    assert_eq!(found(sql).await, Some(300));
}

#[tokio::test]
async fn any_other_changed_column_is_found() {
    for (column, value) in [
        ("event_type", "'test.else'"),
        ("event_version", "'2'"),
        ("aggregate_id", "gen_random_uuid()::text"),
        ("aggregate_type", "'tost'"),
        ("sequence", "2"),
        ("event_id", "gen_random_uuid()"),
        ("recorded_at", "recorded_at + interval '1 microsecond'"),
    ] {
        let sql = format!("UPDATE ledger.events SET {column} = {value} WHERE position = 17");
        assert_eq!(found(&sql).await, Some(17), "{column}");
    }
}

#[tokio::test]
async fn a_deleted_event_is_found() {
    assert_eq!(found("DELETE FROM ledger.events WHERE position = 257").await, Some(257));
    // Also when the others close ranks.
    let closed = "DELETE FROM ledger.events WHERE position = 255; \
                  UPDATE ledger.events SET position = -position WHERE position > 255; \
                  UPDATE ledger.events SET position = -position - 1 WHERE position < 0";
    assert_eq!(found(closed).await, Some(255));
    assert_eq!(found("DELETE FROM ledger.events WHERE position > 588").await, Some(589));
}

#[tokio::test]
async fn an_inserted_event_is_found() {
    let sql = "UPDATE ledger.events SET position = -position WHERE position >= 100; \
               UPDATE ledger.events SET position = -position + 1 WHERE position < 0; \
               INSERT INTO ledger.events SELECT aggregate_type, gen_random_uuid()::text, 1, event_type, event_version, \
                   payload, metadata, 100, gen_random_uuid(), recorded_at FROM ledger.events WHERE position = 99";
    assert_eq!(found(sql).await, Some(100));
}

#[tokio::test]
async fn reordered_events_are_found() {
    let sql = "UPDATE ledger.events SET position = -position WHERE position IN (70, 80); \
               UPDATE ledger.events SET position = 150 + position WHERE position IN (-70, -80)";
    assert_eq!(found(sql).await, Some(70));
}

async fn refused(world: &World, reason: &str) {
    let refused = world.append(1).await.unwrap_err();
    let code = refused.as_database_error().unwrap().code().unwrap();
    assert!(code == "57N01" && refused.to_string().contains(reason), "{refused}");
}

#[tokio::test]
async fn nothing_is_appended_when_what_was_signed_is_not_known() {
    let world = World::create().await;
    world.append(EVENTS).await.unwrap();
    world.sign().await;
    world.tamper("DELETE FROM notary.head").await;
    refused(&world, "notary.head has no row").await;
}

#[tokio::test]
async fn a_truncated_ledger_is_found_and_nothing_is_appended_to_it() {
    let world = World::create().await;
    world.append(EVENTS).await.unwrap();
    let notary = world.sign().await;
    world.tamper("DELETE FROM ledger.events WHERE position > 550").await;
    // At once, before anybody looked.
    refused(&world, "shorter than the 600").await;
    assert_eq!(notary.check(&|_, _| {}).await.unwrap().fault.unwrap().position, Some(551));
    // And whoever opens it says so.
    let fault = fault(&world.notary().await).await;
    assert_eq!(fault.position, Some(551));
    let all_gone = World::create().await;
    all_gone.append(EVENTS).await.unwrap();
    let notary = all_gone.sign().await;
    all_gone.tamper("TRUNCATE ledger.events").await;
    refused(&all_gone, "shorter than the 600").await;
    assert_eq!(notary.check(&|_, _| {}).await.unwrap().fault.unwrap().position, Some(1));
}

#[tokio::test]
async fn what_a_running_notary_finds_stops_appends_and_signing_until_it_is_mended() {
    let world = World::create().await;
    world.append(EVENTS).await.unwrap();
    let notary = world.sign().await;
    world.tamper("CREATE TABLE kept AS SELECT * FROM ledger.events WHERE position > 590").await;
    let running = run(&notary);
    world.tamper("DELETE FROM ledger.events WHERE position > 590").await;
    eventually("the notary finds it", async || notary.state().fault.is_some()).await;
    assert_eq!(fault(&notary).await.position, Some(591));
    assert_eq!(world.append(1).await.unwrap_err().as_database_error().unwrap().code().unwrap(), "57N01");
    world.tamper("INSERT INTO ledger.events SELECT * FROM kept").await;
    eventually("the notary believes it again", async || notary.state().fault.is_none()).await;
    world.append(1).await.unwrap();
    notary.reach(i64::from(EVENTS) + 1, crate::world::PATIENCE).await.unwrap();
    stop(running).await;
}

#[tokio::test]
async fn a_history_that_is_rewritten_and_signed_with_another_key_is_found() {
    let world = World::create().await;
    world.append(30).await.unwrap();
    let notary = world.sign().await;
    let note = notary.signed().await.unwrap().unwrap().note;
    let text = note.split_inclusive("\n\n").next().unwrap().strip_suffix('\n').unwrap();
    let other = Signer::of_seed(notary.origin(), &[7; 32]).unwrap();
    let forged = forged(text, &other);
    sqlx::query("UPDATE notary.head SET note = $1").bind(forged).execute(&world.database.pool).await.unwrap();
    let checked = notary.check(&|_, _| {}).await.unwrap();
    assert!(checked.fault.unwrap().reason.contains("not signed with the key of this installation"));
    let fault = fault(&world.notary().await).await;
    assert!(fault.reason.contains("not signed with the key of this installation"), "{fault}");
    world.append(1).await.unwrap_err();
}

/// The note of a text, as the owner of another key would sign it.
fn forged(text: &str, signer: &Signer) -> String {
    use lethe_tlog::note::{KeyKind, Note, VerifierKey};
    let key = VerifierKey::new(signer.verifier().name(), KeyKind::Ed25519, signer.public_key()).unwrap();
    let mut note = Note::new(text).unwrap();
    note.push(key.line(&signer.sign(text.as_bytes()).unwrap()));
    note.to_string()
}

#[tokio::test]
async fn stored_hashes_that_were_altered_are_told_from_events_that_were() {
    let world = World::create().await;
    world.append(EVENTS).await.unwrap();
    let notary = world.sign().await;
    world.tamper("UPDATE notary.tiles SET hashes = set_byte(hashes, 40, get_byte(hashes, 40) # 1) WHERE level = 0 AND tile = 0").await;
    let told = notary.check(&|_, _| {}).await.unwrap().fault.unwrap();
    assert!(told.position.is_none() && told.reason.contains("notary's tables"), "{told}");
    world.tamper("DELETE FROM notary.tiles WHERE level = 1").await;
    let fault: Fault = fault(&world.notary().await).await;
    assert!(fault.reason.contains("notary's tables"), "{fault}");
    let _: &Notary = &notary;
}
