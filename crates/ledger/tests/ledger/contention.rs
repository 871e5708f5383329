//! Two units decide on the same version: one wins, the other decides anew.

use std::sync::atomic::{AtomicUsize, Ordering};

use lethe_kernel::ErrorCode;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::bank::Account;
use crate::postgres::Database;
use crate::works::{Add, Meeting, Tally, Transfer};
use crate::world::{code, context, id, insist, ledger};

#[tokio::test]
async fn of_two_units_decided_on_the_same_version_one_wins_and_the_other_decides_on_what_it_left() {
    let database = Database::create().await;
    let (one, other) = (ledger(&database).await, ledger(&database).await);
    one.execute(&context(), &Add(id(1), 100)).await.unwrap();
    let barrier = Barrier::new(2);
    let withdraw =
        || Meeting { work: Add(id(1), -70), account: id(1), barrier: &barrier, runs: AtomicUsize::new(0) };
    let (first, second) = (withdraw(), withdraw());
    let context = context();
    let (a, b) = tokio::join!(one.execute(&context, &first), other.execute(&context, &second));
    let (winner, loser) = if a.is_ok() { (a, b) } else { (b, a) };
    assert_eq!(winner.unwrap().position, 2);
    assert_eq!(code(&loser.unwrap_err()), Some(ErrorCode::RuleViolated));
    assert_eq!(first.runs.into_inner() + second.runs.into_inner(), 3);
    assert_eq!(database.count("SELECT count(*) FROM ledger.events").await, 2);
}

#[tokio::test]
async fn endless_contention_ends_in_conflict_and_nothing_is_appended() {
    let database = Database::create().await;
    let (ledger, rival) = (ledger(&database).await, ledger(&database).await);
    let work = Tally {
        account: id(10),
        book: id(11),
        rival: &rival,
        disturbances: usize::MAX,
        runs: AtomicUsize::new(0),
    };
    let failure = ledger.execute(&context(), &work).await.unwrap_err();
    assert_eq!(code(&failure), Some(ErrorCode::Conflict));
    assert!((2..100).contains(&work.runs.load(Ordering::SeqCst)));
    assert!(ledger.parts().stream_until("account", &[id(10)], None).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn units_that_overlap_in_opposite_order_do_not_deadlock() {
    let database = Database::create().await;
    let ledgers = [ledger(&database).await, ledger(&database).await];
    for account in [id(1), id(2)] {
        ledgers[0].execute(&context(), &Add(account, 1000)).await.unwrap();
    }
    let mut tasks = JoinSet::new();
    for n in 0..8_usize {
        let ledger = ledgers[n % 2].clone();
        let (from, to) = if n % 4 < 2 { (id(1), id(2)) } else { (id(2), id(1)) };
        tasks.spawn(async move {
            for _ in 0..10 {
                insist(&ledger, &Transfer(from, to, 3)).await.unwrap();
            }
        });
    }
    tasks.join_all().await;
    for account in [id(1), id(2)] {
        let mut balance = Account::default();
        for event in ledgers[1].parts().stream_until("account", &[account], None).await.unwrap() {
            cqrs_es::Aggregate::apply(&mut balance, event.decode().unwrap());
        }
        assert_eq!(balance.balance, 1000);
    }
    assert_eq!(database.count("SELECT count(*) FROM ledger.events").await, 2 + 8 * 10 * 2);
}
