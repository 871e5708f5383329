//! A key that is gone or damaged is an error, never a reason for a new key.

use lethe_kernel::Personal;
use lethe_ledger::{Failure, Ledger, LedgerError, Work};
use lethe_vault::VaultError;

use crate::bank::{AccountEvent, Name, holder};
use crate::postgres::Database;
use crate::works::{Add, Append, Rename, RenameAll, Sabotaged};
use crate::world::{LOCK, appends_waiting, context, id, keyed, ledger, rows};

async fn fault(ledger: &Ledger, work: &impl Work) -> VaultError {
    match ledger.execute(&context(), work).await.unwrap_err() {
        Failure::Failed(LedgerError::Vault(error)) => error,
        failure => panic!("not a fault of the vault: {failure}"),
    }
}

#[tokio::test]
async fn the_lost_key_of_somebody_who_has_sealed_values_is_never_replaced_by_a_new_one() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    ledger.execute(&context(), &Rename(id(10), "Åse")).await.unwrap();
    database.run("DELETE FROM vault.keys").await;
    let before = rows(&database).await;
    for name in ["Åse", "Bo"] {
        let error = fault(&ledger, &Rename(id(10), name)).await;
        assert!(
            matches!(error, VaultError::KeyMissing { subject, .. } if subject == holder(id(10))),
            "{error}"
        );
    }
    // Also by a command that seals a value for them without comparing it with an earlier one.
    let name = Personal::of(holder(id(10)), Name("Bo".into()));
    let nicknamed = Append(id(10), AccountEvent::Nicknamed { name });
    let error = fault(&ledger, &nicknamed).await;
    assert!(matches!(error, VaultError::KeyMissing { .. }), "{error}");
    assert_eq!(rows(&database).await, before);
}

#[tokio::test]
async fn each_of_several_keys_of_a_unit_has_a_number_of_its_own_behind_all_earlier_ones() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    // More of them than the sequence leaves behind a number, too.
    for accounts in [1..4, 4..5, 5..150, 150..153] {
        let new = i64::try_from(accounts.end - accounts.start).unwrap();
        let last = database.count("SELECT coalesce(max(change), 0) FROM vault.keys").await;
        ledger.execute(&context(), &RenameAll(accounts.map(id).collect())).await.unwrap();
        let behind = format!("SELECT count(DISTINCT change) FROM vault.keys WHERE change > {last}");
        assert_eq!(database.count(&behind).await, new);
    }
}

#[tokio::test]
async fn a_key_destroyed_while_a_unit_decides_makes_the_unit_fail() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    ledger.execute(&context(), &Rename(id(10), "Åse")).await.unwrap();
    let work = Sabotaged {
        work: Rename(id(10), "Bo"),
        pool: database.pool.clone(),
        sql: Some("DELETE FROM vault.keys".to_owned()).into(),
    };
    let error = fault(&ledger, &work).await;
    assert!(matches!(error, VaultError::KeyMissing { .. }), "{error}");
    assert_eq!(rows(&database).await, [1, 1, 0]);
}

#[tokio::test]
async fn another_key_in_the_place_of_one_that_a_unit_decides_with_makes_the_unit_fail() {
    // One that appends, and one that finds nothing to do.
    for name in ["Bo", "Åse"] {
        let database = Database::create().await;
        let ledger = ledger(&database).await;
        ledger.execute(&context(), &Rename(id(10), "Åse")).await.unwrap();
        let work = Sabotaged {
            work: Rename(id(10), name),
            pool: database.pool.clone(),
            sql: Some("UPDATE vault.keys SET key_id = gen_random_uuid()".to_owned()).into(),
        };
        let error = fault(&ledger, &work).await;
        assert!(matches!(error, VaultError::KeyDamaged(subject) if subject == holder(id(10))), "{error}");
        assert_eq!(database.count("SELECT count(*) FROM ledger.events").await, 1);
    }
}

#[tokio::test]
async fn a_key_minted_by_two_units_at_once_is_stored_once_and_used_by_both() {
    let database = Database::create().await;
    let (one, other) = (ledger(&database).await, ledger(&database).await);
    let mut lock = database.pool.acquire().await.unwrap();
    sqlx::query(&format!("SELECT pg_advisory_lock({LOCK})")).execute(&mut *lock).await.unwrap();
    // Both begin to use the key of the same user, and nothing else is shared.
    let append = |ledger: Ledger, n: u128| {
        tokio::spawn(async move { ledger.execute(&keyed(n, b"+1"), &Add(id(n), 1)).await.unwrap() })
    };
    let (first, second) = (append(one, 1), append(other, 2));
    appends_waiting(&database, 2).await;
    sqlx::query(&format!("SELECT pg_advisory_unlock({LOCK})")).execute(&mut *lock).await.unwrap();
    first.await.unwrap();
    second.await.unwrap();
    assert_eq!(rows(&database).await, [2, 2, 1]);
}

#[tokio::test]
async fn a_damaged_key_fails_the_command_and_says_whose_it_is() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    ledger.execute(&context(), &Rename(id(10), "Åse")).await.unwrap();
    database
        .run(
            "UPDATE vault.keys SET wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1) \
             WHERE subject_kind <> 'installation'",
        )
        .await;
    // A process that has not read the key a moment ago.
    let error = fault(&self::ledger(&database).await, &Rename(id(10), "Bo")).await;
    assert!(matches!(error, VaultError::KeyDamaged(subject) if subject == holder(id(10))), "{error}");
    assert_eq!(database.count("SELECT count(*) FROM ledger.events").await, 1);
}
