//! Why a vault is not restored.

use std::path::PathBuf;

use crate::VaultError;
use crate::custodian::CustodiansError;
use crate::mirror::MirrorError;

/// Why a vault is not restored. Nothing was changed then.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The mirror cannot be used.
    #[error(transparent)]
    Mirror(#[from] MirrorError),
    /// The mirror's root is not at the custodians.
    #[error(
        "The mirror {} is at epoch {epoch}, but no custodian has that root: {source}\nIf the custodians hold a later \
         epoch, the mirror is an old copy, and nothing opens it any more: take the newest mirror. If they hold an earlier \
         one, they are old copies: name the right ones in the settings.", .path.display()
    )]
    NoRoot {
        /// The mirror.
        path: PathBuf,
        /// Its epoch.
        epoch: i64,
        /// What each custodian said.
        source: CustodiansError,
    },
    /// The database's own vault is newer than the mirror.
    #[error(
        "The mirror {} is at epoch {} and change {}, but the vault of this database is newer, at epoch {} and change {}. \
         Restoring it would let keys come back that were destroyed since. If this database is the newest, keep its vault \
         and run `lethe keys adopt`; else take a newer mirror.",
        .path.display(), .mirror.0, .mirror.1, .database.0, .database.1
    )]
    VaultOlder {
        /// The mirror.
        path: PathBuf,
        /// Its epoch and its last change.
        mirror: (i64, i64),
        /// Those of the database.
        database: (i64, i64),
    },
    /// The events need keys that the mirror does not have.
    #[error(
        "The mirror {} is older than the ledger: {keys} keys that the ledger created, the first at position {position}, are \
         neither in it nor destroyed. Take a newer mirror; without one, what they sealed is lost.", .path.display()
    )]
    KeysMissing {
        /// The mirror.
        path: PathBuf,
        /// How many keys are missing.
        keys: i64,
        /// Where the first one was created.
        position: i64,
    },
    /// The database's vault does not allow it.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database failed.
    #[error("The database failed: {0}.")]
    Database(#[from] sqlx::Error),
}
