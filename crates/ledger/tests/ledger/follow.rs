//! Who follows the ledger, what halts him, and what does not.

use std::sync::Arc;

use lethe_kernel::UserId;
use lethe_ledger::{Activity, Ledger, LedgerError, Projection, Recorded, Views};
use serde::{Deserialize, Serialize};
use sqlx::Connection;
use uuid::Uuid;

use crate::bank::{Strange, StrangeEvent};
use crate::postgres::Database;
use crate::view::{BalanceView, PATIENCE, balances, both, following, start};
use crate::works::{Add, Enter, Estrange};
use crate::world::{Process, context, eventually, id, ledger};

const CHECKPOINT: &str = "SELECT position FROM ledger.projections WHERE name = 'balance'";

fn activity(views: &Views, name: &str) -> Activity {
    views.states().into_iter().find(|(view, _)| *view == name).unwrap().1.activity
}

async fn comes_to(views: &Views, name: &str, wanted: &Activity) {
    eventually("the view does what it should", async || activity(views, name) == *wanted).await;
}

async fn add(ledger: &Ledger, account: u128) -> i64 {
    ledger.execute(&context(), &Add(id(account), 1)).await.unwrap().position
}

fn strange() -> Estrange {
    Estrange(id(2), StrangeEvent::Strange(Strange { text: "x".into() }))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_process_runs_a_view_and_another_takes_over_when_it_is_killed() {
    let database = Arc::new(Database::create().await);
    let runner = Process::start(&database, both()).await;
    comes_to(&runner.views, "balance", &Activity::Following).await;
    comes_to(&runner.views, "event_count", &Activity::Following).await;
    let ledger = ledger(&database).await;
    let standby = start(&ledger, both()).await;

    let position = add(&ledger, 1).await;
    // The one that stands by knows how far the other one is.
    assert!(standby.0.reached(&["balance", "event_count"], position, PATIENCE).await.unwrap());
    assert_eq!(activity(&standby.0, "balance"), Activity::Standby);
    assert_eq!(balances(&ledger, &[id(1)]).await[&id(1)].balance, 1);

    runner.kill();
    standby.until(add(&ledger, 1).await).await;
    comes_to(&standby.0, "balance", &Activity::Following).await;
    assert_eq!(balances(&ledger, &[id(1)]).await[&id(1)].balance, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_loses_the_connection_with_its_locks_folds_no_more_until_it_has_them_again() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    let views = start(&ledger, both()).await;
    views.until(add(&ledger, 1).await).await;
    comes_to(&views.0, "balance", &Activity::Following).await;

    // Somebody queues for the lock, and gets it when the connection is cut.
    let mut other = sqlx::PgConnection::connect_with(&database.options).await.unwrap();
    let queued = tokio::spawn(async move {
        let lock = "SELECT pg_advisory_lock(hashtextextended('lethe.view.balance.1', 0))";
        sqlx::query(lock).execute(&mut other).await.unwrap();
        other
    });
    let waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted \
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    eventually("somebody queues", async || database.count(waiting).await == 1).await;
    database
        .run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND query LIKE '%pg_try_advisory_lock%' AND pid <> pg_backend_pid()",
        )
        .await;
    let other = queued.await.unwrap();
    comes_to(&views.0, "balance", &Activity::Standby).await;
    comes_to(&views.0, "event_count", &Activity::Following).await;
    let position = add(&ledger, 1).await;
    assert!(views.0.reached(&["event_count"], position, PATIENCE).await.unwrap());
    assert_eq!(database.count(CHECKPOINT).await, 1);

    other.close().await.unwrap();
    views.until(position).await;
    assert_eq!(balances(&ledger, &[id(1)]).await[&id(1)].balance, 2);
}

#[tokio::test]
async fn a_halted_view_tells_every_process_why_and_goes_on_by_itself_once_the_event_is_mended() {
    let database = Database::create().await;
    let (one, other) = (ledger(&database).await, ledger(&database).await);
    let (views, standby) =
        (following::<BalanceView<1>>(&one).await, following::<BalanceView<1>>(&other).await);
    views.until(add(&one, 1).await).await;
    one.execute(&context(), &strange()).await.unwrap();
    let last = add(&one, 1).await;
    for views in [&views.0, &standby.0] {
        eventually("the reason is known", async || {
            views.states()[0].1.halted().is_some_and(|reason| reason.contains("position 2"))
        })
        .await;
        assert_eq!(views.states()[0].1.position, 1);
    }
    database
        .run(
            "ALTER TABLE ledger.events DISABLE TRIGGER append_only; \
             UPDATE ledger.events SET payload = '{\"Added\":{\"amount\":7}}', \
             event_type = 'account.added', event_version = '1' WHERE position = 2; \
             ALTER TABLE ledger.events ENABLE TRIGGER append_only",
        )
        .await;
    for views in [&views.0, &standby.0] {
        assert!(views.reached(&["balance"], last, PATIENCE).await.unwrap());
        eventually("nobody says that it is halted", async || views.states()[0].1.halted().is_none()).await;
    }
    assert_eq!(balances(&one, &[id(2)]).await[&id(2)].balance, 7);
    assert_eq!(database.count("SELECT count(halted) FROM ledger.projections").await, 0);
}

#[tokio::test]
async fn what_stands_before_the_event_at_fault_is_folded() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    for account in [1, 1, 3, 1] {
        add(&ledger, account).await;
    }
    ledger.execute(&context(), &strange()).await.unwrap();
    add(&ledger, 1).await;
    let views = following::<BalanceView<1>>(&ledger).await;
    eventually("the view halts at the event", async || {
        let state = &views.0.states()[0].1;
        state.halted().is_some() && state.position == 4
    })
    .await;
    assert_eq!(balances(&ledger, &[id(1)]).await[&id(1)].balance, 3);
}

