//! The wrapped keys: a row that is not what was stored opens nothing and says so.

use std::sync::Arc;

use lethe_kernel::{ContactId, EventId, KeyClass, Personal, Subject};
use lethe_vault::{Custody, Keyring, Vault, VaultError, sealed_json};
use uuid::Uuid;

use crate::postgres::Database;

lethe_kernel::personal_text! {
    /// A name.
    Name = "test.name",
}

fn subject(n: u128) -> Subject {
    ContactId(Uuid::from_u128(n)).into()
}

/// A vault with one stored key, and a value sealed with it, for each of two subjects.
struct World {
    database: Database,
    vault: Vault,
    values: Vec<Personal<Name>>,
}

impl World {
    async fn create() -> Self {
        let database = Database::create().await;
        let custody = Custody::in_data_dir(database.folder.path()).with_buckets(4);
        let vault = Vault::open(database.pool.clone(), &custody).await.unwrap();
        let mut values = Vec::new();
        for n in [1, 2] {
            let mut keyring = vault.keyring(&[subject(n)]).await.unwrap();
            let key = keyring.ensure(subject(n), KeyClass::Crm).unwrap();
            store(&database, vault.wrap(&[key]).await.unwrap().first().unwrap()).await;
            let value = Personal::of(subject(n), Name(format!("name {n}")));
            let json = sealed_json(&value, &Arc::new(keyring), EventId(Uuid::from_u128(7))).unwrap();
            values.push(serde_json::from_str(&json).unwrap());
        }
        Self { database, vault, values }
    }

    /// Moves the keys out of the nursery, as a rotation does.
    async fn move_into_buckets(&self) {
        self.vault.begin().await.unwrap();
        let rotation = self.vault.take_up().await.unwrap().unwrap();
        self.vault.prepare(&rotation).await.unwrap();
        let rotation = self.vault.rotation().await.unwrap().unwrap();
        self.vault.rekey(&rotation).await.unwrap();
        assert_eq!(self.database.count("SELECT count(*) FROM vault.keys WHERE bucket < 0").await, 0);
    }

    /// Opens the value of the first subject after a statement was run on the database.
    async fn open_after(&self, sql: &str) -> Result<Name, VaultError> {
        self.database.run(sql).await;
        let keyring = self.vault.keyring(&[subject(1)]).await?;
        keyring.open(self.values.first().unwrap(), subject(1))
    }
}

