//! Companies, prospects, contacts, notes, expiry and import.
