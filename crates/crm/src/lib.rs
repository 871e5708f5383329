//! Companies, prospects, contacts, notes, their expiry, and the import of files.

pub mod company;
pub mod contact;
pub mod expiry;
pub mod import;
pub mod note;
pub mod note_kind;
pub mod prospect;
pub mod reference;
