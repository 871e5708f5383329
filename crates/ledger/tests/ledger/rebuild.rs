//! A view is rebuilt beside the one that is read, and nobody notices.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lethe_ledger::{Ledger, Rebuilt, rows};

use crate::postgres::Database;
use crate::view::{BalanceView, balances, both, following, start};
use crate::works::{Add, Enter, Rename};
use crate::world::{Process, context, eventually, id, ledger};

const AMPLE: usize = 1 << 20;

async fn rebuild(ledger: &Ledger, memory: usize) -> Rebuilt {
    both().rebuild(ledger.parts(), "balance", memory, &|_| {}).await.unwrap().unwrap()
}

async fn leftovers(database: &Database) -> i64 {
    let sql = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'next%' OR nspname LIKE 'retired%'";
    database.count(sql).await
}

/// Five accounts with names and amounts, and an empty one.
async fn history(ledger: &Ledger) -> i64 {
    for n in 1..=5 {
        ledger.execute(&context(), &Enter { account: id(n), book: id(9) }).await.unwrap();
        ledger.execute(&context(), &Add(id(n), 2)).await.unwrap();
    }
    ledger.execute(&context(), &Rename(id(6), "Åse")).await.unwrap().position
}

#[tokio::test]
async fn a_rebuilt_view_equals_the_old_one_also_when_its_rows_do_not_fit_in_memory() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    let views = start(&ledger, both()).await;
    let head = history(&ledger).await;
    views.until(head).await;
    let definition =
        "SELECT string_agg(indexdef, ';' ORDER BY indexdef) FROM pg_indexes WHERE schemaname = 'view'";
    let indexes: String = sqlx::query_scalar(definition).fetch_one(&database.pool).await.unwrap();
    for (memory, passes) in [(AMPLE, 1), (1, 2)] {
        let built = rebuild(&ledger, memory).await;
        assert_eq!((built.rows, built.position, built.differing), (6, head, Some(0)));
        assert!(built.events >= 16 * passes, "{built:?}");
        assert_eq!(views.0.differences().await.unwrap(), []);
    }
    let after: String = sqlx::query_scalar(definition).fetch_one(&database.pool).await.unwrap();
    assert_eq!(after, indexes, "tables have their indexes again");
    assert_eq!(leftovers(&database).await, 0);
    // It is followed as before.
    views.until(ledger.execute(&context(), &Add(id(1), 1)).await.unwrap().position).await;
    assert_eq!(balances(&ledger, &[id(1)]).await[&id(1)].balance, 4);
    assert!(both().rebuild(ledger.parts(), "none", AMPLE, &|_| {}).await.unwrap().is_none());
}