async fn store(database: &Database, key: &lethe_vault::NewKey) {
    sqlx::query("INSERT INTO vault.keys VALUES ($1, $2, $3, $4, -1, $5, $6, $7)")
        .bind(key.id)
        .bind(key.subject.kind.name())
        .bind(key.subject.id)
        .bind(key.class.name())
        .bind(key.epoch)
        .bind(&key.wrapped)
        .bind(key.commitment.as_slice())
        .execute(&database.pool)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_stored_key_opens_what_it_sealed() {
    let world = World::create().await;
    assert_eq!(world.open_after("").await.unwrap(), Name("name 1".into()));
    let keyring: Keyring = world.vault.keyring(&[subject(1), subject(2)]).await.unwrap();
    assert_eq!(keyring.open(&world.values[1], subject(2)).unwrap(), Name("name 2".into()));
    assert!(matches!(keyring.open(&world.values[1], subject(1)), Err(VaultError::Corrupt { .. })));
}

#[tokio::test]
async fn an_altered_row_of_a_key_is_damage_whichever_column_was_altered() {
    let contacts = "subject_kind = 'contact'";
    let swapped = &format!(
        "WITH old AS (SELECT * FROM vault.keys WHERE {contacts}) UPDATE vault.keys k SET wrapped = old.wrapped, \
         commitment = old.commitment FROM old WHERE k.{contacts} AND old.key_id <> k.key_id"
    );
    let moved = "UPDATE vault.keys SET bucket = (bucket + 1) % 4";
    for sql in [
        "UPDATE vault.keys SET wrapped = set_byte(wrapped, 0, get_byte(wrapped, 0) # 1)",
        "UPDATE vault.keys SET wrapped = set_byte(wrapped, 12, get_byte(wrapped, 12) # 128)",
        "UPDATE vault.keys SET wrapped = substr(wrapped, 1, 5)",
        "UPDATE vault.keys SET wrapped = ''",
        "UPDATE vault.keys SET commitment = set_byte(commitment, 31, get_byte(commitment, 31) # 1)",
        "UPDATE vault.keys SET key_id = gen_random_uuid()",
        moved,
        swapped,
    ] {
        let error = World::create().await.open_after(sql).await.unwrap_err();
        assert!(matches!(error, VaultError::KeyDamaged(owner) if owner == subject(1)), "{sql}: {error}");
    }
}

#[tokio::test]
async fn a_damaged_key_opens_nothing_and_the_keys_read_with_it_do() {
    let world = World::create().await;
    let damage = "UPDATE vault.keys SET wrapped = set_byte(wrapped, 12, get_byte(wrapped, 12) # 128) WHERE subject_id = $1";
    sqlx::query(damage).bind(subject(1).id).execute(&world.database.pool).await.unwrap();
    let mut keyring = Keyring::default();
    world.vault.load_each(&mut keyring, &[subject(1), subject(2)]).await.unwrap();
    let damaged = |error: VaultError| matches!(error, VaultError::KeyDamaged(owner) if owner == subject(1));
    assert!(damaged(keyring.open(&world.values[0], subject(1)).unwrap_err()));
    assert_eq!(keyring.open(&world.values[1], subject(2)).unwrap(), Name("name 2".into()));
    // Neither is it replaced by a new one, nor taken for destroyed, nor passed over when it is to be destroyed.
    assert!(damaged(keyring.ensure(subject(1), KeyClass::Crm).err().unwrap()));
    assert!(damaged(keyring.destroyable(subject(1)).unwrap_err()));
    assert!(damaged(keyring.require(&[subject(2), subject(1)]).unwrap_err()));
    assert!(!keyring.is_destroyed(subject(1), KeyClass::Crm));
    // Who must have every key is told at once, also when it was read before.
    assert!(damaged(world.vault.load(&mut keyring, &[subject(2), subject(1)]).await.unwrap_err()));
    assert!(world.vault.load(&mut keyring, &[subject(2)]).await.is_ok());
}

#[tokio::test]
async fn a_removed_row_of_a_key_is_a_missing_key() {
    let world = World::create().await;
    let error = world.open_after("DELETE FROM vault.keys").await.unwrap_err();
    assert!(matches!(error, VaultError::KeyMissing { subject: owner, .. } if owner == subject(1)), "{error}");
    let keyring = world.vault.keyring(&[subject(1)]).await.unwrap();
    assert!(matches!(keyring.require(&[subject(1)]), Err(VaultError::KeyMissing { .. })));
}

#[tokio::test]
async fn an_altered_row_of_a_bucket_or_of_the_nursery_is_damage() {
    for sql in [
        "DELETE FROM vault.buckets",
        "UPDATE vault.buckets SET wrapped = set_byte(wrapped, 12, get_byte(wrapped, 12) # 128)",
        "UPDATE vault.buckets SET wrapped = ''",
        "UPDATE vault.buckets SET generation = 2",
        "UPDATE vault.buckets b SET wrapped = o.wrapped FROM vault.buckets o WHERE o.bucket = (b.bucket + 1) % 4",
    ] {
        let error = World::create().await.open_after(sql).await.unwrap_err();
        assert!(matches!(error, VaultError::NurseryDamaged(1)) && error.is_damage(), "{sql}: {error}");
        // The same of a key that a rotation has moved into its bucket.
        let world = World::create().await;
        world.move_into_buckets().await;
        let error = world.open_after(&sql.replace(" generation = 2", " generation = 3")).await.unwrap_err();
        assert!(matches!(error, VaultError::BucketDamaged(_)) && error.is_damage(), "{sql}: {error}");
    }
}

#[tokio::test]
async fn without_the_key_of_the_nursery_no_process_starts_and_nobody_is_shown_as_erased() {
    for sql in [
        "DELETE FROM vault.buckets WHERE bucket = -1",
        "UPDATE vault.buckets SET wrapped = '' WHERE bucket = -1",
        "UPDATE vault.buckets SET generation = 9 WHERE bucket = -1",
    ] {
        let world = World::create().await;
        world.database.run(sql).await;
        let custody = Custody::in_data_dir(world.database.folder.path());
        let error = Vault::open(world.database.pool.clone(), &custody).await.err().unwrap();
        assert!(matches!(error, VaultError::NurseryDamaged(1)) && error.is_damage(), "{sql}: {error}");
        let keyring = world.vault.keyring(&[subject(1)]).await;
        assert!(matches!(keyring, Err(VaultError::NurseryDamaged(1))), "{sql}");
        // Nor is another one made: what hangs from the lost one would be gone for good.
        assert_eq!(world.database.count("SELECT count(*) FROM vault.buckets WHERE wrapped <> '' AND bucket = -1 AND generation = 1").await, 0);
    }
}

#[tokio::test]
async fn a_tombstone_says_that_a_key_was_destroyed_also_when_a_copy_of_it_has_come_back() {
    let world = World::create().await;
    let bury = "INSERT INTO vault.tombstones SELECT key_id, subject_kind, subject_id, class, bucket, generation, \
                commitment, 1, now() FROM vault.keys";
    let error = world.open_after(bury).await.unwrap_err();
    assert!(matches!(error, VaultError::Erased(owner) if owner == subject(1)), "{error}");
    let error = world.open_after("DELETE FROM vault.keys").await.unwrap_err();
    assert!(matches!(error, VaultError::Erased(owner) if owner == subject(1)), "{error}");
    assert!(!error.is_damage());
    for sql in [
        "DELETE FROM vault.tombstones",
        "UPDATE vault.tombstones SET position = 2",
        "TRUNCATE vault.tombstones",
    ] {
        let refused = sqlx::query(sql).execute(&world.database.pool).await.unwrap_err();
        assert!(refused.to_string().contains("stands for good"), "{refused}");
    }
}

#[tokio::test]
async fn every_key_is_verified_once_also_where_those_of_one_subject_fill_more_than_a_page() {
    let world = World::create().await;
    for subject in ["gen_random_uuid()", "'00000000-0000-0000-0000-000000000002'"] {
        world
            .database
            .run(&format!(
                "INSERT INTO vault.keys SELECT gen_random_uuid(), 'contact', {subject}, 'field:' || gen_random_uuid(), \
                 0, 1, '', '' FROM generate_series(1, 5000)"
            ))
            .await;
    }
    let found = world.vault.verify().await.unwrap();
    assert_eq!(found.keys, 3, "two contacts, and what signs");
    assert_eq!(found.findings.last().unwrap(), "Keys that do not open: 10000.");
}
