//! A database with a vault, keys of some people, and a mirror.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use lethe_kernel::{ContactId, KeyClass, Subject};
use lethe_vault::mirror::{Mirror, MirrorError, MirrorStatus, Takeover};
use lethe_vault::{Custody, Vault};
use serde_json::Value;
use tempfile::TempDir;
use uuid::Uuid;

use crate::postgres::Database;

pub(crate) struct Mirrored {
    pub(crate) database: Database,
    pub(crate) vault: Vault,
    pub(crate) mirror: Mirror,
    pub(crate) folder: TempDir,
}

pub(crate) fn subject(n: u128) -> Subject {
    ContactId(Uuid::from_u128(n)).into()
}

pub(crate) fn custody(database: &Database) -> Custody {
    Custody::in_data_dir(database.folder.path()).with_buckets(4)
}

impl Mirrored {
    pub(crate) async fn create() -> Self {
        let database = Database::create().await;
        let vault = Vault::open(database.pool.clone(), &custody(&database)).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        Self { database, vault, mirror: Mirror::new(folder.path()), folder }
    }

    /// Makes and stores the key of a contact, as an append does.
    pub(crate) async fn add(&self, n: u128) {
        let mut keyring = self.vault.keyring(&[subject(n)]).await.unwrap();
        let key = keyring.ensure(subject(n), KeyClass::Crm).unwrap();
        let key = self.vault.wrap(&[key]).await.unwrap().pop().unwrap();
        let sql = "INSERT INTO vault.keys VALUES ($1, 'contact', $2, 'crm', -1, $3, $4, $5)";
        sqlx::query(sql)
            .bind(key.id)
            .bind(key.subject.id)
            .bind(key.epoch)
            .bind(&key.wrapped)
            .bind(key.commitment.as_slice())
            .execute(&self.database.pool)
            .await
            .unwrap();
    }

    /// Destroys the key of a contact, as an append does.
    pub(crate) async fn destroy(&self, n: u128) {
        let id = Uuid::from_u128(n);
        self.database
            .run(&format!(
                "WITH gone AS (DELETE FROM vault.keys WHERE subject_id = '{id}' RETURNING *) \
                 INSERT INTO vault.tombstones SELECT key_id, subject_kind, subject_id, class, bucket, generation, \
                 commitment, 7, now() FROM gone"
            ))
            .await;
    }

    pub(crate) async fn feed(&self) -> Result<(), MirrorError> {
        self.mirror.feed(&self.database.pool).await
    }

    pub(crate) async fn export(&self) -> Result<(), MirrorError> {
        self.mirror.export(&self.database.pool, Takeover::Refuse).await
    }

    pub(crate) async fn status(&self) -> MirrorStatus {
        self.mirror.status(&self.database.pool).await
    }

    /// What a process finds that knows nothing.
    pub(crate) async fn seen_anew(&self) -> MirrorStatus {
        Mirror::new(self.folder.path()).status(&self.database.pool).await
    }

    pub(crate) fn files(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    pub(crate) fn file(&self, kind: &str) -> PathBuf {
        let name = self.files().into_iter().find(|name| name.ends_with(kind)).unwrap();
        self.folder.path().join(name)
    }

    /// The lines of a file, by what they are.
    pub(crate) fn lines(&self, kind: &str) -> BTreeMap<String, Vec<Value>> {
        lines(&self.file(kind))
    }
}

fn lines(path: &Path) -> BTreeMap<String, Vec<Value>> {
    let mut lines: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for line in fs::read_to_string(path).unwrap().lines() {
        let json = line.find('{').map_or(line, |begin| &line[begin..]);
        let value: Value = serde_json::from_str(json).unwrap();
        let value = value.get("line").cloned().unwrap_or(value);
        let (kind, content) = value.as_object().unwrap().iter().next().unwrap();
        lines.entry(kind.clone()).or_default().push(content.clone());
    }
    lines
}
