//! Guessing what stood in an imported file: whoever knows its layout and all of it but one number tries every number against
//! the file's fingerprint, with the root of now and with everything that is in the tables. Written after `docs/sealing.md`.

use std::fs;
use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac::{HMAC_SHA256, Key as HmacKey, sign};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use lethe_crm::contact::ErasureKind;
use lethe_crm::import::{ImportFile, ImportKind, Outcome, Source, prepare, run};
use lethe_kernel::{ContactId, ImportId};
use lethe_ledger::Ledger;
use lethe_privacy::rotation::rotate;
use sqlx::{PgPool, Row};
use uuid::Uuid;

use crate::cryptography::{Key, derive};
use crate::dump::{BucketRow, KeyRow, RootRow};
use crate::people::{context, erase, found, process};
use crate::postgres::Database;

/// The number that the attacker is after, of which the day is known.
const DAY: &str = "010160";
const SERIAL: &str = "7351";

/// The headers of the file, and the columns they stand for.
const COLUMNS: [(&str, &str); 2] = [("Navn", "name"), ("CPR-nr.", "cpr")];

/// A file with one person whose number the attacker tries, and others of whom everything is known.
fn file(others: usize, serial: &str) -> String {
    let header = "Navn;CPR-nr.\n".to_owned();
    let known = (1..=others).fold(header, |text, n| format!("{text}Bo Berg{n};02016{n}-12{n}4\n"));
    format!("{known}Åse Holm;{DAY}-{serial}\n")
}

async fn import(ledger: &Ledger, text: &str) -> (ImportId, Vec<(Outcome, ContactId)>) {
    let source = Source::Bytes(text.as_bytes().into());
    let file = ImportFile { source, kind: ImportKind::Contacts, overrides: Vec::new() };
    let prepared = prepare(ledger, &context(), file).await.unwrap();
    let import = prepared.import();
    let mut rows = Vec::new();
    run(prepared, ledger, &context(), |progress| {
        let row = |row: &lethe_crm::import::RowOutcome| (row.outcome, ContactId(row.object.unwrap()));
        rows.extend(progress.outcomes.iter().map(row));
    })
    .await
    .unwrap();
    (import, rows)
}

/// What can be had of the keys: rows of tables, and a root.
struct Loot {
    root: RootRow,
    buckets: Vec<BucketRow>,
    /// The key of the import, if it is there.
    key: Option<KeyRow>,
    secret: Key,
}

impl Loot {
    async fn take(pool: &PgPool, custodian: &Path, import: ImportId) -> Self {
        let row = sqlx::query("SELECT installation, epoch, commitment FROM vault.root")
            .fetch_one(pool)
            .await
            .unwrap();
        let root = RootRow {
            installation: row.get("installation"),
            epoch: row.get("epoch"),
            commitment: row.get("commitment"),
        };
        let rows = sqlx::query("SELECT bucket, generation, wrapped FROM vault.buckets")
            .fetch_all(pool)
            .await
            .unwrap();
        let bucket = |row: &sqlx::postgres::PgRow| BucketRow {
            bucket: row.get("bucket"),
            generation: row.get("generation"),
            wrapped: row.get("wrapped"),
        };
        let key = sqlx::query("SELECT * FROM vault.keys WHERE subject_id = $1").bind(import.0);
        let key = key.fetch_optional(pool).await.unwrap().map(|row| KeyRow {
            id: row.get("key_id"),
            kind: row.get("subject_kind"),
            subject: row.get("subject_id"),
            class: row.get("class"),
            bucket: row.get("bucket"),
            generation: row.get("generation"),
            wrapped: row.get("wrapped"),
            commitment: row.get("commitment"),
        });
        let secret = secret_of(custodian, &root);
        Self { root, buckets: rows.iter().map(bucket).collect(), key, secret }
    }

    /// The secret of the import, as far as it hangs from this root.
    fn secret_of_import(&self) -> Option<Key> {
        let key = self.key.as_ref()?;
        let wrapping = derive(&self.secret, "lethe-bucket/1");
        let buckets = self.buckets.iter().filter(|bucket| bucket.bucket == key.bucket);
        buckets
            .filter_map(|bucket| bucket.locked(self.root.installation, self.root.epoch).key(&wrapping))
            .find_map(|bucket| key.locked().key(&bucket))
            .filter(|secret| key.is_of(&derive(secret, "lethe-commit/1")))
    }
}

