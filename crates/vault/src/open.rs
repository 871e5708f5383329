//! Opening the vault of a database: the first time, it is made.

use std::path::{Path, PathBuf};

use lethe_kernel::{KeyClass, Subject, SubjectKind};
use sqlx::{Connection, Executor, PgConnection, PgPool};
use uuid::Uuid;

use crate::custodian::{
    Custodian, CustodianError, CustodianSpec, Custodians, CustodiansError, FileCustodian, Root,
};
use crate::guard::lock_appends;
use crate::nursery::NURSERY;
use crate::wrap::{self, RootKey};
use crate::{Vault, VaultError, machine};

/// The number of buckets of a new installation. More make a rotation touch fewer keys, and cost more by themselves.
pub const BUCKETS: u32 = 32_768;

/// Who keeps the root, and how a new vault is laid out.
#[derive(Clone, Debug)]
pub struct Custody {
    /// Who keeps the root; every root is at all of them.
    pub custodians: Vec<CustodianSpec>,
    /// How many buckets a new vault has: a power of two. A vault that exists keeps its number.
    pub buckets: u32,
}

impl Custody {
    /// One file in a data folder.
    #[must_use]
    pub fn in_data_dir(data_dir: &Path) -> Self {
        Self { custodians: vec![CustodianSpec::File(root_file(data_dir))], buckets: BUCKETS }
    }

    /// The same with another number of buckets for a new vault.
    #[must_use]
    pub fn with_buckets(self, buckets: u32) -> Self {
        Self { buckets: buckets.next_power_of_two(), ..self }
    }

    /// The roots that custodians hold that are files, for who has no database.
    ///
    /// # Errors
    /// [`VaultError::Custodians`].
    pub async fn roots_of_files(&self) -> Result<Vec<Root>, VaultError> {
        let files = self.custodians.iter().filter_map(|spec| match spec {
            CustodianSpec::File(path) => Some(Custodian::File(FileCustodian::new(path))),
            CustodianSpec::Transit(_) => None,
        });
        Ok(Custodians::new(files.collect())?.roots().await?)
    }

    /// The custodians of an installation.
    ///
    /// # Errors
    /// [`VaultError::Custodians`].
    pub fn open(&self, pool: &PgPool, installation: Uuid) -> Result<Custodians, VaultError> {
        let mut opened = Vec::new();
        for spec in &self.custodians {
            let custodian = Custodian::open(spec, pool, installation);
            opened.push(custodian.map_err(|error| CustodiansError::Failed(vec![(spec.to_string(), error)]))?);
        }
        Ok(Custodians::new(opened)?)
    }
}

/// The roots that the custodians hold now: the present one, and during a rotation two.
///
/// # Errors
/// [`VaultError::NoVault`], [`VaultError::Custodians`], errors of the database.
pub async fn present_roots(pool: &PgPool, custody: &Custody) -> Result<Vec<Root>, VaultError> {
    let row = Row::read(&mut *pool.acquire().await?).await?.ok_or(VaultError::NoVault)?;
    Ok(custody.open(pool, row.installation)?.roots().await?)
}

/// The root file of a data folder.
#[must_use]
pub fn root_file(data_dir: &Path) -> PathBuf {
    data_dir.join("vault").join("root.key")
}

/// The row of `vault.root`.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Row {
    pub(crate) installation: Uuid,
    pub(crate) epoch: i64,
    pub(crate) commitment: Vec<u8>,
    pub(crate) buckets: i32,
    pub(crate) system_identifier: i64,
    pub(crate) timeline: i64,
}

const ROW: &str =
    "SELECT installation, epoch, commitment, buckets, system_identifier, timeline FROM vault.root";

impl Row {
    pub(crate) async fn read(connection: &mut PgConnection) -> Result<Option<Self>, VaultError> {
        Ok(sqlx::query_as(ROW).fetch_optional(connection).await?)
    }

    /// Refuses another cluster, or another timeline, than the one the vault knows.
    pub(crate) fn must_be_at(&self, here: (i64, i64)) -> Result<(), VaultError> {
        let known = (self.system_identifier, self.timeline);
        let shown = |(system, timeline): (i64, i64)| format!("{system} on timeline {timeline}");
        if here == known {
            return Ok(());
        }
        Err(VaultError::Moved { expected: shown(known), found: shown(here) })
    }
}

