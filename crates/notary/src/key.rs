//! Who signs the log: the key of the installation, under the name of the log.

use lethe_ledger::Parts;
use lethe_tlog::Hash;
use lethe_tlog::checkpoint::Checkpoint;
use lethe_tlog::note::{KeyKind, Note, VerifierKey};
use lethe_vault::{Signer, VaultError};
use uuid::Uuid;

use crate::NotaryError;

/// What origins of logs begin with. It is a name and no address: whoever gets a checkpoint knows where it came from.
const PREFIX: &str = "lethe.invalid/";

/// The origin line of the log of a history.
#[must_use]
pub fn origin_line(origin: Uuid) -> String {
    format!("{PREFIX}{origin}")
}

/// What a checkpoint of one of this installation's logs says: which history, how many events, which root.
pub(crate) type Signed = (Uuid, u64, Hash);

/// The key of the log of the history that the ledger is now.
pub(crate) struct LogKey {
    origin: Uuid,
    signer: Signer,
    verifier: VerifierKey,
}

impl LogKey {
    /// The key of a ledger's log.
    pub(crate) async fn of(parts: &Parts) -> Result<Self, NotaryError> {
        let origin: Uuid =
            sqlx::query_scalar("SELECT origin FROM ledger.origin").fetch_one(&parts.pool).await?;
        let signer = parts.vault.signer().await?;
        let verifier = verifier(origin, signer.public_key())?;
        Ok(Self { origin, signer, verifier })
    }

    /// The history.
    pub(crate) fn origin(&self) -> Uuid {
        self.origin
    }

    /// The key that others verify with; its name is the origin line.
    pub(crate) fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// A signed checkpoint.
    pub(crate) fn sign(&self, size: u64, root: Hash) -> Result<String, NotaryError> {
        let mut note = Checkpoint::new(self.verifier.name(), size, root).note()?;
        let signature = self.signer.sign(note.text().as_bytes())?;
        note.push(self.verifier.line(&signature));
        Ok(note.to_string())
    }

    /// What a note says, if this installation has signed it for one of its logs, the present one or an earlier one.
    pub(crate) fn read(&self, note: &str) -> Option<Signed> {
        let note: Note = note.parse().ok()?;
        let checkpoint: Checkpoint = note.text().parse().ok()?;
        let origin: Uuid = checkpoint.origin.strip_prefix(PREFIX)?.parse().ok()?;
        note.verify(&[verifier(origin, self.signer.public_key()).ok()?]).ok()?;
        Some((origin, checkpoint.size, checkpoint.root))
    }
}

/// A public key of an installation under the name of its log.
///
/// # Errors
/// [`VaultError::Crypto`] if there cannot be one, which does not happen.
pub fn verifier(origin: Uuid, public: [u8; 32]) -> Result<VerifierKey, VaultError> {
    VerifierKey::new(&origin_line(origin), KeyKind::Ed25519, public).map_err(|_| VaultError::Crypto)
}