#[tokio::test]
async fn damage_in_a_stream_that_a_view_does_not_follow_does_not_matter_to_it() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    let views = start(&ledger, both()).await;
    comes_to(&views.0, "balance", &Activity::Following).await;
    comes_to(&views.0, "event_count", &Activity::Following).await;
    database
        .run(
            "INSERT INTO ledger.events VALUES ('book', 'no id', 1, 'book.entered', '1', '{}', '{}', 1, \
             gen_random_uuid(), now())",
        )
        .await;
    let position = add(&ledger, 1).await;
    assert!(views.0.reached(&["balance"], position, PATIENCE).await.unwrap());
    eventually("the one that follows it halts", async || {
        matches!(activity(&views.0, "event_count"), Activity::Halted(_))
    })
    .await;
    assert_eq!(database.count("SELECT count(*) FROM view.event_count").await, 0);
}

/// Who wrote to a stream last.
struct WriterView;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct WriterRow {
    id: Uuid,
    user_id: UserId,
}

impl Projection for WriterView {
    const NAME: &'static str = "writer";
    const VERSION: i32 = 1;
    const SQL: &'static str = "CREATE TABLE writer (id uuid PRIMARY KEY, user_id uuid NOT NULL)";
    const SOURCES: &'static [&'static str] = &["account"];
    type Row = WriterRow;

    fn fold(_: Option<WriterRow>, id: Uuid, event: &Recorded) -> Result<Option<WriterRow>, LedgerError> {
        Ok(Some(WriterRow { id, user_id: event.metadata()?.user }))
    }
}

#[tokio::test]
async fn damaged_metadata_halt_only_who_reads_them() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    let views = start(&ledger, both().with::<WriterView>()).await;
    comes_to(&views.0, "balance", &Activity::Following).await;
    comes_to(&views.0, "writer", &Activity::Following).await;
    let position = add(&ledger, 1).await;
    assert!(views.0.reached(&["writer"], position, PATIENCE).await.unwrap());
    database
        .run(&format!(
            "INSERT INTO ledger.events SELECT aggregate_type, '{}', 1, event_type, event_version, payload, '{{\"user\":1}}', 2, \
             gen_random_uuid(), now() FROM ledger.events",
            id(9)
        ))
        .await;
    let position = add(&ledger, 1).await;
    assert!(views.0.reached(&["balance"], position, PATIENCE).await.unwrap());
    eventually("the one that reads them halts", async || {
        matches!(activity(&views.0, "writer"), Activity::Halted(reason) if reason.contains("the metadata is damaged"))
    })
    .await;
    assert_eq!(database.count("SELECT count(*) FROM view.balance").await, 2);
    assert_eq!(database.count("SELECT count(*) FROM view.writer").await, 1);
}

#[tokio::test]
async fn trouble_of_the_database_is_tried_again_and_not_blamed_on_an_event() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    let views = following::<BalanceView<1>>(&ledger).await;
    views.until(0).await;
    database
        .run(
            "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS \
             $$BEGIN RAISE EXCEPTION 'full' USING ERRCODE = '53100'; END$$; \
             CREATE TRIGGER full_disk BEFORE INSERT ON view.balance EXECUTE FUNCTION full_disk()",
        )
        .await;
    let position = add(&ledger, 1).await;
    eventually("it tries again", async || matches!(activity(&views.0, "balance"), Activity::Retrying(_)))
        .await;
    assert_eq!(database.count("SELECT count(halted) FROM ledger.projections").await, 0);
    database.run("DROP TRIGGER full_disk ON view.balance").await;
    views.until(position).await;
    comes_to(&views.0, "balance", &Activity::Following).await;
}

#[tokio::test]
async fn events_of_other_streams_move_a_view_without_a_statement() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    let views = following::<BalanceView<1>>(&ledger).await;
    views.until(add(&ledger, 1).await).await;
    let before: String = sqlx::query_scalar("SELECT xmin::text FROM ledger.projections")
        .fetch_one(&database.pool)
        .await
        .unwrap();
    let mut position = 0;
    for _ in 0..5 {
        let close = crate::works::Close(id(9));
        position = match ledger.execute(&context(), &close).await {
            Ok(done) => done.position,
            Err(_) => position,
        };
    }
    let entered = Enter { account: id(1), book: id(8) };
    assert!(views.0.reached(&["balance"], position, PATIENCE).await.unwrap());
    let after: String = sqlx::query_scalar("SELECT xmin::text FROM ledger.projections")
        .fetch_one(&database.pool)
        .await
        .unwrap();
    assert_eq!(before, after, "the checkpoint was not written");
    views.until(ledger.execute(&context(), &entered).await.unwrap().position).await;
    assert_eq!(views.0.differences().await.unwrap(), []);
}
