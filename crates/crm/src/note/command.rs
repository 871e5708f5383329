use chrono::NaiveDate;
use lethe_kernel::{ContactId, NoteId, Patch};

use super::{Amended, Written};
use crate::contact::ErasureKind;
use crate::expiry::{Expiry, Longest};

/// What can be asked of a note.
#[derive(Clone, Debug)]
pub enum NoteCommand {
    /// Write it.
    Write {
        /// What is written.
        written: Written,
        /// The day of writing.
        today: NaiveDate,
        /// How long it may live.
        longest: Longest,
    },
    /// Change it.
    Amend(Amendment),
    /// Remove it by hand; it is treated as on expiry.
    Remove,
    /// Its date came, if it has.
    Expire {
        /// The day of the sweep.
        today: NaiveDate,
    },
    /// A contact is erased that it may name.
    Forget {
        /// The contact.
        contact: ContactId,
        /// How much of the contact stays.
        kind: ErasureKind,
    },
}

/// A change of a note.
#[derive(Clone, Debug)]
pub struct Amendment {
    /// The note itself, whose text is compared.
    pub note: NoteId,
    /// What to change.
    pub change: Amended,
    /// When it expires from now on.
    pub expiry: Patch<Expiry>,
    /// The day of the change.
    pub today: NaiveDate,
    /// How long it may live from then on.
    pub longest: Longest,
}
