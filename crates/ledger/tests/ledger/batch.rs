//! A batch in which much goes wrong: each unit gets its own answer, and none of them that of a neighbour.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lethe_kernel::{ErrorCode, UserError};
use lethe_ledger::{Answer, Committed, Context, Failure, Ledger, LedgerError, UnitOfWork, Work};
use tokio::task::JoinHandle;

use crate::bank::{AccountEvent, Raw};
use crate::postgres::Database;
use crate::works::{Add, Append, Counted};
use crate::world::{LOCK, appends_waiting, code, context, eventually, id, keyed, ledger, rows};

/// Adds something to an account, and refuses to be run again, so that a conflict is seen.
struct Once(Add, AtomicUsize);

impl Work for Once {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        let answer = self.0.run(unit).await?;
        match self.1.fetch_add(1, Ordering::SeqCst) {
            0 => Ok(answer),
            _ => Err(UserError::new(ErrorCode::StaleVersion, "Decided again.").into()),
        }
    }
}

/// Adds something to many accounts at once.
struct AddToAll(std::ops::Range<u128>);

impl Work for AddToAll {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        for account in self.0.clone() {
            Add(id(account), 1).run(unit).await?;
        }
        Ok(Answer::default())
    }
}

type Task = JoinHandle<Result<Committed, Failure>>;

fn give(
    ledger: &Ledger,
    context: Context,
    work: impl Work + Send + 'static,
    begun: &Arc<AtomicUsize>,
) -> Task {
    let (ledger, work) = (ledger.clone(), Counted(work, begun.clone()));
    tokio::spawn(async move { ledger.execute(&context, &work).await })
}

/// This test runs on one thread, so a unit whose work has run is in the queue whenever the test looks.
#[tokio::test]
async fn of_a_hundred_units_thirty_conflict_ten_are_repeated_one_is_malformed_and_fifty_nine_are_in() {
    let database = Database::create().await;
    let (ledger, rival) = (ledger(&database).await, ledger(&database).await);
    ledger.execute(&context(), &AddToAll(0..30)).await.unwrap();
    let mut earlier = Vec::new();
    for key in 0..10 {
        earlier.push(ledger.execute(&keyed(key, b"+1"), &Add(id(100 + key), 1)).await.unwrap());
    }
    let before = rows(&database).await[0];
    let begun = Arc::new(AtomicUsize::new(0));
    let mut holder = database.pool.acquire().await.unwrap();
    sqlx::query(&format!("SELECT pg_advisory_lock({LOCK})")).execute(&mut *holder).await.unwrap();
    // The writer waits with this one while the others queue up behind it …
    let first = give(&ledger, context(), Add(id(999), 1), &begun);
    appends_waiting(&database, 1).await;
    // … and a rival who waits for the lock gets it before the writer's next batch.
    let ahead = give(&rival, context(), AddToAll(0..30), &begun);
    appends_waiting(&database, 2).await;
    let conflicting: Vec<Task> =
        (0..30).map(|n| give(&ledger, context(), Once(Add(id(n), 1), AtomicUsize::new(0)), &begun)).collect();
    let repeated: Vec<Task> =
        (0..10).map(|n| give(&ledger, keyed(n, b"+1"), Add(id(100 + n), 1), &begun)).collect();
    let nul = AccountEvent::Marked { kind: "account.\0marked".to_owned(), mark: Raw::new("{}") };
    let malformed = give(&ledger, context(), Append(id(200), nul), &begun);
    let good: Vec<Task> = (0..59).map(|n| give(&ledger, context(), Add(id(300 + n), 1), &begun)).collect();
    eventually("all have been decided", async || begun.load(Ordering::SeqCst) == 102).await;
    sqlx::query(&format!("SELECT pg_advisory_unlock({LOCK})")).execute(&mut *holder).await.unwrap();

    first.await.unwrap().unwrap();
    ahead.await.unwrap().unwrap();
    for task in conflicting {
        assert_eq!(code(&task.await.unwrap().unwrap_err()), Some(ErrorCode::StaleVersion));
    }
    for (task, earlier) in repeated.into_iter().zip(earlier) {
        let answer = task.await.unwrap().unwrap();
        assert_eq!(
            (answer.position, answer.objects, answer.repeated),
            (earlier.position, earlier.objects, true)
        );
    }
    let failure = malformed.await.unwrap().unwrap_err();
    assert!(matches!(failure, Failure::Failed(LedgerError::Append(_))), "{failure}");
    let mut positions = Vec::new();
    for task in good {
        positions.push(task.await.unwrap().unwrap().position);
    }
    positions.sort_unstable();
    // Without a gap, behind the 31 of the two that were waiting before them.
    assert_eq!(positions, (before + 32..before + 91).collect::<Vec<_>>());
    assert_eq!(rows(&database).await[0], before + 90);
    let sql =
        format!("SELECT count(DISTINCT recorded_at) FROM ledger.events WHERE position >= {}", before + 32);
    assert_eq!(database.count(&sql).await, 1, "they were not one batch");
}

#[tokio::test]
async fn of_units_in_one_batch_that_decided_on_the_same_stream_the_first_is_in_and_the_others_decide_anew() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    ledger.execute(&context(), &Add(id(1), 10)).await.unwrap();
    let begun = Arc::new(AtomicUsize::new(0));
    let mut holder = database.pool.acquire().await.unwrap();
    sqlx::query(&format!("SELECT pg_advisory_lock({LOCK})")).execute(&mut *holder).await.unwrap();
    let first = give(&ledger, context(), Add(id(999), 1), &begun);
    appends_waiting(&database, 1).await;
    let tasks: Vec<Task> = (0..20).map(|_| give(&ledger, context(), Add(id(1), -1), &begun)).collect();
    eventually("all have been decided", async || begun.load(Ordering::SeqCst) == 21).await;
    sqlx::query(&format!("SELECT pg_advisory_unlock({LOCK})")).execute(&mut *holder).await.unwrap();
    first.await.unwrap().unwrap();
    let (mut done, mut refused) = (0, 0);
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => done += 1,
            Err(failure) => {
                let code = code(&failure);
                assert!(matches!(code, Some(ErrorCode::RuleViolated | ErrorCode::Conflict)), "{failure}");
                refused += 1;
            }
        }
    }
    // Never more than there was; fewer only if somebody gave up after many conflicts.
    assert!(done <= 10 && done + refused == 20 && done > 0, "{done} {refused}");
    assert_eq!(rows(&database).await[0], 2 + done);
}

/// What a client sends as soon as it was answered goes into one batch with what waited meanwhile. Otherwise two clients
/// would each wait for a commit that has nothing but the command of the other.
#[tokio::test]
async fn two_clients_who_send_again_when_they_are_answered_share_commits() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    ledger.execute(&context(), &AddToAll(0..2)).await.unwrap();
    let clients = [0, 1].map(|account| {
        let ledger = ledger.clone();
        tokio::spawn(async move {
            for _ in 0..20 {
                ledger.execute(&context(), &Add(id(account), 1)).await.unwrap();
            }
        })
    });
    for client in clients {
        client.await.unwrap();
    }
    assert_eq!(rows(&database).await[0], 42);
    let commits = database.count("SELECT count(DISTINCT xmin::text) FROM ledger.events").await;
    assert!(commits < 30, "{commits} commits of 41 commands");
}
