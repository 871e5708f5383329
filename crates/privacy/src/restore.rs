//! Restoring: an event backup of any age, and the newest mirror of the vault. The ledger tells afterwards that it
//! was restored, and of every key that was destroyed in the part of the history that was lost.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lethe_kernel::{Caller, Clock, IdSource, RequestId, UnitId};
use lethe_ledger::{Context, LedgerError, append_within};
use lethe_notary::{NotaryError, begin_anew, root_now};
use lethe_vault::restore::{Replaced, RestoreError, Source, Tombstone, replace, unnamed};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::rotation::{ErasureReconciled, KeyVault, Restored, VaultEvent};

/// Why nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum NotRestored {
    /// The vault, the mirror or a custodian does not allow it.
    #[error("Nothing was restored: {0}")]
    Vault(#[from] RestoreError),
    /// The ledger that was put back has not the form of one.
    #[error("Nothing was restored: {0}")]
    Notary(#[from] NotaryError),
    /// The ledger or the database failed.
    #[error("Nothing was restored: {0}")]
    Ledger(#[from] LedgerError),
}

impl From<sqlx::Error> for NotRestored {
    fn from(error: sqlx::Error) -> Self {
        Self::Ledger(error.into())
    }
}

/// What was restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// The tables of the vault.
    pub replaced: Replaced,
    /// The keys that the ledger did not know to be destroyed, and now does.
    pub reconciled: Vec<Tombstone>,
    /// The new history, and the last position that it shares with the old one.
    pub restored: Restored,
}

/// Whether it is done, or only tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Everything is done, and then taken back.
    Try,
    /// It stays.
    Keep,
}

/// Restores the vault from a mirror that was [checked](lethe_vault::restore::check), beside the ledger as it is, in one
/// transaction.
///
/// # Errors
/// [`NotRestored`]; nothing is changed then.
pub async fn restore(pool: &PgPool, clock: &Clock, source: &Source, mode: Mode) -> Result<Done, NotRestored> {
    let mut transaction = pool.begin().await?;
    // It may have to wait for indexes of large tables, but for nobody else.
    let replaced = replace(&mut transaction, source).await?;
    let ids = IdSource;
    let restored = begin_origin(&mut transaction, ids).await?;
    let installation = source.header.installation;
    let event = VaultEvent::Restored(restored.clone());
    append(&mut transaction, (clock, ids), installation, &event).await?;
    let reconciled = reconcile(&mut transaction, (clock, ids), installation).await?;
    match mode {
        Mode::Try => transaction.rollback().await?,
        Mode::Keep => transaction.commit().await?,
    }
    Ok(Done { replaced, reconciled, restored })
}

/// Appends an event for every tombstone that no event names, in a transaction that holds the lock of all appends.
///
/// # Errors
/// [`NotRestored`].
pub async fn reconcile(
    transaction: &mut PgConnection,
    sources: (&Clock, IdSource),
    installation: Uuid,
) -> Result<Vec<Tombstone>, NotRestored> {
    let tombstones = unnamed(transaction).await.map_err(RestoreError::from)?;
    for tombstone in &tombstones {
        let event = VaultEvent::ErasureReconciled(ErasureReconciled {
            subject_kind: tombstone.subject_kind.clone(),
            subject_id: tombstone.subject_id,
            class: tombstone.class.clone(),
            key_id: tombstone.key_id,
            commitment: URL_SAFE_NO_PAD.encode(&tombstone.commitment),
            destroyed_at: tombstone.destroyed_at,
        });
        append(transaction, sources, installation, &event).await?;
    }
    Ok(tombstones)
}

async fn append(
    transaction: &mut PgConnection,
    (clock, ids): (&Clock, IdSource),
    installation: Uuid,
    event: &VaultEvent,
) -> Result<i64, NotRestored> {
    let context = Context::new(Caller::system(UnitId(Uuid::nil())), RequestId(ids.next()));
    Ok(append_within::<KeyVault>(transaction, (clock, ids), &context, installation, event).await?)
}

/// Gives the history another name from here on, under which the log is signed anew. What it was before is told by its root:
/// whoever has a checkpoint of the old log can check that this is the beginning of it.
async fn begin_origin(transaction: &mut PgConnection, ids: IdSource) -> Result<Restored, NotRestored> {
    let old_origin: Uuid =
        sqlx::query_scalar("SELECT origin FROM ledger.origin").fetch_one(&mut *transaction).await?;
    let (size, root) = root_now(transaction).await?;
    let restored = Restored {
        old_origin,
        old_size: i64::try_from(size).unwrap_or(i64::MAX),
        old_root: Some(root.to_string()),
        new_origin: ids.next(),
    };
    sqlx::query("UPDATE ledger.origin SET origin = $1, since_position = $2, created_at = now()")
        .bind(restored.new_origin)
        .bind(restored.old_size)
        .execute(&mut *transaction)
        .await?;
    begin_anew(transaction).await?;
    Ok(restored)
}
