//! Consent, reveals, erasure and rotation and, later, retention and extracts.

pub mod certificate;
pub mod consent;
pub mod erasure;
pub mod restore;
pub mod reveal;
pub mod rotation;
