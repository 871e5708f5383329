//! A certificate of erasure: what was destroyed, why, on whose word, and since when no copy opens it. It exists only for
//! an erasure that is final. `docs/certificates.md` describes the format field by field.

mod canonical;
mod document;
mod error;
mod facts;
mod issue;
mod log;
mod page;
mod rejection;
mod signed;
mod verify;
mod wording;

pub use document::{Approval, Certificate, DestroyedKey, FORMAT, Remaining, Request, Rotation, STATEMENT};
pub use error::CertificateError;
pub use facts::Facts;
pub use issue::{certificate_of, finality_of, unit_name};
pub use log::LogProofs;
pub use rejection::Rejection;
pub use signed::{Signature, SignedCertificate};
pub use verify::{MAX_BYTES, verify};
pub use wording::remaining;

#[cfg(test)]
mod tests;
