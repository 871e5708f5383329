//! Restoring the vault from a mirror, beside an event backup of any age, without letting destroyed keys come back. What
//! is to be done around it is in `docs/operations/backup.md`.

mod error;
mod load;
mod reconcile;
mod source;

use sqlx::{PgConnection, PgPool};

pub use error::RestoreError;
pub(crate) use reconcile::missing;
pub use reconcile::{Tombstone, unnamed};
pub use source::Source;

use crate::custodian::{Custodians, Held};
use crate::guard::{check_epoch, lock_appends, replay};
use crate::mirror::{MirrorError, Mirrors};
use crate::open::Row;
use crate::{Custody, VaultError};

/// What a restore came to in the tables of the vault.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replaced {
    /// Keys that are there now.
    pub keys: i64,
    /// Tombstones that are there now.
    pub tombstones: i64,
    /// Keys of the mirror that have a tombstone, and are gone.
    pub replayed: u64,
    /// Keys that the ledger destroyed and the mirror did not know of, and are gone.
    pub buried: u64,
    /// Keys of the mirror that nothing in this history names, and are gone.
    pub dropped: u64,
}

/// Makes sure that a mirror may be restored from: it is of this installation, its root is at a custodian, and neither the
/// database nor another mirror is newer. What transit custodians keep in the database is put there first, because the root
/// cannot be asked for without it; it tells nothing to anybody else.
///
/// # Errors
/// [`RestoreError`].
pub async fn check(
    pool: &PgPool,
    custody: &Custody,
    mirrors: &Mirrors,
    source: &Source,
) -> Result<(), RestoreError> {
    let header = &source.header;
    let mut connection = pool.acquire().await?;
    if let Some(row) = Row::read(&mut connection).await? {
        if row.installation != header.installation {
            let (path, installation) = (source.folder.clone(), header.installation);
            return Err(MirrorError::OfAnother { path, installation }.into());
        }
        let change: i64 = sqlx::query_scalar(
            "SELECT greatest((SELECT coalesce(max(change), 0) FROM vault.keys), \
                             (SELECT coalesce(max(change), 0) FROM vault.tombstones))",
        )
        .fetch_one(&mut *connection)
        .await?;
        if (row.epoch, change) > source.age() {
            let database = (row.epoch, change);
            return Err(RestoreError::VaultOlder {
                path: source.folder.clone(),
                mirror: source.age(),
                database,
            });
        }
    }
    check_epoch(&mut connection, header.epoch).await?;
    for root in &source.transit_roots {
        sqlx::query(
            "INSERT INTO vault.transit_roots (custodian, epoch, ciphertext) VALUES ($1, $2, $3) \
             ON CONFLICT (custodian, epoch) DO UPDATE SET ciphertext = $3",
        )
        .bind(&root.custodian)
        .bind(root.epoch)
        .bind(&root.ciphertext)
        .execute(&mut *connection)
        .await?;
    }
    drop(connection);
    let custodians = custody.open(pool, header.installation)?;
    let commitment = header.commitment.as_slice().try_into().unwrap_or([0; 32]);
    if let Err(source_error) = custodians.fetch(header.epoch, &commitment).await {
        let (path, epoch) = (source.folder.clone(), header.epoch);
        return Err(RestoreError::NoRoot { path, epoch, source: source_error });
    }
    newest_of(mirrors, source).await
}

/// What is left of a rotation that was prepared before a restore: the part of the history that was lost may have used its root.
pub struct Prepared {
    custodians: Custodians,
    roots: Vec<(usize, Held)>,
}

impl Prepared {
    /// Finds it, before anything is restored: what is prepared later is not touched.
    ///
    /// # Errors
    /// [`VaultError::Custodians`].
    pub async fn find(pool: &PgPool, custody: &Custody, source: &Source) -> Result<Self, VaultError> {
        let custodians = custody.open(pool, source.header.installation)?;
        let roots = custodians.of_epoch(source.header.epoch + 1).await?;
        Ok(Self { custodians, roots })
    }

    /// Destroys it. The next rotation takes another root.
    ///
    /// # Errors
    /// [`VaultError::Custodians`]; that rotation then tries it again.
    pub async fn destroy(&self) -> Result<(), VaultError> {
        Ok(self.custodians.destroy_these(&self.roots).await?)
    }
}

/// Refuses if another mirror of the settings is newer; one that cannot be read is told in the log.
async fn newest_of(mirrors: &Mirrors, source: &Source) -> Result<(), RestoreError> {
    for mirror in mirrors.iter().filter(|mirror| mirror.folder() != source.folder) {
        match Source::read(mirror.folder()).await {
            Ok(other)
                if other.header.installation == source.header.installation && other.age() > source.age() =>
            {
                let (path, database) = (mirror.folder().to_owned(), source.age());
                return Err(MirrorError::Newer { path, mirror: other.age(), database }.into());
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "whether this mirror is newer is not known"),
        }
    }
    Ok(())
}

/// Puts a mirror in the place of the vault, in a transaction of the caller's, for which it takes the lock of all appends.
/// What is destroyed stays destroyed: what the mirror has a tombstone for, the database, or the ledger.
///
/// # Errors
/// [`RestoreError`]; the transaction must then be rolled back.
pub async fn replace(transaction: &mut PgConnection, source: &Source) -> Result<Replaced, RestoreError> {
    lock_appends(transaction).await?;
    load::load(transaction, source).await?;
    let buried = reconcile::bury(transaction).await?;
    let replayed = replay(transaction).await?;
    let dropped = reconcile::drop_strangers(transaction).await?;
    if let Some((keys, position)) = missing(transaction).await? {
        return Err(RestoreError::KeysMissing { path: source.folder.clone(), keys, position });
    }
    let sql = "SELECT (SELECT count(*) FROM vault.keys), (SELECT count(*) FROM vault.tombstones)";
    let (keys, tombstones) = sqlx::query_as(sql).fetch_one(transaction).await.map_err(VaultError::from)?;
    Ok(Replaced { keys, tombstones, replayed, buried, dropped })
}
