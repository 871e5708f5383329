use std::path::PathBuf;

use lethe_kernel::Subject;

/// What can go wrong with keys and sealed values. No message contains a value or a key.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The database has keys, but the root that wraps them is not in the data folder.
    #[error(
        "The vault's root key {0} is missing, but the database holds keys wrapped by it. Put the file back, or point \
         --data-dir at the folder that has it. Without it the personal data in this database cannot be read."
    )]
    RootMissing(PathBuf),
    /// The root in the data folder belongs to another installation.
    #[error(
        "The vault's root key {0} belongs to another database. Point --data-dir at the data folder of this database."
    )]
    RootOfAnother(PathBuf),
    /// The root file is not one.
    #[error(
        "The vault's root key {0} is damaged: it does not have the form of a Lethe root key. Restore the file."
    )]
    RootDamaged(PathBuf),
    /// The root file could not be read or written.
    #[error("The vault's root key {path} cannot be read or written: {source}.")]
    RootFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A value is sealed under a key that the database does not have.
    #[error("There is no key for {0}, yet a value is sealed for it. The vault is incomplete; restore it.")]
    KeyMissing(Subject),
    /// A key does not unwrap, or is not the key it claims to be.
    #[error("The key of {0} does not unwrap to the key that was created. The vault is damaged; restore it.")]
    KeyDamaged(Subject),
    /// A sealed value does not open: altered, cut, or moved from where it belongs.
    #[error("A value {label} of {subject} does not open: it was altered, or moved from where it belongs.")]
    Corrupt {
        /// Whose value it should be.
        subject: Subject,
        /// The value's label.
        label: String,
    },
    /// A value could not be encoded.
    #[error("A value could not be sealed: {0}.")]
    Encode(String),
    /// The system has no randomness or refuses an operation.
    #[error("The cryptographic library failed; the system may lack randomness.")]
    Crypto,
    /// The keys could not be read.
    #[error("The keys could not be read from PostgreSQL: {0}.")]
    Database(#[from] sqlx::Error),
}
