//! Rotation of the root key: what makes erasures final. As long as a root exists that once wrapped a destroyed key, an
//! old copy of the database together with that root opens it; so the root goes too.
//!
//! `begun → prepared → switched → exported → destroyed`. Every step is durable before the next one begins, and a rotation
//! that was cut off is taken up where it stands, by whatever process. What it makes final is fixed when it begins: what is
//! erased later waits for the next one, which follows at once.

mod aggregate;
mod event;
mod view;

use lethe_kernel::{Caller, RequestId, UnitId};
use lethe_ledger::{Context, Failure, Ledger, LedgerError};
use lethe_vault::{Rotation, RotationWork, Vault, VaultError, due};
use sqlx::PgConnection;
use uuid::Uuid;

pub use aggregate::{KeyVault, VaultCommand, VaultRule};
pub use event::{ErasureReconciled, KeysRotated, Restored, RootDestroyed, VaultEvent};
pub use view::{Finality, RotationRow, RotationView, finalities};

/// Why a rotation does not go on. It stands where it is, and the next one takes it up there.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// Another process is at it.
    #[error(
        "Another process is rotating the root key. Wait until it is done; `lethe keys status` shows the step."
    )]
    Busy,
    /// The vault, a custodian or a mirror is not ready.
    #[error("The rotation stands still, and the old root is kept: {0}")]
    Vault(#[from] VaultError),
    /// The ledger or the database failed.
    #[error("The rotation stands still, and the old root is kept: {0}")]
    Ledger(#[from] LedgerError),
}

impl From<sqlx::Error> for RotationError {
    fn from(error: sqlx::Error) -> Self {
        Self::Ledger(error.into())
    }
}

/// A step that is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is stored what becomes final: what was erased up to this position.
    Begun(i64),
    /// Every custodian keeps the new root.
    Prepared,
    /// Everything hangs from the new root.
    Switched(RotationWork),
    /// Every mirror has an export under the new root.
    Exported,
    /// No custodian keeps the old root.
    Destroyed,
}

/// What a rotation came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// The root that is gone.
    pub old_epoch: i64,
    /// The root from which everything hangs.
    pub new_epoch: i64,
    /// What it came to, whoever did it.
    pub work: RotationWork,
}

/// Rotates the root key until everything is final that is erased now; tells every step that is done. A rotation that was cut
/// off is finished first, and followed by another one if something was erased after it had begun.
///
/// # Errors
/// [`RotationError`]; nothing is lost, and the old root is kept until everything before is done.
pub async fn rotate(ledger: &Ledger, told: &(dyn Fn(Step) + Sync)) -> Result<Rotated, RotationError> {
    let parts = ledger.parts();
    let mut alone = parts.pool.acquire().await?.detach();
    let free: bool =
        sqlx::query_scalar("SELECT pg_try_advisory_lock(hashtextextended('lethe.vault.rotate', 0))")
            .fetch_one(&mut alone)
            .await?;
    if !free {
        return Err(RotationError::Busy);
    }
    // Ends with its connection, whatever becomes of the rotation.
    let rotated = go_on(ledger, told).await;
    // Given back here all the same: PostgreSQL may take a while to notice that a connection is gone.
    let unlocked = sqlx::query("SELECT pg_advisory_unlock(hashtextextended('lethe.vault.rotate', 0))");
    if let Err(error) = unlocked.execute(&mut alone).await {
        tracing::debug!(%error, "the lock of the rotation ends with its connection");
    }
    rotated
}

