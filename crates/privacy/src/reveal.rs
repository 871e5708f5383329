//! A reveal: one showing of a masked value – the last digits of a CPR number (R7), the text of a note declared sensitive
//! (R8, R26) – to one user, for a stated purpose. It is in the ledger before the value leaves: no log, no value.
//!
//! The reveals of one user on one day are one stream, so that nobody waits for others who look at the same person, and
//! so that the number of reveals in an hour is decided on one consistent state. The person and the note are only read;
//! but they are read in the same unit of work, so an erasure at the same moment wins.

mod aggregate;
mod alert;
mod command;
mod error;
mod event;
mod id;
mod log;
mod policy;
mod work;

pub use aggregate::Reveals;
pub use alert::{AlertRow, AlertView, alert_page};
pub use command::RecordReveal;
pub use error::RevealError;
pub use event::{PurposeText, RevealEvent, RevealRecorded, RevealUnusual, Revealed, RevealedField};
pub use id::reveals_id;
pub use log::{
    AccessFilter, AccessLogView, AccessRow, SubjectAccess, access_log_of, access_of_contacts, access_page,
};
pub use policy::{
    Limits, LimitsSet, PolicyCommand, PolicyEvent, PurposesSet, RevealPolicy, RevealPolicyRow,
    RevealPolicyView, SetLimits, SetPurposes, default_purposes,
};
pub use work::{Occasion, RevealCompanyNumber, RevealCpr, RevealNote};
