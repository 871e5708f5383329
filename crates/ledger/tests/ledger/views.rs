//! Views follow the ledger exactly once, equal their rebuild, and stop rather than skip.

use std::sync::Arc;
use std::time::Duration;

use lethe_ledger::{LedgerError, ViewsBuilder};
use proptest::prelude::*;

use crate::bank::{Strange, StrangeEvent};
use crate::postgres::Database;
use crate::view::{BalanceView, PATIENCE, balances, both, caught_up, following, start};
use crate::works::{Add, Enter, Estrange, Rename};
use crate::world::{Process, context, eventually, id, insist, ledger};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_view_counts_every_event_exactly_once_though_its_process_is_killed_again_and_again() {
    const EVENTS: i64 = 300;
    let database = Arc::new(Database::create().await);
    let writer = ledger(&database).await;
    let writing = tokio::spawn(async move {
        for n in 0..EVENTS {
            writer.execute(&context(), &Add(id(n.unsigned_abs().into()).min(id(5)), 1)).await.unwrap();
        }
        writer
    });
    for killed_at in [10, 80, 150, 220] {
        let process = Process::start(&database, both()).await;
        caught_up(&process.views, killed_at).await;
        process.kill();
    }
    let writer = writing.await.unwrap();
    let views = start(&writer, both()).await;
    views.until(EVENTS).await;
    let sum = "SELECT sum(balance)::bigint FROM view.balance";
    let children = "SELECT sum(amount)::bigint FROM view.balance_amount";
    let counted = "SELECT sum(events)::bigint FROM view.event_count";
    for sql in [sum, children, counted] {
        assert_eq!(database.count(sql).await, EVENTS, "{sql}");
    }
    assert_eq!(views.0.differences().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_that_follow_the_same_view_do_not_double() {
    let database = Database::create().await;
    let (one, other) = (ledger(&database).await, ledger(&database).await);
    let (first, second) = (start(&one, both()).await, start(&other, both()).await);
    for n in 0..100_u128 {
        let ledger = if n.is_multiple_of(2) { &one } else { &other };
        insist(ledger, &Add(id(n % 3), 1)).await.unwrap();
    }
    first.until(100).await;
    second.until(100).await;
    assert_eq!(database.count("SELECT sum(balance)::bigint FROM view.balance").await, 100);
    assert_eq!(database.count("SELECT sum(events)::bigint FROM view.event_count").await, 100);
    assert_eq!(first.0.differences().await.unwrap(), []);
    assert!(second.0.states().iter().all(|(_, state)| state.halted().is_none()));
}

#[tokio::test]
async fn a_row_that_differs_from_its_rebuild_is_found() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    let views = start(&ledger, both()).await;
    for account in 1..=4 {
        ledger.execute(&context(), &Enter { account: id(account), book: id(9) }).await.unwrap();
    }
    views.until(12).await;
    assert_eq!(views.0.differences().await.unwrap(), []);
    database
        .run(&format!(
            "UPDATE view.balance SET balance = 2 WHERE id = '{}'; \
             UPDATE view.balance_amount SET amount = 2 WHERE account_id = '{}'; \
             DELETE FROM view.balance WHERE id = '{}'; \
             INSERT INTO view.event_count VALUES ('{}', 1)",
            id(1),
            id(2),
            id(3),
            id(5)
        ))
        .await;
    let mut wrong = views.0.differences().await.unwrap();
    wrong.sort_unstable();
    let balance = |account| ("balance", id(account));
    assert_eq!(wrong, [balance(1), balance(2), balance(3), ("event_count", id(5))]);
}

#[tokio::test]
async fn a_view_that_meets_an_unreadable_event_halts_says_so_and_does_not_skip_while_others_go_on() {
    const MARKER: &str = "marker-in-an-unreadable-event";
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    let views = start(&ledger, both()).await;
    ledger.execute(&context(), &Add(id(1), 1)).await.unwrap();
    views.until(1).await;
    let strange = StrangeEvent::Strange(Strange { text: MARKER.into() });
    ledger.execute(&context(), &Estrange(id(2), strange)).await.unwrap();
    ledger.execute(&context(), &Add(id(1), 1)).await.unwrap();

    assert!(views.0.reached(&["event_count"], 3, PATIENCE).await.unwrap());
    let halted = || views.0.states().into_iter().find(|(name, _)| *name == "balance").unwrap().1;
    eventually("the view says that it halted", async || halted().halted().is_some()).await;
    let reason = halted().halted().unwrap().to_owned();
    assert!(reason.contains("position 2 (account.strange version 2)"), "{reason}");
    assert!(!reason.contains(MARKER), "{reason}");
    assert_eq!(halted().position, 1);
    assert!(!views.0.reached(&["balance"], 2, Duration::ZERO).await.unwrap());
    assert_eq!(balances(&ledger, &[id(1)]).await[&id(1)].balance, 1);
    let checkpoint = "SELECT position FROM ledger.projections WHERE name = 'balance'";
    assert_eq!(database.count(checkpoint).await, 1);
}

#[tokio::test]
async fn a_new_version_of_a_view_rebuilds_it_and_an_older_one_does_not_start() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    let old = following::<BalanceView<1>>(&ledger).await;
    for _ in 0..3 {
        ledger.execute(&context(), &Add(id(1), 1)).await.unwrap();
    }
    old.until(3).await;
    database.run("UPDATE view.balance SET balance = 99; UPDATE view.balance_amount SET amount = 99").await;

    let new = following::<BalanceView<2>>(&ledger).await;
    new.until(3).await;
    assert_eq!(balances(&ledger, &[id(1)]).await[&id(1)].balance, 3);
    assert_eq!(new.0.differences().await.unwrap(), []);

    // The process that still runs the old version stops at the next event instead of writing into the new tables.
    ledger.execute(&context(), &Add(id(1), 1)).await.unwrap();
    new.until(4).await;
    eventually("the old version halts", async || old.0.states()[0].1.halted().is_some()).await;
    assert_eq!(balances(&ledger, &[id(1)]).await[&id(1)].balance, 4);
    let late = ViewsBuilder::default().with::<BalanceView<1>>().start(ledger.parts().clone()).await;
    assert!(matches!(late.err(), Some(LedgerError::NewerVersion)));
}