#[tokio::test]
async fn rows_that_differ_are_reported_and_right_afterwards() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    let views = start(&ledger, both()).await;
    views.until(history(&ledger).await).await;
    database
        .run(&format!(
            "UPDATE view.balance SET balance = 99 WHERE id = '{}'; DELETE FROM view.balance_amount WHERE account_id = '{}'; \
             DELETE FROM view.balance WHERE id = '{}'; INSERT INTO view.balance VALUES ('{}', 1, NULL, 1)",
            id(1),
            id(2),
            id(3),
            id(70)
        ))
        .await;
    let built = rebuild(&ledger, AMPLE).await;
    assert_eq!(built.differing, Some(4));
    let mut examples = built.examples;
    examples.sort_unstable();
    assert_eq!(examples, [id(1), id(2), id(3), id(70)]);
    assert_eq!(views.0.differences().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_never_see_an_error_a_gap_or_a_step_back_while_a_view_is_rebuilt_under_writes() {
    let database = Arc::new(Database::create().await);
    let process = Process::start(&database, both()).await;
    let ledger = ledger(&database).await;
    let head = history(&ledger).await;
    let views = start(&ledger, both()).await;
    views.until(head).await;
    let stop = Arc::new(AtomicBool::new(false));
    let (writer, stopped) = (ledger.clone(), stop.clone());
    let writing = tokio::spawn(async move {
        let mut n = 0_u128;
        while !stopped.load(Ordering::SeqCst) {
            writer.execute(&context(), &Add(id(1 + n % 5), 1)).await.unwrap();
            n += 1;
        }
    });
    let (pool, stopped) = (database.pool.clone(), stop.clone());
    let reading = tokio::spawn(async move {
        let ids: Vec<_> = (1..=6).map(id).collect();
        let (mut before, mut reads) = (0, 0);
        while !stopped.load(Ordering::SeqCst) {
            let rows = rows::<BalanceView<1>>(&pool, &ids).await.unwrap();
            assert_eq!(rows.len(), 6);
            for row in &rows {
                assert_eq!(row.balance, row.amounts.iter().map(|change| change.amount).sum::<i64>());
            }
            let sum = rows.iter().map(|row| row.balance).sum();
            assert!(sum >= before, "{sum} after {before}");
            (before, reads) = (sum, reads + 1);
        }
        reads
    });
    for _ in 0..8 {
        let built = rebuild(&ledger, AMPLE).await;
        assert_eq!(built.differing, Some(0), "{built:?}");
    }
    stop.store(true, Ordering::SeqCst);
    writing.await.unwrap();
    assert!(reading.await.unwrap() > 0);
    let head = ledger.parts().head().await.unwrap();
    views.until(head).await;
    assert_eq!(views.0.differences().await.unwrap(), []);
    process.kill();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_that_is_killed_leaves_the_view_as_it_was_and_the_next_one_cleans_up() {
    let database = Arc::new(Database::create().await);
    let ledger = ledger(&database).await;
    let views = start(&ledger, both()).await;
    views.until(history(&ledger).await).await;
    // It is loaded, and cannot swap.
    let mut line = database.pool.begin().await.unwrap();
    sqlx::query("SELECT FROM ledger.projections WHERE name = 'balance' FOR UPDATE")
        .execute(&mut *line)
        .await
        .unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let copy = database.clone();
    runtime.spawn(async move {
        let ledger = crate::world::ledger(&copy).await;
        rebuild(&ledger, AMPLE).await;
    });
    let loaded = "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) \
                  WHERE a.datname = current_database() AND NOT l.granted AND a.query LIKE '%FOR UPDATE%'";
    eventually("it waits to swap", async || database.count(loaded).await > 0).await;
    assert!(leftovers(&database).await > 0);
    runtime.shutdown_background();
    line.rollback().await.unwrap();

    views.until(ledger.execute(&context(), &Add(id(1), 1)).await.unwrap().position).await;
    assert_eq!(views.0.differences().await.unwrap(), []);
    let built = rebuild(&ledger, AMPLE).await;
    assert_eq!(built.differing, Some(0));
    assert_eq!(leftovers(&database).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_swap_that_waited_for_the_one_who_follows_does_not_take_the_view_back() {
    let database = Arc::new(Database::create().await);
    let ledger = ledger(&database).await;
    let views = start(&ledger, both()).await;
    views.until(history(&ledger).await).await;
    // Somebody follows the view: he holds its line, and is about to show an event that is not there yet.
    let mut following = database.pool.begin().await.unwrap();
    sqlx::query("UPDATE ledger.projections SET position = position + 1 WHERE name = 'balance'")
        .execute(&mut *following)
        .await
        .unwrap();
    let rebuilding = ledger.clone();
    let rebuilt = tokio::spawn(async move { rebuild(&rebuilding, AMPLE).await });
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                 AND wait_event_type = 'Lock' AND query LIKE '%FOR UPDATE%'";
    eventually("it waits to swap", async || database.count(waits).await > 0).await;
    let head = ledger.execute(&context(), &Add(id(1), 1)).await.unwrap().position;
    following.commit().await.unwrap();
    assert_eq!(rebuilt.await.unwrap().position, head);
    assert_eq!(balances(&ledger, &[id(1)]).await[&id(1)].balance, 4);
}

#[tokio::test]
async fn the_tables_of_an_older_version_are_read_until_those_of_the_new_one_are_built_and_then_removed() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    let old = following::<BalanceView<1>>(&ledger).await;
    let head = history(&ledger).await;
    old.until(head).await;
    // A table that only the old version has.
    database
        .run(
            "CREATE TABLE view.balance_old (id uuid); \
             UPDATE ledger.projections SET tables = tables || '{balance_old}'::text[]",
        )
        .await;
    let mut reader = database.pool.begin().await.unwrap();
    let reading = "SELECT count(*) FROM view.balance";
    assert_eq!(sqlx::query_scalar::<_, i64>(reading).fetch_one(&mut *reader).await.unwrap(), 6);
    let new = following::<BalanceView<2>>(&ledger).await;
    let built = "SELECT count(*) FROM pg_tables WHERE schemaname = 'next_balance'";
    eventually("the new tables are built", async || database.count(built).await == 2).await;
    assert_eq!(sqlx::query_scalar::<_, i64>(reading).fetch_one(&mut *reader).await.unwrap(), 6);
    reader.rollback().await.unwrap();
    new.until(head).await;
    assert_eq!(database.count("SELECT count(*) FROM pg_tables WHERE tablename = 'balance_old'").await, 0);
    eventually("the old process says that it is outdated", async || {
        old.0.states()[0].1.halted().is_some_and(|reason| reason.contains("newer version"))
    })
    .await;
    assert_eq!(new.0.differences().await.unwrap(), []);
}

#[tokio::test]
async fn a_view_that_is_far_behind_is_built_up_to_the_end_instead_of_compared() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    for n in 1..=10 {
        ledger.execute(&context(), &Add(id(n), 1)).await.unwrap();
    }
    let built = rebuild(&ledger, AMPLE).await;
    assert_eq!((built.rows, built.position, built.differing), (10, 10, None));
}
