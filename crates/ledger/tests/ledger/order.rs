//! One order for all events: dense, in the order of commits, and readable with a cursor of one number.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta};
use lethe_kernel::Clock;
use lethe_ledger::{Cutoff, Ledger};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::postgres::Database;
use crate::view::PATIENCE;
use crate::works::Add;
use crate::world::{appends_waiting, context, id, insist, ledger, ledger_with};

/// Reads with a cursor from the beginning to `last`; fails if an event comes late or is missing.
async fn read_to(ledger: Ledger, last: i64) -> Vec<(Uuid, i64)> {
    let (mut seen, mut cursor) = (Vec::new(), 0);
    let begin = Instant::now();
    while cursor < last {
        assert!(begin.elapsed() < Duration::from_mins(1), "nothing behind {cursor}");
        for event in ledger.parts().after(cursor, 100).await.unwrap() {
            cursor += 1;
            assert_eq!(event.position, cursor, "the event at {cursor} was missed");
            seen.push((event.stream, event.sequence));
        }
    }
    seen
}

fn assert_streams_in_order(seen: &[(Uuid, i64)]) {
    let mut versions = std::collections::HashMap::new();
    for (stream, sequence) in seen {
        let version = versions.entry(stream).or_insert(0);
        *version += 1;
        assert_eq!(sequence, version);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn positions_are_dense_and_in_commit_order_under_concurrent_writers_of_two_processes() {
    const TASKS: u128 = 32;
    const UNITS: i64 = 8;
    let database = Database::create().await;
    let ledgers = [ledger(&database).await, ledger(&database).await];
    let all = i64::try_from(TASKS).unwrap() * UNITS;
    let reader = tokio::spawn(read_to(ledger(&database).await, all));
    let mut writers = JoinSet::new();
    for (task, ledger) in (0..TASKS).zip(ledgers.iter().cycle().cloned()) {
        writers.spawn(async move {
            let mut positions = Vec::new();
            for _ in 0..UNITS {
                // Several tasks of both processes share each stream.
                positions.push(insist(&ledger, &Add(id(task % 12), 1)).await.unwrap().position);
            }
            positions
        });
    }
    let mut acknowledged: Vec<i64> = writers.join_all().await.into_iter().flatten().collect();
    acknowledged.sort_unstable();
    assert_eq!(acknowledged, (1..=all).collect::<Vec<_>>());
    assert_streams_in_order(&reader.await.unwrap());
}

/// Appends one event to a stream within a transaction of the test.
async fn append_by_hand(connection: &mut sqlx::PgConnection, stream: Uuid) {
    let metadata = format!(
        r#"{{"user":"{0}","unit":"{0}","role":"SYSTEM","command":"{0}","request":"{0}","correlation":"{0}","occurred":"2026-01-01T00:00:00Z"}}"#,
        Uuid::nil()
    );
    sqlx::query(
        "SELECT ledger.append(now(), ARRAY[ROW($1::uuid, 'applied', '{}', NULL, NULL, NULL, 1)]::ledger.new_unit[], \
         ARRAY[ROW(1, 'account', $1, 0)]::ledger.expectation[], '{}', '{}', '{}', '{}', \
         ARRAY[ROW(1, 0, 'account', $1, 1, 'account.added', '1', '{\"Added\":{\"amount\":1}}', $2, $1)]::ledger.new_event[])",
    )
    .bind(stream)
    .bind(metadata)
    .execute(connection)
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_misses_nothing_while_a_slow_transaction_holds_the_lock_and_another_is_rolled_back() {
    let database = Database::create().await;
    let ledgers = [ledger(&database).await, ledger(&database).await];
    let reader = tokio::spawn(read_to(ledger(&database).await, 9));
    let write = |n| {
        let writers = ledgers.iter().cloned().zip(n..);
        let tasks: JoinSet<_> = writers
            .map(|(ledger, n)| async move { ledger.execute(&context(), &Add(id(n), 1)).await.unwrap() })
            .collect();
        tasks.join_all()
    };
    for (round, commits) in [true, false, true].into_iter().enumerate() {
        let n = 100 * (1 + u128::try_from(round).unwrap());
        let mut slow = database.pool.begin().await.unwrap();
        append_by_hand(&mut slow, id(n)).await;
        let writers = write(n + 1);
        appends_waiting(&database, 2).await;
        if commits {
            slow.commit().await.unwrap();
        } else {
            slow.rollback().await.unwrap();
        }
        writers.await;
    }
    // Two slow ones that were committed, six others, and one more so that the reader ends behind them.
    ledgers[0].execute(&context(), &Add(id(1), 1)).await.unwrap();
    let seen = reader.await.unwrap();
    assert_eq!(seen.iter().filter(|(stream, _)| *stream == id(100) || *stream == id(300)).count(), 2);
    assert!(!seen.iter().any(|(stream, _)| *stream == id(200)));
    assert_eq!(database.count("SELECT count(*) FROM ledger.events").await, 9);
}

#[tokio::test]
async fn recorded_time_never_goes_back_when_the_clock_does() {
    let database = Database::create().await;
    let noon = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    let clock = Clock::fixed(noon);
    let ledger = ledger_with(&database, database.options.clone(), clock.clone()).await;
    for minutes in [0, -60, 10, -1] {
        clock.set(noon + TimeDelta::minutes(minutes));
        ledger.execute(&context(), &Add(id(1), 1)).await.unwrap();
    }
    let events = ledger.parts().after(0, 10).await.unwrap();
    let minutes = |at: DateTime<_>| (at - noon).num_minutes();
    assert_eq!(events.iter().map(|e| minutes(e.recorded_at)).collect::<Vec<_>>(), [0, 0, 10, 10]);
    // When it was decided is told as the clock told it.
    assert_eq!(
        events.iter().map(|e| minutes(e.metadata().unwrap().occurred)).collect::<Vec<_>>(),
        [0, -60, 10, -1]
    );
    for (at, position) in [(-1, 0), (0, 2), (9, 2), (10, 4), (99, 4)] {
        let cutoff = Cutoff::Time(noon + TimeDelta::minutes(at));
        assert_eq!(ledger.parts().position_at(cutoff).await.unwrap(), position, "as of minute {at}");
    }
}

#[tokio::test]
async fn a_process_notices_what_another_one_appended() {
    let database = Database::create().await;
    let (one, other) = (ledger(&database).await, ledger(&database).await);
    let mut head = other.parts().head_watch();
    one.execute(&context(), &Add(id(1), 1)).await.unwrap();
    let noticed = tokio::time::timeout(PATIENCE, head.wait_for(|position| *position > 0)).await;
    assert_eq!(*noticed.unwrap().unwrap(), 1);
}