/// The cluster a connection leads to: its system identifier, and the timeline it writes on now.
pub(crate) async fn place(connection: &mut PgConnection) -> Result<(i64, i64), VaultError> {
    Ok(sqlx::query_as(
        "SELECT system_identifier, ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::bigint \
         FROM pg_control_system()",
    )
    .fetch_one(connection)
    .await?)
}

impl Vault {
    /// Opens the vault of a database; the first time, makes it.
    ///
    /// # Errors
    /// [`VaultError::Moved`], [`VaultError::Older`], [`VaultError::RootOfAnother`], [`VaultError::Custodians`] and
    /// errors of the database.
    pub async fn open(pool: PgPool, custody: &Custody) -> Result<Self, VaultError> {
        // Two processes that start at once must agree on one root.
        let mut lock = pool.begin().await?;
        sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('lethe.vault.open', 0))")
            .execute(&mut *lock)
            .await?;
        let vault = Self::open_alone(pool.clone(), custody).await;
        lock.rollback().await?;
        vault
    }

    async fn open_alone(pool: PgPool, custody: &Custody) -> Result<Self, VaultError> {
        let mut connection = pool.acquire().await?;
        let row = match Row::read(&mut connection).await? {
            Some(row) if !is_unfinished(&mut connection, &custody.open(&pool, row.installation)?).await? => {
                row
            }
            _ => begin(&mut connection, &pool, custody).await?,
        };
        let here = place(&mut connection).await?;
        drop(connection);
        row.must_be_at(here)?;
        let custodians = custody.open(&pool, row.installation)?;
        let root = fetch(&custodians, &row).await?;
        machine::check(custody)?;
        let vault = Self::new(pool, custodians, &root)?;
        vault.furnish_nursery().await?;
        // Without it no key can be made: that is told at once. And the first who makes one need not wait for it.
        vault.nursery_key().await?;
        vault.sign_on().await?;
        crate::former::remember(&vault.pool, custody).await?;
        Ok(vault)
    }

    /// Opens the vault of a database wherever that is now, to look at it. Nothing is made.
    ///
    /// # Errors
    /// As [`Vault::open`], but never [`VaultError::Moved`]; [`VaultError::NoVault`].
    pub async fn open_moved(pool: PgPool, custody: &Custody) -> Result<Self, VaultError> {
        let mut connection = pool.acquire().await?;
        let row = Row::read(&mut connection).await?.ok_or(VaultError::NoVault)?;
        drop(connection);
        let custodians = custody.open(&pool, row.installation)?;
        let root = fetch(&custodians, &row).await?;
        Self::new(pool, custodians, &root)
    }

    /// Makes the key that signs, the first time. One that was lost is not replaced: what it signed would be another's.
    async fn sign_on(&self) -> Result<(), VaultError> {
        let known: Option<Vec<u8>> =
            sqlx::query_scalar("SELECT public_key FROM vault.root").fetch_one(&self.pool).await?;
        if known.is_some() {
            return Ok(());
        }
        let subject = Subject::new(SubjectKind::Installation, self.installation());
        let mut keyring = self.keyring(&[subject]).await?;
        if keyring.of(subject).is_empty() {
            let key = keyring.ensure(subject, KeyClass::Signing)?;
            self.insert(&self.wrap(&[key]).await?).await?;
        }
        let public_key = self.signer().await?.public_key();
        sqlx::query("UPDATE vault.root SET public_key = $1")
            .bind(public_key.as_slice())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Stores keys that no event goes with. One that is there already stays.
    async fn insert(&self, keys: &[crate::NewKey]) -> Result<(), VaultError> {
        let mut transaction = self.pool.begin().await?;
        lock_appends(&mut transaction).await?;
        for key in keys {
            sqlx::query(
                "INSERT INTO vault.keys (key_id, subject_kind, subject_id, class, bucket, generation, wrapped, commitment) \
                 SELECT $1, $2, $3, $4, $5, epoch, $7, $8 FROM vault.root WHERE epoch = $6 ON CONFLICT DO NOTHING",
            )
            .bind(key.id)
            .bind(key.subject.kind.name())
            .bind(key.subject.id)
            .bind(key.class.name())
            .bind(NURSERY)
            .bind(key.epoch)
            .bind(&key.wrapped)
            .bind(key.commitment.as_slice())
            .execute(&mut *transaction)
            .await?;
        }
        Ok(transaction.commit().await?)
    }
}

