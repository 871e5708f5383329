use lethe_kernel::codes;
use lethe_ledger::{Audience, Change, Described, domain_event};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

codes! {
    /// What a note is, whatever its unit calls it.
    pub enum Nature {
        /// Something that was written down.
        Note = "NOTE",
        /// A telephone call.
        Call = "CALL",
        /// A meeting, in one place or not.
        Meeting = "MEETING",
        /// A letter or an e-mail.
        Mail = "MAIL",
    }
}

/// A kind of notes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteKind {
    /// What the unit calls it: a code such as `FIRST_TALK`.
    pub code: String,
    /// What it is by nature.
    pub nature: Nature,
}

/// What a unit decided about its kinds of notes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KindsEvent {
    /// Which there are.
    Set(KindsSet),
}

/// Which kinds of notes a unit has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindsSet {
    /// The kinds, in the order in which they are offered. They replace the earlier ones.
    pub kinds: Vec<NoteKind>,
}

domain_event!(KindsEvent { Set = "note_kinds.set" v "1" });

impl Described for KindsEvent {
    fn changes(&self, _: Uuid) -> Vec<Change> {
        let Self::Set(KindsSet { kinds }) = self;
        kinds
            .iter()
            .flat_map(|kind| {
                [Change::set("kinds", kind.code.as_str()), Change::set("natures", kind.nature.name())]
            })
            .collect()
    }

    fn audience(&self) -> Audience {
        let Self::Set(_) = self;
        Audience::Everybody
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_and_shown_names_agree() {
        for nature in [Nature::Note, Nature::Call, Nature::Meeting, Nature::Mail] {
            assert_eq!(serde_json::to_value(nature).unwrap(), nature.name());
        }
    }
}
