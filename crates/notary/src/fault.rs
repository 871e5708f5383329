//! Why a ledger is not believed.

use std::fmt;

use uuid::Uuid;

/// What is wrong with the ledger or with what was signed of it. As long as it stands, nothing is signed and nothing is
/// appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The first position that is wrong, if it can be told.
    pub position: Option<i64>,
    /// What is wrong, in a sentence.
    pub reason: String,
}

impl Fault {
    fn at(position: i64, reason: impl Into<String>) -> Self {
        Self { position: Some(position), reason: reason.into() }
    }

    fn somewhere(reason: impl Into<String>) -> Self {
        Self { position: None, reason: reason.into() }
    }

    /// Fewer events are there than were signed.
    pub(crate) fn shorter(ledger: i64, signed: u64, place: &dyn fmt::Display) -> Self {
        let reason = format!(
            "The ledger ends at position {ledger}, and {signed} events were signed ({place}). It was shortened, or an older \
             copy of the database was put in its place."
        );
        Self::at(ledger.saturating_add(1), reason)
    }

    /// An event is not there.
    pub(crate) fn missing(position: i64) -> Self {
        Self::at(position, format!("The event at position {position} is missing."))
    }

    /// An event is not what was signed.
    pub(crate) fn changed(position: i64) -> Self {
        Self::at(position, format!("The event at position {position} is not the one that was signed."))
    }

    /// Something cannot have an entry in the log at all.
    pub(crate) fn unreadable(position: i64) -> Self {
        Self::at(position, format!("The event at position {position} does not have the form of an event."))
    }

    /// Another history was signed.
    pub(crate) fn forked(size: u64, place: &dyn fmt::Display) -> Self {
        Self::somewhere(format!(
            "The first {size} events are not those that were signed ({place}). The ledger was rewritten."
        ))
    }

    /// A checkpoint of another history than the ledger tells of.
    pub(crate) fn other_history(origin: Uuid, place: &dyn fmt::Display) -> Self {
        Self::somewhere(format!(
            "The history {origin} was signed ({place}), and the ledger neither is it nor tells that it was restored from it."
        ))
    }

    /// The last checkpoint was not signed by this installation.
    pub(crate) fn signature(place: &dyn fmt::Display) -> Self {
        Self::somewhere(format!(
            "The last checkpoint ({place}) is not signed with the key of this installation, or was altered."
        ))
    }

    /// The stored tree is not the one that was signed.
    pub(crate) fn tree() -> Self {
        Self::somewhere(
            "The stored hashes do not give the root that was signed; the notary's tables were altered.",
        )
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}
