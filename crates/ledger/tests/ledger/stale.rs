//! A process whose memory is old: what another process appended in the meantime is never overlooked.

use lethe_kernel::{ErrorCode, UserError};
use lethe_ledger::{Answer, Failure, UnitOfWork, Work};
use uuid::Uuid;

use crate::bank::Account;
use crate::postgres::Database;
use crate::works::{Add, Close, Enter, Rename};
use crate::world::{code, context, id, ledger, rows};

/// Takes an amount from the first account if both together keep as much; only the first is written.
struct TakeFromBoth(Uuid, Uuid, i64);

impl Work for TakeFromBoth {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        let Self(from, other, amount) = *self;
        let both = unit.load::<Account>(from).await?.balance + unit.load::<Account>(other).await?.balance;
        if both - amount < 50 {
            return Err(UserError::new(ErrorCode::RuleViolated, "Both together must keep 50.").into());
        }
        Add(from, -amount).run(unit).await
    }
}

#[tokio::test]
async fn a_refusal_from_old_memory_is_not_answered() {
    let database = Database::create().await;
    let (old, other) = (ledger(&database).await, ledger(&database).await);
    old.execute(&context(), &Add(id(1), 10)).await.unwrap();
    other.execute(&context(), &Add(id(1), 100)).await.unwrap();
    assert_eq!(old.execute(&context(), &Add(id(1), -50)).await.unwrap().position, 3);
    // The other way round: what was allowed when it was read is refused now.
    let refused = other.execute(&context(), &Add(id(1), -100)).await.unwrap_err();
    assert_eq!(code(&refused), Some(ErrorCode::RuleViolated));
}

#[tokio::test]
async fn a_decision_to_change_nothing_from_old_memory_is_not_answered() {
    let database = Database::create().await;
    let (old, other) = (ledger(&database).await, ledger(&database).await);
    old.execute(&context(), &Rename(id(1), "Åse")).await.unwrap();
    other.execute(&context(), &Rename(id(1), "Bo")).await.unwrap();
    assert_eq!(old.execute(&context(), &Rename(id(1), "Åse")).await.unwrap().position, 3);
    // Nothing changes now, and the position is that of the ledger, not of the memory.
    other.execute(&context(), &Add(id(2), 1)).await.unwrap();
    assert_eq!(old.execute(&context(), &Rename(id(1), "Åse")).await.unwrap().position, 4);
    assert_eq!(rows(&database).await[0], 4);
}

#[tokio::test]
async fn two_processes_cannot_each_take_what_only_one_may() {
    let database = Database::create().await;
    let (old, other) = (ledger(&database).await, ledger(&database).await);
    for account in [id(1), id(2)] {
        old.execute(&context(), &Add(account, 50)).await.unwrap();
    }
    other.execute(&context(), &TakeFromBoth(id(2), id(1), 50)).await.unwrap();
    // The stream that is written has not changed, the one that is only looked at has.
    let skewed = old.execute(&context(), &TakeFromBoth(id(1), id(2), 50)).await.unwrap_err();
    assert_eq!(code(&skewed), Some(ErrorCode::RuleViolated));
    assert_eq!(rows(&database).await[0], 3);
}

#[tokio::test]
async fn a_rehearsal_from_old_memory_is_not_answered() {
    let database = Database::create().await;
    let (old, other) = (ledger(&database).await, ledger(&database).await);
    old.execute(&context(), &Enter { account: id(1), book: id(9) }).await.unwrap();
    other.execute(&context(), &Close(id(9))).await.unwrap();
    let refused = old.rehearse(&context(), &Enter { account: id(2), book: id(9) }).await.unwrap_err();
    assert_eq!(code(&refused), Some(ErrorCode::Ended));
}

#[tokio::test]
async fn a_key_that_another_process_destroyed_seals_nothing_more() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    ledger.execute(&context(), &Rename(id(1), "Åse")).await.unwrap();
    database.run("DELETE FROM vault.keys").await;
    for name in ["Bo", "Åse"] {
        let failure = ledger.execute(&context(), &Rename(id(1), name)).await.unwrap_err();
        assert!(matches!(failure, Failure::Failed(_)), "{failure}");
    }
    assert_eq!(rows(&database).await, [1, 1, 0]);
}
