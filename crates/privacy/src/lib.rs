//! Consent and, later, retention, erasure and extracts.

pub mod certificate;
pub mod consent;
pub mod rotation;
