//! The one place where refusals and faults become GraphQL errors.

use std::sync::Arc;

use async_graphql::{ErrorExtensions, ID, Interface, SimpleObject};
use chrono::{DateTime, Utc};
use lethe_kernel::{self as kernel, Detail};
use lethe_ledger::{LedgerError, is_outage};
use lethe_vault::VaultError;

use crate::code::code;
use crate::id::Kind;

code! {
    /// The stable codes of expected refusals.
    ErrorCode: "ErrorCode" = kernel::ErrorCode
}

/// An expected refusal: data with a stable code and what you need to act. Faults are top-level errors.
#[derive(Interface)]
#[graphql(
    field(name = "code", ty = "&ErrorCode", desc = "The stable code."),
    field(name = "message", ty = "&String", desc = "A whole sentence that says what to do."),
    field(name = "field", ty = "&Option<Vec<String>>", desc = "The path of the input field at fault.")
)]
pub(crate) enum UserError {
    InvalidValue(InvalidValue),
    StaleVersion(StaleVersion),
    AlreadyExists(AlreadyExists),
    RateLimited(RateLimited),
    RuleViolation(RuleViolation),
}

/// A value is missing or does not have the form it must have.
#[derive(SimpleObject)]
pub(crate) struct InvalidValue {
    code: ErrorCode,
    message: String,
    field: Option<Vec<String>>,
}

/// The object changed since you read it.
#[derive(SimpleObject)]
pub(crate) struct StaleVersion {
    code: ErrorCode,
    message: String,
    field: Option<Vec<String>>,
    /// The version it has now.
    current_version: i64,
}

/// The object exists already.
#[derive(SimpleObject)]
pub(crate) struct AlreadyExists {
    code: ErrorCode,
    message: String,
    field: Option<Vec<String>>,
    /// The object that is there.
    existing: ID,
}

/// Too much in too short a time.
#[derive(SimpleObject)]
pub(crate) struct RateLimited {
    code: ErrorCode,
    message: String,
    field: Option<Vec<String>>,
    /// From when on you may try again.
    retry_at: DateTime<Utc>,
}

/// A rule of the domain refuses the command.
#[derive(SimpleObject)]
pub(crate) struct RuleViolation {
    code: ErrorCode,
    message: String,
    field: Option<Vec<String>>,
}

impl From<kernel::UserError> for UserError {
    fn from(error: kernel::UserError) -> Self {
        let (of, code) = (error.code, ErrorCode::from(error.code));
        let message = error.message;
        let field = (!error.field.is_empty()).then_some(error.field);
        match (error.detail, of) {
            (Detail::CurrentVersion(current_version), _) => {
                Self::StaleVersion(StaleVersion { code, message, field, current_version })
            }
            (Detail::Existing(kind, id), _) => {
                if let Some(kind) = Kind::from_name(kind) {
                    Self::AlreadyExists(AlreadyExists { code, message, field, existing: kind.id(id) })
                } else {
                    // Rather no object than one of another type.
                    tracing::error!(kind, "a refusal names an object of a type that is not in the graph");
                    Self::RuleViolation(RuleViolation { code, message, field })
                }
            }
            (Detail::RetryAt(retry_at), _) => {
                Self::RateLimited(RateLimited { code, message, field, retry_at })
            }
            (Detail::None, kernel::ErrorCode::InvalidValue | kernel::ErrorCode::Required) => {
                Self::InvalidValue(InvalidValue { code, message, field })
            }
            (Detail::None, _) => Self::RuleViolation(RuleViolation { code, message, field }),
        }
    }
}

/// What a field of the graph fails with. What failed below becomes one with `?`: its text goes to the log, and the client is
/// told what [`fault`] makes of it. Nothing else becomes an `async_graphql::Error`: the feature `custom-error-conversion`
/// takes away the conversion of everything that can be printed, which would tell the client the text.
#[derive(Clone, Debug)]
pub(crate) struct ApiError(async_graphql::Error);

/// What a field of the graph answers.
pub(crate) type Result<T, E = ApiError> = std::result::Result<T, E>;

impl ApiError {
    /// The same, with more that a program can read beside the code.
    pub(crate) fn with(self, name: &str, value: impl Into<async_graphql::Value>) -> Self {
        Self(self.0.extend_with(|_, extensions| extensions.set(name, value)))
    }

    /// The sentence alone.
    pub(crate) fn into_message(self) -> String {
        self.0.message
    }
}

impl From<ApiError> for async_graphql::Error {
    fn from(error: ApiError) -> Self {
        error.0
    }
}

impl From<&LedgerError> for ApiError {
    fn from(error: &LedgerError) -> Self {
        fault(error)
    }
}

impl From<LedgerError> for ApiError {
    fn from(error: LedgerError) -> Self {
        fault(&error)
    }
}

/// What a loader could not read.
impl From<Arc<LedgerError>> for ApiError {
    fn from(error: Arc<LedgerError>) -> Self {
        fault(&error)
    }
}

/// A top-level error with a stable `extensions.code`.
pub(crate) fn top_level(code: &'static str, message: impl Into<String>) -> ApiError {
    ApiError(async_graphql::Error::new(message)).with("code", code)
}

/// A fault: told to the log in full, to the client only as what it can do.
fn fault(error: &LedgerError) -> ApiError {
    match error {
        LedgerError::Busy | LedgerError::Unconfirmed | LedgerError::Unasked => {
            top_level("UNAVAILABLE", error.to_string())
        }
        LedgerError::Append(inner) if is_outage(inner) => outage(inner),
        LedgerError::Database(inner) if is_outage(inner) => outage(inner),
        LedgerError::ForeignCursor => top_level("BAD_CURSOR", error.to_string()),
        // The key of a cursor that somebody made up is no time, no date or no number.
        LedgerError::Database(sqlx::Error::Database(inner))
            if matches!(inner.code().as_deref(), Some("22007" | "22008" | "22P02" | "22003")) =>
        {
            top_level("BAD_CURSOR", LedgerError::ForeignCursor.to_string())
        }
        LedgerError::Vault(error) => sealed(error),
        error => {
            tracing::error!(%error, "a request failed");
            top_level(
                "INTERNAL",
                "The request failed inside the server. The log says why, under the request's id.",
            )
        }
    }
}

/// Whether the same may succeed in a moment.
pub(crate) fn is_passing(error: &LedgerError) -> bool {
    match error {
        LedgerError::Busy | LedgerError::Unconfirmed | LedgerError::Unasked => true,
        LedgerError::Append(inner) => is_outage(inner),
        LedgerError::Database(inner) | LedgerError::Vault(VaultError::Database(inner)) => is_outage(inner),
        _ => false,
    }
}

fn outage(error: &sqlx::Error) -> ApiError {
    tracing::error!(%error, "the database cannot be reached");
    top_level(
        "UNAVAILABLE",
        "The database cannot be reached at the moment. Send the request again with the same idempotency key.",
    )
}

/// A value that should open and does not is never shown as empty.
pub(crate) fn sealed(error: &VaultError) -> ApiError {
    if let VaultError::Database(inner) = error
        && is_outage(inner)
    {
        return outage(inner);
    }
    tracing::error!(%error, "a sealed value does not open");
    metrics::counter!("lethe_vault_faults_total").increment(1);
    top_level(
        "VAULT",
        "A sealed value cannot be opened, so nothing is shown. The log says which, under the request's id.",
    )
}

/// A refusal of a query, which has no payload to carry it.
pub(crate) fn refused(error: kernel::UserError) -> ApiError {
    top_level(error.code.name(), error.message)
}

#[cfg(test)]
mod tests;
