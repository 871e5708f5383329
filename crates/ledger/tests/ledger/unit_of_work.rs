//! A unit of work is appended wholly or not at all.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lethe_kernel::ErrorCode;
use lethe_ledger::{Failure, LedgerError};

use crate::bank::{AccountEvent, Raw};
use crate::postgres::Database;
use crate::works::{Add, Append, Close, Counted, Enter, Rename, Tally};
use crate::world::{LOCK, appends_waiting, code, context, eventually, id, keyed, ledger, rows};

#[tokio::test]
async fn a_unit_over_two_aggregates_is_appended_wholly_and_side_by_side() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    let done = ledger.execute(&context(), &Enter { account: id(10), book: id(11) }).await.unwrap();
    assert_eq!((done.position, done.repeated), (3, false));
    assert_eq!(done.objects, [id(10), id(11)]);
    let events = ledger.parts().after(0, 10).await.unwrap();
    let places: Vec<_> =
        events.iter().map(|event| (event.aggregate_type.as_str(), event.stream, event.sequence)).collect();
    assert_eq!(places, [("account", id(10), 1), ("book", id(11), 1), ("account", id(10), 2)]);
    assert_eq!(rows(&database).await, [3, 1, 1]);
}

#[tokio::test]
async fn a_refusal_by_the_second_aggregate_appends_nothing_of_the_first() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    ledger.execute(&context(), &Close(id(11))).await.unwrap();
    let before = rows(&database).await;
    let refused = ledger.execute(&context(), &Enter { account: id(10), book: id(11) }).await.unwrap_err();
    assert_eq!(code(&refused), Some(ErrorCode::Ended));
    assert_eq!(rows(&database).await, before);
}

#[tokio::test]
async fn a_refused_command_stores_neither_event_nor_key_nor_command() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    let overdraw = ledger.execute(&keyed(1, b"-5"), &Add(id(10), -5)).await.unwrap_err();
    assert_eq!(code(&overdraw), Some(ErrorCode::RuleViolated));
    assert_eq!(rows(&database).await, [0, 0, 0]);
    // So the same key is free for the command once it is right.
    assert!(!ledger.execute(&keyed(1, b"5"), &Add(id(10), 5)).await.unwrap().repeated);
}

#[tokio::test]
async fn a_rehearsed_command_stores_nothing() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    let answer = ledger.rehearse(&keyed(1, b""), &Rename(id(10), "Åse")).await.unwrap();
    assert_eq!(answer.objects, [id(10)]);
    assert_eq!(rows(&database).await, [0, 0, 0]);
}

#[tokio::test]
async fn a_conflict_on_a_stream_only_read_appends_nothing_and_the_work_decides_anew() {
    let database = Database::create().await;
    let (ledger, rival) = (ledger(&database).await, ledger(&database).await);
    let tally = |disturbances| Tally {
        account: id(10),
        book: id(11),
        rival: &rival,
        disturbances,
        runs: AtomicUsize::new(0),
    };
    let work = tally(2);
    ledger.execute(&context(), &work).await.unwrap();
    assert_eq!(work.runs.load(Ordering::SeqCst), 3);
    let amounts: Vec<AccountEvent> = ledger
        .parts()
        .stream_until("account", &[id(10)], None)
        .await
        .unwrap()
        .iter()
        .map(|event| event.decode().unwrap())
        .collect();
    assert_eq!(amounts, [AccountEvent::Added { amount: 2 }]);
}

#[tokio::test]
async fn a_malformed_value_fails_alone_and_its_neighbours_in_the_batch_are_appended() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    let mut holder = database.pool.acquire().await.unwrap();
    sqlx::query(&format!("SELECT pg_advisory_lock({LOCK})")).execute(&mut *holder).await.unwrap();
    let begun = Arc::new(AtomicUsize::new(0));
    // The first unit makes the writer wait; all others are waiting behind it before it goes on. This test runs on one
    // thread, so a unit whose work has run is in the queue whenever the test looks.
    let append = |n: u128, kind: &str| {
        let event = AccountEvent::Marked { kind: kind.to_owned(), mark: Raw::new("{}") };
        let (ledger, work) = (ledger.clone(), Counted(Append(id(n), event), begun.clone()));
        tokio::spawn(async move { ledger.execute(&context(), &work).await })
    };
    let first = append(100, "account.marked");
    appends_waiting(&database, 1).await;
    let rest: Vec<_> =
        (0..9).map(|n| append(n, if n == 4 { "account.\0marked" } else { "account.marked" })).collect();
    eventually("all are waiting", async || begun.load(Ordering::SeqCst) == 10).await;
    sqlx::query(&format!("SELECT pg_advisory_unlock({LOCK})")).execute(&mut *holder).await.unwrap();

    first.await.unwrap().unwrap();
    for (n, task) in rest.into_iter().enumerate() {
        match task.await.unwrap() {
            Ok(_) => assert_ne!(n, 4),
            Err(Failure::Failed(LedgerError::Append(_))) => assert_eq!(n, 4),
            Err(failure) => panic!("unit {n}: {failure}"),
        }
    }
    assert_eq!(rows(&database).await, [9, 9, 0]);
    let positions = database.count("SELECT max(position) FROM ledger.events").await;
    assert_eq!(positions, 9);
}