async fn go_on(ledger: &Ledger, told: &(dyn Fn(Step) + Sync)) -> Result<Rotated, RotationError> {
    let vault = &ledger.parts().vault;
    let mut before: Option<Rotated> = None;
    loop {
        let taken_up = vault.take_up().await?;
        let cut_off = taken_up.is_some();
        let mut rotation = if let Some(rotation) = taken_up {
            rotation
        } else {
            let rotation = vault.begin().await?;
            told(Step::Begun(rotation.covers));
            rotation
        };
        while rotation.step != "destroyed" {
            told(step(ledger, &rotation).await?);
            rotation = vault.rotation().await?.ok_or(VaultError::Rotated)?;
        }
        tell_destroyed(ledger, &rotation).await?;
        vault.end_rotation().await?;
        let Rotation { old_epoch, new_epoch, work, .. } = rotation;
        let rotated = match before {
            Some(before) => Rotated { new_epoch, work: before.work + work, ..before },
            None => Rotated { old_epoch, new_epoch, work },
        };
        // What was erased before this began is covered; what was erased before one was taken up need not be.
        if !cut_off || due(&ledger.parts().pool).await?.erased == 0 {
            return Ok(rotated);
        }
        before = Some(rotated);
    }
}

/// Does the next step of a rotation.
async fn step(ledger: &Ledger, rotation: &Rotation) -> Result<Step, RotationError> {
    let vault = &ledger.parts().vault;
    Ok(match rotation.step.as_str() {
        "begun" => {
            vault.prepare(rotation).await?;
            Step::Prepared
        }
        "prepared" => {
            let change = vault.rekey(rotation).await?;
            Step::Switched(switch(ledger, rotation, change).await?)
        }
        "switched" => {
            vault.export().await?;
            mark(ledger, rotation, "exported").await?;
            Step::Exported
        }
        _ => {
            vault.destroy_old(rotation).await?;
            mark(ledger, rotation, "destroyed").await?;
            Step::Destroyed
        }
    })
}

/// Hangs everything from the new root, and says so in the ledger, in one transaction.
async fn switch(ledger: &Ledger, rotation: &Rotation, change: i64) -> Result<RotationWork, RotationError> {
    let parts = ledger.parts();
    let mut transaction = parts.pool.begin().await?;
    // First of all locks: a writer that appends takes it before those of the keys.
    parts.lock_appends(&mut transaction).await?;
    let work = parts.vault.switch(&mut transaction, rotation, change).await?;
    let event = VaultEvent::KeysRotated(KeysRotated {
        old_epoch: rotation.old_epoch,
        new_epoch: rotation.new_epoch,
        covers: Some(rotation.covers),
        tombstones: work.tombstones,
        buckets: work.buckets,
        keys: work.keys,
    });
    let stream = parts.vault.installation();
    let context = context(ledger);
    let position = parts.append_within::<KeyVault>(&mut transaction, &context, stream, &event).await?;
    Vault::mark(&mut transaction, rotation, "switched", Some(position)).await?;
    transaction.commit().await?;
    parts.appended(position);
    Ok(work)
}

async fn mark(ledger: &Ledger, rotation: &Rotation, to: &str) -> Result<(), RotationError> {
    let mut connection: sqlx::pool::PoolConnection<sqlx::Postgres> = ledger.parts().pool.acquire().await?;
    let connection: &mut PgConnection = &mut connection;
    Ok(Vault::mark(connection, rotation, to, None).await?)
}

/// Says in the ledger that the old root is gone: now what the rotation covers is final.
async fn tell_destroyed(ledger: &Ledger, rotation: &Rotation) -> Result<(), RotationError> {
    let vault = &ledger.parts().vault;
    let command = VaultCommand::TellDestroyed(RootDestroyed {
        epoch: rotation.old_epoch,
        switched_position: rotation.position.unwrap_or_default(),
        custodians: vault.custodians().names(),
    });
    let work = aggregate::Tell { installation: vault.installation(), command };
    match ledger.execute(&context(ledger), &work).await {
        Ok(_) => Ok(()),
        Err(Failure::Failed(error)) => Err(error.into()),
        Err(refused) => Err(LedgerError::Encode(refused.to_string()).into()),
    }
}

fn context(ledger: &Ledger) -> Context {
    Context::new(Caller::system(UnitId(Uuid::nil())), RequestId(ledger.parts().ids.next()))
}
