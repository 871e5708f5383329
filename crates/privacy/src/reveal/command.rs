use lethe_kernel::AlertId;

use super::{Limits, RevealRecorded, Reveals};

/// Record that a masked value is shown.
#[derive(Clone, Debug)]
pub struct RecordReveal {
    /// The reveal.
    pub recorded: RevealRecorded,
    /// How many reveals the unit calls usual, and how many it allows.
    pub limits: Limits,
    /// What the user revealed the day before, if the last hour reaches into it.
    pub before: Reveals,
    /// The id of a warning, should there be one.
    pub alert: AlertId,
}
