use lethe_kernel::{ErrorCode, Rule};
use lethe_ledger::{Failure, LedgerError};

/// The rules an import's command can break.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportRefusal {
    /// Nobody started it.
    #[error("No import has this id. Check the id, or start the import again.")]
    Unknown,
    /// It is the import of another file.
    #[error("This import is that of another file, unit or kind. Start a new import.")]
    AnotherFile,
}

impl Rule for ImportRefusal {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Unknown => ErrorCode::NotFound,
            Self::AnotherFile => ErrorCode::RuleViolated,
        }
    }
}

/// Why a file is not imported, or not to its end. No message has a value of the file.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file is no table, or its columns cannot be told.
    #[error(transparent)]
    Table(#[from] lethe_tabular::Error),
    /// The import may not start, or its progress could not be stored.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// A row met a failure that is not the row's fault.
    #[error("The import stopped at row {row}: {failure} Start it again with the same file, and it goes on.")]
    Row {
        /// The row's number.
        row: u64,
        /// What failed.
        failure: Failure,
    },
    /// Another import of the unit is being started.
    #[error("Another import of your unit is starting at this moment. Try again in a few seconds.")]
    Starting,
    /// Part of the import ended without an answer.
    #[error("The import stopped unexpectedly. Start it again with the same file, and it goes on.")]
    Stopped,
}

impl From<LedgerError> for ImportError {
    fn from(error: LedgerError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<tokio::task::JoinError> for ImportError {
    fn from(_: tokio::task::JoinError) -> Self {
        Self::Stopped
    }
}