/// Whether a first start was cut off between the database and the custodians, so that the root is nowhere, and nothing
/// hangs from it either.
async fn is_unfinished(connection: &mut PgConnection, custodians: &Custodians) -> Result<bool, VaultError> {
    let used: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM vault.keys) OR EXISTS (SELECT FROM vault.tombstones) \
         OR EXISTS (SELECT FROM vault.root WHERE epoch > 1)",
    )
    .fetch_one(connection)
    .await?;
    Ok(!used && first_that_holds(custodians).await?.is_none())
}

/// The first custodian that holds a root.
async fn first_that_holds(custodians: &Custodians) -> Result<Option<String>, VaultError> {
    for (name, found) in custodians.survey().await {
        match found {
            Ok(held) if held.is_empty() => {}
            Err(error) if error.is_vacant() => {}
            Ok(_) | Err(CustodianError::OfAnother { .. }) => return Ok(Some(name)),
            Err(error) => return Err(CustodiansError::Failed(vec![(name, error)]).into()),
        }
    }
    Ok(None)
}

/// Lays out a new vault. A custodian that holds a root already belongs to another database: rotating here would destroy
/// the root that it needs. The database comes first: a root that only a custodian has would be in the way for good.
async fn begin(connection: &mut PgConnection, pool: &PgPool, custody: &Custody) -> Result<Row, VaultError> {
    let root = Root::generate(wrap::key_id()?, 1)?;
    let custodians = custody.open(pool, root.installation)?;
    if let Some(custodian) = first_that_holds(&custodians).await? {
        return Err(VaultError::RootOfAnother(custodian));
    }
    let (system_identifier, timeline) = place(connection).await?;
    let row = Row {
        installation: root.installation,
        epoch: root.epoch,
        commitment: root.commitment().to_vec(),
        buckets: i32::try_from(custody.buckets).unwrap_or(i32::MAX),
        system_identifier,
        timeline,
    };
    let mut transaction = connection.begin().await?;
    transaction.execute("DELETE FROM vault.root; DELETE FROM vault.buckets").await?;
    sqlx::query(
        "INSERT INTO vault.root (installation, epoch, commitment, buckets, system_identifier, timeline) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(row.installation)
    .bind(row.epoch)
    .bind(&row.commitment)
    .bind(row.buckets)
    .bind(row.system_identifier)
    .bind(row.timeline)
    .execute(&mut *transaction)
    .await?;
    let key = RootKey::of(&root)?;
    let wrapped: Result<Vec<_>, _> =
        (NURSERY..row.buckets).map(|bucket| key.wrap(bucket, root.epoch, &wrap::new_key()?)).collect();
    sqlx::query(
        "INSERT INTO vault.buckets (bucket, generation, wrapped) \
         SELECT place - 2, $1, wrapped FROM unnest($2::bytea[]) WITH ORDINALITY AS b (wrapped, place)",
    )
    .bind(root.epoch)
    .bind(wrapped?)
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    custodians.store_all(&root).await?;
    Ok(row)
}

/// The root of the database's epoch.
pub(crate) async fn fetch(custodians: &Custodians, row: &Row) -> Result<Root, VaultError> {
    let commitment = row.commitment.as_slice().try_into().unwrap_or([0; 32]);
    let error = match custodians.fetch(row.epoch, &commitment).await {
        Ok(root) => return Ok(root),
        Err(error) => error,
    };
    let held = custodians.survey().await.into_iter().filter_map(|(_, found)| found.ok()).flatten();
    let epochs: Vec<i64> = held.map(|held| held.epoch).collect();
    match epochs.iter().max() {
        Some(held) if !epochs.contains(&row.epoch) && *held > row.epoch => {
            Err(VaultError::Older { epoch: row.epoch, held: *held })
        }
        _ => Err(error.into()),
    }
}
