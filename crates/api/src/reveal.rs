//! Reveals of masked values, and the log of them.

mod alert;
mod entry;
mod mutation;
mod of_company;
mod of_contact;
mod of_note;
mod policy;
mod query;
mod subject;

pub(crate) use entry::AccessLogEntry;
pub(crate) use mutation::RevealMutation;
pub(crate) use of_company::CompanyReveals;
pub(crate) use of_contact::ContactReveals;
pub(crate) use of_note::NoteReveals;
pub(crate) use policy::{RevealPolicyMutation, RevealRules};
pub(crate) use query::{RevealQuery, access_logs};