/// The root that a custodian's file has, whichever slot it stands in.
fn secret_of(custodian: &Path, root: &RootRow) -> Key {
    let bytes = fs::read(custodian).unwrap();
    let slots = [0, 4096].map(|slot| Key::try_from(&bytes[slot + 37..slot + 69]).unwrap());
    slots.into_iter().find(|secret| root.is_of(&derive(secret, "lethe-root/2"))).unwrap()
}

/// What the fingerprint of a file is the MAC of, framed as documented: lengths have 64 bits.
fn digest_of_file(unit: Uuid, text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut framed = |part: &[u8]| {
        bytes.extend_from_slice(&u64::try_from(part.len()).unwrap().to_be_bytes());
        bytes.extend_from_slice(part);
    };
    framed(b"lethe-import/1");
    framed(b"CONTACTS");
    framed(unit.as_bytes());
    framed(&u64::try_from(COLUMNS.len()).unwrap().to_be_bytes());
    for (header, column) in COLUMNS {
        framed(header.as_bytes());
        framed(column.as_bytes());
    }
    bytes.extend_from_slice(text.as_bytes());
    digest(&SHA256, &bytes).as_ref().to_vec()
}

/// Tries all four digits.
fn guess(secret: &Key, fingerprint: &[u8], others: usize) -> Option<String> {
    let key = HmacKey::new(HMAC_SHA256, &derive(secret, "lethe-input/1"));
    let serials = (0..10_000).map(|n| format!("{n:04}"));
    let unit = context().caller.unit.0;
    serials
        .filter(|serial| sign(&key, &digest_of_file(unit, &file(others, serial))).as_ref() == fingerprint)
        .collect::<Vec<_>>()
        .pop()
}

async fn fingerprint(pool: &PgPool, import: ImportId) -> Vec<u8> {
    let sql = "SELECT payload #>> '{Started,fingerprint}' FROM ledger.events \
               WHERE event_type = 'import.started' AND aggregate_id = $1";
    let text: String = sqlx::query_scalar(sql).bind(import.0.to_string()).fetch_one(pool).await.unwrap();
    BASE64_STANDARD.decode(text).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_persons_number_cannot_be_guessed_from_the_fingerprint_of_a_file() {
    for others in [0, 3] {
        let database = Database::create().await;
        let custodian = database.folder.path().join("root.key");
        let ledger = process(database.options.clone(), std::slice::from_ref(&custodian)).await;
        found(&ledger).await;
        let (import, rows) = import(&ledger, &file(others, SERIAL)).await;
        assert_eq!(rows.len(), others + 1);
        let fingerprint = fingerprint(&database.pool, import).await;
        rotate(&ledger, &|_| {}).await.unwrap();

        // Control: as long as the person is there, the number is found.
        let before = Loot::take(&database.pool, &custodian, import).await;
        let secret = before.secret_of_import().unwrap();
        assert_eq!(guess(&secret, &fingerprint, others).as_deref(), Some(SERIAL));

        // Once the person is erased, no key is in the tables to try a guess with.
        let (_, person) = rows[others];
        erase(&ledger, person, ErasureKind::Anonymised).await;
        let after = Loot::take(&database.pool, &custodian, import).await;
        assert!(after.secret_of_import().is_none(), "the key of the import is still there");

        // Nor once the root is another one, with the rows as they were and the root of now; with that of then, it is.
        rotate(&ledger, &|_| {}).await.unwrap();
        let mut kept =
            Loot { key: before.key.clone(), ..Loot::take(&database.pool, &custodian, import).await };
        assert!(kept.secret_of_import().is_none());
        kept.buckets = before.buckets.clone();
        kept.root = RootRow { epoch: before.root.epoch, ..kept.root };
        assert!(kept.secret_of_import().is_none());
        kept.secret = before.secret;
        assert_eq!(guess(&kept.secret_of_import().unwrap(), &fingerprint, others).as_deref(), Some(SERIAL));
    }
}
