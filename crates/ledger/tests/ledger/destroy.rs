//! Keys that a unit of work destroys: with its events or not at all, for good, and for nobody else.

use std::sync::Arc;

use lethe_kernel::{KeyClass, Personal, Subject, UserError};
use lethe_ledger::{Answer, Failure, Ledger, LedgerError, UnitOfWork, Work};
use lethe_vault::VaultError;
use uuid::Uuid;

use crate::bank::{Account, AccountEvent, Name, holder};
use crate::postgres::Database;
use crate::works::{Append, Rename};
use crate::world::{context, id, insist, keyed, ledger, rows};

/// Destroys the keys of an account's holder, and says so in another account.
struct Forget(Uuid);

const TOLD: Uuid = id(1 << 32);

impl Work for Forget {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        unit.destroy(holder(self.0), |class| class != KeyClass::Accounting).await?;
        unit.handle::<Account>(TOLD, (TOLD, AccountEvent::Added { amount: 1 })).await?;
        Ok(Answer::of(self.0))
    }
}

/// Destroys them too, and is then refused.
struct Refused(Uuid);

impl Work for Refused {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        unit.destroy(holder(self.0), |_| true).await?;
        unit.existing::<Account>(id(99), UserError::not_found("account", "id")).await?;
        Ok(Answer::of(self.0))
    }
}

fn is_erased(failure: &Failure, subject: Subject) -> bool {
    matches!(failure, Failure::Failed(LedgerError::Vault(VaultError::Erased(owner))) if *owner == subject)
}

const GONE: &str = "SELECT count(*) FROM vault.tombstones";

#[tokio::test]
async fn a_key_is_destroyed_with_the_event_that_says_so_and_its_tombstone_tells_where() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    for n in [1, 2] {
        ledger.execute(&context(), &Rename(id(n), "Åse")).await.unwrap();
    }
    let stored = "SELECT string_agg(payload::text || metadata::text, ';' ORDER BY position) FROM ledger.events \
                  WHERE position <= 2";
    let before: String = sqlx::query_scalar(stored).fetch_one(&database.pool).await.unwrap();
    let position = ledger.execute(&context(), &Forget(id(1))).await.unwrap().position;
    assert_eq!(rows(&database).await, [3, 3, 1]);
    let told = "SELECT count(*) FROM vault.tombstones t JOIN ledger.events e ON e.position = t.position \
                WHERE e.metadata->>'destroyed' LIKE '%/' || t.subject_id || '/crm/' || t.key_id || '/%'";
    assert_eq!((database.count(told).await, position), (1, 3));
    let after: String = sqlx::query_scalar(stored).fetch_one(&database.pool).await.unwrap();
    assert_eq!(after, before, "no stored byte changes");
    // The neighbour is renamed as before.
    ledger.execute(&context(), &Rename(id(2), "Bo")).await.unwrap();
}

#[tokio::test]
async fn a_key_that_was_destroyed_is_never_made_anew() {
    let database = Database::create().await;
    let (one, other) = (ledger(&database).await, ledger(&database).await);
    one.execute(&context(), &Rename(id(1), "Åse")).await.unwrap();
    other.execute(&context(), &Rename(id(1), "Bo")).await.unwrap();
    one.execute(&context(), &Forget(id(1))).await.unwrap();
    let before = rows(&database).await;
    let name = Personal::of(holder(id(1)), Name("Ib".into()));
    for ledger in [&one, &other] {
        for name in ["Bo", "Ib"] {
            let failure = ledger.execute(&context(), &Rename(id(1), name)).await.unwrap_err();
            assert!(is_erased(&failure, holder(id(1))), "{failure}");
        }
        // Also by a command that seals a value without comparing it with an earlier one.
        let nicknamed = Append(id(1), AccountEvent::Nicknamed { name: name.clone() });
        let failure = ledger.execute(&context(), &nicknamed).await.unwrap_err();
        assert!(is_erased(&failure, holder(id(1))), "{failure}");
    }
    assert_eq!(rows(&database).await, before);
    // And past the process: the ledger itself refuses a new key for whom it has a tombstone.
    let sql = "SELECT (ledger.append(now(), ARRAY[ROW(gen_random_uuid(), 'applied', '{}', NULL, NULL, NULL, 0)]::ledger.new_unit[], \
         '{}', ARRAY[ROW(1, t.subject_kind, t.subject_id, t.class)]::ledger.keyless[], '{}', '{}', \
         ARRAY[ROW(1, gen_random_uuid(), t.subject_kind, t.subject_id, t.class, 1, '', '')]::ledger.new_key[], \
         '{}')).results[1]::bigint FROM vault.tombstones t";
    assert_eq!(database.count(sql).await, 1);
    assert_eq!(rows(&database).await, before);
}

#[tokio::test]
async fn destroying_twice_does_nothing_and_a_refused_unit_destroys_nothing() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    ledger.execute(&context(), &Rename(id(1), "Åse")).await.unwrap();
    ledger.execute(&context(), &Refused(id(1))).await.unwrap_err();
    assert_eq!(database.count(GONE).await, 0);
    ledger.execute(&context(), &Rename(id(1), "Bo")).await.unwrap();
    ledger.execute(&context(), &Forget(id(1))).await.unwrap();
    ledger.execute(&context(), &Forget(id(1))).await.unwrap();
    assert_eq!(database.count(GONE).await, 1);
}

#[tokio::test]
async fn a_command_that_is_repeated_after_its_subject_was_erased_is_answered_as_done() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    let first = ledger.execute(&keyed(1, b"Ase"), &Rename(id(1), "Åse")).await.unwrap();
    ledger.execute(&context(), &Forget(id(1))).await.unwrap();
    let before = rows(&database).await;
    let again = ledger.execute(&keyed(1, b"Ase"), &Rename(id(1), "Åse")).await.unwrap();
    assert!(again.repeated);
    assert_eq!((again.objects, again.position), (first.objects, first.position));
    assert_eq!(rows(&database).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_write_that_races_an_erasure_is_in_before_it_and_dies_too_or_is_refused() {
    let database = Arc::new(Database::create().await);
    let ledgers = [ledger(&database).await, ledger(&database).await, ledger(&database).await];
    for round in 1..=60 {
        let account = id(round);
        ledgers[0].execute(&context(), &Rename(account, "Åse")).await.unwrap();
        let write = |ledger: Ledger, name: &'static str| {
            tokio::spawn(async move { insist(&ledger, &Rename(account, name)).await })
        };
        let erase = |ledger: Ledger| tokio::spawn(async move { insist(&ledger, &Forget(account)).await });
        let (first, erasure, second) =
            (write(ledgers[1].clone(), "Bo"), erase(ledgers[2].clone()), write(ledgers[0].clone(), "Ib"));
        let erased = erasure.await.unwrap().unwrap().position;
        for written in [first.await.unwrap(), second.await.unwrap()] {
            match written {
                Ok(done) => assert!(done.position < erased, "round {round}: sealed after the erasure"),
                Err(failure) => assert!(is_erased(&failure, holder(account)), "round {round}: {failure}"),
            }
        }
    }
    assert_eq!(rows(&database).await[2], 0);
    assert_eq!(database.count(GONE).await, 60);
    let twice = "SELECT count(*) FROM (SELECT FROM vault.tombstones GROUP BY subject_id, class HAVING count(*) > 1) d";
    assert_eq!(database.count(twice).await, 0);
}
