//! Long streams are loaded from a snapshot, which is nothing but a shortcut.

use lethe_kernel::ErrorCode;
use lethe_ledger::{Answer, Failure, UnitOfWork, Work};
use uuid::Uuid;

use crate::bank::Account;
use crate::postgres::Database;
use crate::works::{Add, Rename};
use crate::world::{code, context, eventually, id, ledger};

/// Adds 1 again and again.
struct AddOften(Uuid, usize);

impl Work for AddOften {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        for _ in 0..self.1 {
            Add(self.0, 1).run(unit).await?;
        }
        Ok(Answer::default())
    }
}

/// Answers only if the account is as expected.
struct Look(Uuid, i64, i64);

impl Work for Look {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        let version = unit.version::<Account>(self.0).await?;
        let account = unit.load::<Account>(self.0).await?;
        assert_eq!((account.balance, version), (self.1, self.2));
        assert!(account.name.is_some());
        Ok(Answer::default())
    }
}

async fn long(database: &Database) {
    let ledger = ledger(database).await;
    ledger.execute(&context(), &Rename(id(1), "Åse Sjö")).await.unwrap();
    ledger.execute(&context(), &AddOften(id(1), 250)).await.unwrap();
    kept(database, 251).await;
}

async fn kept(database: &Database, version: i64) {
    eventually("a snapshot is kept", async || {
        database.count("SELECT coalesce(max(sequence), 0) FROM ledger.snapshots").await == version
    })
    .await;
}

#[tokio::test]
async fn a_long_stream_is_read_from_its_snapshot_and_what_came_after_it() {
    let database = Database::create().await;
    long(&database).await;
    let other = ledger(&database).await;
    other.execute(&context(), &Look(id(1), 250, 251)).await.unwrap();
    other.execute(&context(), &AddOften(id(1), 30)).await.unwrap();
    ledger(&database).await.execute(&context(), &Look(id(1), 280, 281)).await.unwrap();
    assert_eq!(database.count("SELECT sequence FROM ledger.snapshots").await, 251, "not worth a new one");
    // That it is read at all: one with another balance is believed.
    database
        .run("UPDATE ledger.snapshots SET state = replace(state::text, '\"balance\":250', '\"balance\":0')::json")
        .await;
    ledger(&database).await.execute(&context(), &Look(id(1), 30, 281)).await.unwrap();
    let refused = ledger(&database).await.execute(&context(), &Add(id(1), -31)).await.unwrap_err();
    assert_eq!(code(&refused), Some(ErrorCode::RuleViolated));
}

#[tokio::test]
async fn a_snapshot_of_another_program_or_of_another_form_is_not_read_and_is_replaced() {
    let database = Database::create().await;
    for damage in [
        "program = '\\x00', state = replace(state::text, '\"balance\":250', '\"balance\":0')::json",
        "state = '{}'",
        "state = '[]'",
    ] {
        if database.count("SELECT count(*) FROM ledger.snapshots").await == 0 {
            long(&database).await;
        }
        database.run(&format!("UPDATE ledger.snapshots SET sequence = 200, {damage}")).await;
        ledger(&database).await.execute(&context(), &Look(id(1), 250, 251)).await.unwrap();
        kept(&database, 251).await;
    }
    database.run("DELETE FROM ledger.snapshots").await;
    ledger(&database).await.execute(&context(), &Look(id(1), 250, 251)).await.unwrap();
    kept(&database, 251).await;
}

#[tokio::test]
async fn personal_values_in_a_snapshot_are_sealed() {
    let database = Database::create().await;
    long(&database).await;
    assert_eq!(
        database.count("SELECT count(*) FROM ledger.snapshots WHERE state::text ~ 'Åse|Sjö'").await,
        0
    );
    assert_eq!(
        database
            .count(
                "SELECT count(*) FROM ledger.snapshots WHERE state::json->>'name' ~ '^[A-Za-z0-9_-]{80,}$'"
            )
            .await,
        1
    );
}
