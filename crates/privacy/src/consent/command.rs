use chrono::{DateTime, NaiveDate, Utc};
use lethe_crm::expiry::Longest;

use super::{Erased, Given, Withdrawn};

/// What can be asked of a consent.
#[derive(Clone, Debug)]
pub enum ConsentCommand {
    /// Record that it was given.
    Give {
        /// The terms.
        given: Given,
        /// Whether the caller named the time of effect; one that was filled in is no difference by itself.
        dated: bool,
        /// The moment of recording.
        now: DateTime<Utc>,
        /// How long data may be kept.
        longest: Longest,
    },
    /// Record that it was withdrawn.
    Withdraw {
        /// Since when and why.
        withdrawn: Withdrawn,
        /// The moment of recording.
        now: DateTime<Utc>,
    },
    /// The first day on which data is no longer kept for its purpose came, if it has.
    Expire {
        /// The day of the sweep.
        today: NaiveDate,
    },
    /// Its contact is erased.
    Erase(Erased),
}
