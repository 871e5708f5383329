use lethe_ledger::LedgerError;
use lethe_tlog::bundle::WriteError;
use lethe_tlog::checkpoint::CheckpointError;
use lethe_tlog::tile::{BundleError, TileSetError};
use lethe_tlog::tree::PlanError;
use lethe_vault::VaultError;

use crate::Fault;

/// Why the notary does not answer.
#[derive(Debug, thiserror::Error)]
pub enum NotaryError {
    /// The ledger or the database failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The key that signs cannot be had.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The ledger is not believed.
    #[error("{0} Nothing is signed and nothing is appended until that is mended. Run `lethe doctor`.")]
    Fault(Fault),
    /// The log is not that long.
    #[error("The log has {size} entries so far, and {wanted} were asked for. Ask again in a second.")]
    NotYet {
        /// How many were asked for.
        wanted: u64,
        /// How many there are.
        size: u64,
    },
    /// There is no such proof.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A stored tile does not have what it must.
    #[error("{0} The notary's tables were altered. Run `lethe doctor`.")]
    Tiles(#[from] TileSetError),
    /// A checkpoint could not be written.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// An audit bundle could not be written.
    #[error(transparent)]
    Export(#[from] WriteError),
    /// Entries could not be put together.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// Nothing in the log is such an event.
    #[error("The event at position {0} is not there, or cannot be an entry of the log. Run `lethe doctor`.")]
    NoEvent(i64),
}

impl From<sqlx::Error> for NotaryError {
    fn from(error: sqlx::Error) -> Self {
        Self::Ledger(error.into())
    }
}
