//! Consent and, later, retention, erasure and extracts.

pub mod consent;
pub mod restore;
pub mod rotation;
