use std::sync::Arc;

use lethe_kernel::UserError;
use lethe_vault::VaultError;

/// What can go wrong below the rules of the domain. Messages carry no personal value.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// PostgreSQL cannot be reached, or refuses.
    #[error("PostgreSQL failed: {0}")]
    Database(#[from] sqlx::Error),
    /// PostgreSQL did not take a batch; nothing of it is in the ledger.
    #[error("PostgreSQL failed: {0}")]
    Append(Arc<sqlx::Error>),
    /// The connection broke while a batch was appended, and PostgreSQL did not come back in time to ask.
    #[error(
        "The connection to PostgreSQL broke and nobody knows whether the change was made. Send the request again with the same idempotency key."
    )]
    Unconfirmed,
    /// The tables could not be brought up to date.
    #[error("The database's tables could not be brought up to date: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A stored event cannot be read.
    #[error("The event at position {position} ({event_type} version {version}) cannot be read: {reason}.")]
    Unreadable {
        /// Its place in the ledger.
        position: i64,
        /// Its stored type.
        event_type: String,
        /// Its stored version.
        version: String,
        /// What the decoder says; it quotes no value.
        reason: String,
    },
    /// Keys or sealed values are at fault.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// Something could not be encoded.
    #[error("An event could not be encoded: {0}.")]
    Encode(String),
    /// The server takes no more work, because it stops or is overloaded.
    #[error(
        "The server accepts no more changes at the moment. Send the request again with the same idempotency key."
    )]
    Busy,
    /// Who may work here could not be asked lately, so nobody is let in.
    #[error(
        "The ledger could not be asked who may work here. Send the request again with the same idempotency key."
    )]
    Unasked,
    /// PostgreSQL is set so that it may lose what it acknowledged.
    #[error("PostgreSQL runs with {0}=off and may lose acknowledged data. Set {0}=on and restart it.")]
    Unsafe(&'static str),
    /// A cursor of another list or order.
    #[error("The cursor does not belong to this list in this order. Begin from the first page.")]
    ForeignCursor,
    /// Somebody names a view or reaction that does not run.
    #[error("There is no view {0}. Name one that runs.")]
    UnknownView(String),
    /// The database belongs to a newer version of Lethe.
    #[error("The database was written by a newer version of Lethe. Start that version, or a newer one.")]
    NewerVersion,
    /// The database has events of before the form that this version reads.
    #[error(
        "The database has events in a form of before, which this version of Lethe does not read. Start with an empty data \
         folder or database, or with the version that the database was made with."
    )]
    EarlierForm,
}

/// Why a command did not happen: a rule refused it, or something failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Rules of the domain refused it; the user is told all of them.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))]
    Refused(Vec<UserError>),
    /// Something failed; the user may try again.
    #[error(transparent)]
    Failed(#[from] LedgerError),
}

impl Failure {
    /// The same, with refusals at the input field that named what was refused.
    #[must_use]
    pub fn at(self, field: &str) -> Self {
        match self {
            Self::Refused(errors) => Self::Refused(
                errors
                    .into_iter()
                    .map(|error| UserError { field: vec![field.to_owned()], ..error })
                    .collect(),
            ),
            Self::Failed(error) => Self::Failed(error),
        }
    }
}

impl From<UserError> for Failure {
    fn from(error: UserError) -> Self {
        Self::Refused(vec![error])
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<VaultError> for Failure {
    fn from(error: VaultError) -> Self {
        Self::Failed(error.into())
    }
}

/// Whether PostgreSQL is away, stops, starts, is read-only or out of a resource, rather than refusing a statement:
/// classes of SQLSTATE that pass by themselves or when somebody mends the server.
#[must_use]
pub fn is_outage(error: &sqlx::Error) -> bool {
    const PASSING: [&str; 7] = ["08", "25006", "40", "53", "55P03", "57", "58"];
    error.as_database_error().is_none() || is_of_class(error, &PASSING)
}

/// Whether PostgreSQL answered with an error of one of these classes, which are the beginnings of SQLSTATEs.
pub(crate) fn is_of_class(error: &sqlx::Error, classes: &[&str]) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| classes.iter().any(|class| code.starts_with(class)))
}
