//! Consent, retention, reveals, erasure and rotation and, later, extracts.

pub mod belonging;
pub mod certificate;
pub mod consent;
pub mod erasure;
pub mod restore;
pub mod retention;
pub mod reveal;
pub mod rotation;
