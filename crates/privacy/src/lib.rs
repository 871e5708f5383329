//! Consent and, later, retention, erasure and extracts.
