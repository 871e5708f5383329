use lethe_kernel::ContactId;
use lethe_ledger::LedgerError;
use lethe_notary::NotaryError;
use lethe_vault::VaultError;
use uuid::Uuid;

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// Nobody has erased the contact, or there is none of that id.
    #[error(
        "The contact {0} was not erased, or there is none of that id. There is a certificate only of an erasure."
    )]
    NotErased(ContactId),
    /// A root still exists that once wrapped the keys.
    #[error(
        "The erasure at position {position} is not final yet: a root key still exists that opens the destroyed keys in \
         older backups. Run `lethe keys rotate`, or wait for the next nightly rotation; then there is a certificate."
    )]
    NotFinal {
        /// Where the erasure stands in the ledger.
        position: i64,
    },
    /// The erasure destroyed no key, so nothing can be certified.
    #[error("The erasure at position {0} destroyed no key, so there is nothing to certify.")]
    NothingDestroyed(i64),
    /// No custodian has acknowledged the destruction of the root.
    #[error(
        "The destruction of the root key of epoch {0} was acknowledged by no custodian. Run `lethe keys status`."
    )]
    Unacknowledged(i64),
    /// The order of the erasure and of what made it final is impossible.
    #[error(
        "The erasure stands at position {erased}, the rotation covers what was erased up to {covers}, the switch of the root \
         stands at {switched} and its destruction at {destroyed}. They must follow each other in this order; the ledger was altered. Run `lethe doctor`."
    )]
    Order {
        /// Where the erasure stands.
        erased: i64,
        /// Up to where the rotation makes erasures final.
        covers: i64,
        /// Where the switch of the root stands.
        switched: i64,
        /// Where the destruction of the old root stands.
        destroyed: i64,
    },
    /// A key that the ledger says was destroyed is in the vault.
    #[error(
        "The ledger says that the key {0} was destroyed, but the vault does not: it is there, or has no tombstone. Nothing \
         is certified. If a backup was restored, run `lethe restore` again with the newest export of the vault."
    )]
    NotInVault(Uuid),
    /// A view may still show the values.
    #[error(
        "The view {view} has come to position {reached} only, and the erasure stands at {position}. Start `lethe serve`, \
         wait until it is ready, and ask again."
    )]
    ViewBehind {
        /// The view.
        view: String,
        /// How far it has come.
        reached: i64,
        /// Where the erasure stands.
        position: i64,
    },
    /// An event does not say what it must.
    #[error(
        "The event at position {position} does not say {what} as it should; it was altered. Run `lethe doctor`."
    )]
    Malformed {
        /// Where the event stands.
        position: i64,
        /// What is wrong in it.
        what: &'static str,
    },
    /// A number is too large for JSON as others read it.
    #[error(
        "A number in the certificate is too large, or is not a number, so that not every reader of JSON would read the same."
    )]
    Number,
    /// It could not be written as JSON.
    #[error("The certificate could not be written as JSON: {0}.")]
    Encode(#[from] serde_json::Error),
    /// The signing key failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The log does not cover it.
    #[error(transparent)]
    Log(#[from] NotaryError),
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl From<sqlx::Error> for CertificateError {
    fn from(error: sqlx::Error) -> Self {
        Self::Ledger(error.into())
    }
}
