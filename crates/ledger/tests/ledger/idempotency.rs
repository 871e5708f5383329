//! The same key gives the same outcome, and nothing of what was sent is kept for it.

use std::sync::Arc;

use lethe_kernel::ErrorCode;
use lethe_ledger::{Context, Idempotency};
use tokio::task::JoinSet;

use crate::postgres::Database;
use crate::works::{Add, Rename};
use crate::world::{caller, code, context, id, keyed, ledger, rows};

#[tokio::test]
async fn a_repetition_answers_with_the_same_objects_and_position_and_appends_nothing() {
    let database = Database::create().await;
    let (one, other) = (ledger(&database).await, ledger(&database).await);
    let first = one.execute(&keyed(1, b"+5"), &Add(id(10), 5)).await.unwrap();
    one.execute(&context(), &Add(id(10), 1)).await.unwrap();
    let before = rows(&database).await;
    for ledger in [&one, &other] {
        let again = ledger.execute(&keyed(1, b"+5"), &Add(id(10), 5)).await.unwrap();
        assert!(again.repeated);
        assert_eq!((&again.objects, again.position), (&first.objects, first.position));
    }
    assert_eq!(rows(&database).await, before);
}

#[tokio::test]
async fn a_command_that_changed_nothing_is_remembered_too() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    ledger.execute(&context(), &Rename(id(10), "Åse")).await.unwrap();
    let first = ledger.execute(&keyed(1, b"name"), &Rename(id(10), "Åse")).await.unwrap();
    ledger.execute(&context(), &Rename(id(10), "Bo")).await.unwrap();
    let again = ledger.execute(&keyed(1, b"name"), &Rename(id(10), "Åse")).await.unwrap();
    assert_eq!((first.position, again.position, again.repeated), (1, 1, true));
    assert_eq!(database.count("SELECT count(*) FROM ledger.events").await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_at_once_through_two_processes_have_one_effect() {
    let database = Database::create().await;
    let ledgers = [ledger(&database).await, ledger(&database).await];
    for round in 0..5 {
        let barrier = Arc::new(tokio::sync::Barrier::new(16));
        let mut tasks = JoinSet::new();
        for n in 0..16_usize {
            let (ledger, barrier) = (ledgers[n % 2].clone(), barrier.clone());
            tasks.spawn(async move {
                barrier.wait().await;
                ledger.execute(&keyed(round, b"+5"), &Add(id(10), 5)).await.unwrap()
            });
        }
        let answers = tasks.join_all().await;
        assert_eq!(answers.iter().filter(|answer| !answer.repeated).count(), 1);
        let position = i64::try_from(round).unwrap() + 1;
        assert!(answers.iter().all(|answer| answer.position == position && answer.objects == [id(10)]));
    }
    assert_eq!(rows(&database).await, [5, 5, 1]);
}

#[tokio::test]
async fn the_same_key_with_another_input_is_refused_and_nothing_is_appended() {
    let database = Database::create().await;
    let (one, other) = (ledger(&database).await, ledger(&database).await);
    one.execute(&keyed(1, b"+5"), &Add(id(10), 5)).await.unwrap();
    let before = rows(&database).await;
    for ledger in [&one, &other] {
        let reused = ledger.execute(&keyed(1, b"+6"), &Add(id(10), 6)).await.unwrap_err();
        assert_eq!(code(&reused), Some(ErrorCode::IdempotencyKeyReused));
    }
    assert_eq!(rows(&database).await, before);
}

#[tokio::test]
async fn the_same_key_of_another_user_or_mutation_is_another_command() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    let mine = keyed(1, b"+5");
    let theirs = Context { caller: caller(99), ..mine.clone() };
    let key = Idempotency { mutation: "accountWithdraw", ..mine.idempotency.clone().unwrap() };
    let elsewhere = Context { idempotency: Some(key), ..mine.clone() };
    for context in [&mine, &theirs, &elsewhere] {
        assert!(!ledger.execute(context, &Add(id(10), 5)).await.unwrap().repeated);
    }
    assert_eq!(database.count("SELECT count(*) FROM ledger.events").await, 3);
}

#[tokio::test]
async fn the_table_of_commands_keeps_neither_the_input_nor_a_plain_digest_of_it() {
    const MARKER: &[u8] = b"marker-of-an-input";
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    let done = ledger.execute(&keyed(1, MARKER), &Rename(id(10), "Åse")).await.unwrap();
    let row: String =
        sqlx::query_scalar("SELECT c::text FROM ledger.commands c").fetch_one(&database.pool).await.unwrap();
    assert!(row.contains(&done.object().to_string()), "{row}");
    let forbidden: Vec<String> = sqlx::query_scalar(
        "SELECT unnest(ARRAY[convert_from($1, 'UTF8'), encode($1, 'hex'), encode(sha256($1), 'hex'), \
         encode(sha512($1), 'hex'), md5($1), encode($1, 'base64')])",
    )
    .bind(MARKER)
    .fetch_all(&database.pool)
    .await
    .unwrap();
    for text in forbidden {
        assert!(!row.contains(&text), "{text} is in {row}");
    }
}
