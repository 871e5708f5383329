//! What a user is told when a rule refuses a request.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::codes;

codes! {
    /// The stable codes of expected refusals, as the API spells them.
    pub enum ErrorCode {
        /// A value does not have the form it must have.
        InvalidValue = "INVALID_VALUE",
        /// A value that must be given is missing.
        Required = "REQUIRED",
        /// Nothing with that id exists, or the id is of another type.
        NotFound = "NOT_FOUND",
        /// The object changed since the version you expect.
        StaleVersion = "STALE_VERSION",
        /// The object is registered already.
        AlreadyExists = "ALREADY_EXISTS",
        /// The object is closed or removed and takes no more changes.
        Ended = "ENDED",
        /// The person was erased; nothing is written about them any more.
        Erased = "ERASED",
        /// Somebody keeps the person in the system, so it cannot be erased.
        ErasureBlocked = "ERASURE_BLOCKED",
        /// The facts have changed since the preview; ask for it again.
        PreviewOutdated = "PREVIEW_OUTDATED",
        /// The external reference belongs to a record that has ended.
        ReferenceEnded = "REFERENCE_ENDED",
        /// The idempotency key was used for another input.
        IdempotencyKeyReused = "IDEMPOTENCY_KEY_REUSED",
        /// Others changed the same objects at the same time, again and again; nothing was done.
        Conflict = "CONFLICT",
        /// Your role or unit may not do this.
        Forbidden = "FORBIDDEN",
        /// Too much in too short a time; `retryAt` says from when on you may try again.
        RateLimited = "RATE_LIMITED",
        /// A rule of the domain refuses it.
        RuleViolated = "RULE_VIOLATED",
    }
}

/// What a client needs to act on a refusal, beyond code and message.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Detail {
    /// Nothing more.
    #[default]
    None,
    /// The version the object has now.
    CurrentVersion(i64),
    /// The object that is in the way: its type and id.
    Existing(&'static str, Uuid),
    /// From when on it may be tried again.
    RetryAt(DateTime<Utc>),
}

/// A broken rule of a slice: one variant per rule, its message a whole sentence that says what to do.
pub trait Rule: std::error::Error {
    /// The stable code.
    fn code(&self) -> ErrorCode;

    /// The path of the input field at fault; empty when no single field is.
    fn field(&self) -> Vec<String> {
        Vec::new()
    }

    /// What a client needs to act.
    fn detail(&self) -> Detail {
        Detail::None
    }
}

/// A refusal as a user sees it. It never carries a personal value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct UserError {
    /// The stable code.
    pub code: ErrorCode,
    /// A whole sentence that says what to do.
    pub message: String,
    /// The path of the input field at fault.
    pub field: Vec<String>,
    /// What a client needs to act.
    pub detail: Detail,
}

impl UserError {
    /// A refusal without a field.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: Vec::new(), detail: Detail::None }
    }

    /// A refusal of one input field.
    pub fn at(code: ErrorCode, field: &str, message: impl Into<String>) -> Self {
        Self { field: vec![field.to_owned()], ..Self::new(code, message) }
    }

    /// Nothing of that kind has the id given in `field`.
    #[must_use]
    pub fn not_found(kind: &str, field: &str) -> Self {
        Self::at(
            ErrorCode::NotFound,
            field,
            format!("No {kind} has this id. Check the id, or query for the {kind} again."),
        )
    }
}

impl<R: Rule> From<R> for UserError {
    fn from(rule: R) -> Self {
        Self { code: rule.code(), message: rule.to_string(), field: rule.field(), detail: rule.detail() }
    }
}