#[tokio::test]
async fn a_checkpoint_beyond_the_end_of_the_ledger_forces_a_rebuild() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    following::<BalanceView<1>>(&ledger).await.until(0).await;
    ledger.execute(&context(), &Add(id(1), 5)).await.unwrap();
    // As after a restore of an earlier ledger: rows of events that are no more, and a checkpoint to match.
    database.run("UPDATE ledger.projections SET position = 50; UPDATE view.balance SET balance = 99").await;
    let views = following::<BalanceView<1>>(&ledger).await;
    views.until(1).await;
    assert_eq!(balances(&ledger, &[id(1)]).await[&id(1)].balance, 5);
    assert_eq!(views.0.differences().await.unwrap(), []);
}

#[tokio::test]
async fn what_was_acknowledged_is_in_the_view_that_reached_its_position() {
    let database = Database::create().await;
    let (writer, reader) = (ledger(&database).await, ledger(&database).await);
    let (near, far) =
        (following::<BalanceView<1>>(&writer).await, following::<BalanceView<1>>(&reader).await);
    for n in 1..=20 {
        let done = writer.execute(&context(), &Add(id(1), 1)).await.unwrap();
        let views = if n % 10 == 0 { &far } else { &near };
        views.until(done.position).await;
        let row = &balances(&reader, &[id(1)]).await[&id(1)];
        assert_eq!((row.balance, row.version, row.amounts.len()), (n, n, usize::try_from(n).unwrap()));
    }
    // A position that does not exist yet is not reached, and the caller is told.
    assert!(!near.0.reached(&["balance"], 21, Duration::ZERO).await.unwrap());
}

#[tokio::test]
async fn a_view_that_nobody_runs_is_refused_and_never_reached() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    let views = following::<BalanceView<1>>(&ledger).await;
    for names in [&["event_count"][..], &["balance", "balances"], &[""]] {
        let found = views.0.reached(names, 0, Duration::ZERO).await;
        assert!(matches!(found, Err(LedgerError::UnknownView(_))), "{names:?}");
    }
    assert!(views.0.reached(&["balance"], 0, Duration::ZERO).await.unwrap());
}

#[tokio::test]
async fn rows_can_be_read_as_they_were_at_any_position() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    for n in 1..=5 {
        ledger.execute(&context(), &Add(id(n % 2), 1)).await.unwrap();
    }
    for (until, balance) in [(0, None), (1, Some(1)), (2, Some(1)), (3, Some(2)), (5, Some(3))] {
        let rows = ledger.parts().rows_at::<BalanceView<1>>(&[id(1)], until).await.unwrap();
        assert_eq!(rows.get(&id(1)).map(|row| row.balance), balance, "at {until}");
        assert!(rows.len() < 2);
    }
}

#[derive(Clone, Debug)]
enum Step {
    Add(u128, i64),
    Rename(u128, usize),
    Enter(u128),
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..4_u128, -3..5_i64).prop_map(|(account, amount)| Step::Add(account, amount)),
        2 => (0..4_u128, 0..3_usize).prop_map(|(account, name)| Step::Rename(account, name)),
        2 => (0..4_u128).prop_map(Step::Enter),
        1 => Just(Step::Restart),
    ];
    proptest::collection::vec(step, 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn after_any_history_every_view_equals_its_rebuild(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let database = Arc::new(Database::create().await);
            let ledger = ledger(&database).await;
            let mut process = Process::start(&database, both()).await;
            for step in steps {
                // Some are refused, which is part of a history.
                match step {
                    Step::Add(n, amount) => drop(ledger.execute(&context(), &Add(id(n), amount)).await),
                    Step::Rename(n, name) => {
                        let work = Rename(id(n), ["Åse", "Bo", "Cilie"][name]);
                        ledger.execute(&context(), &work).await.unwrap();
                    }
                    Step::Enter(n) => {
                        let work = Enter { account: id(n), book: id(9) };
                        ledger.execute(&context(), &work).await.unwrap();
                    }
                    Step::Restart => {
                        process.kill();
                        process = Process::start(&database, both()).await;
                    }
                }
            }
            let head = ledger.parts().head().await.unwrap();
            caught_up(&process.views, head).await;
            assert_eq!(process.views.differences().await.unwrap(), []);
            let counted = "SELECT coalesce(sum(events), 0)::bigint FROM view.event_count";
            assert_eq!(database.count(counted).await, head);
        });
    }
}
