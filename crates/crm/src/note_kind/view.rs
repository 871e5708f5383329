use lethe_ledger::{LedgerError, Projection, Recorded};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{KindsEvent, KindsSet, NoteKind, default_kinds};

/// The kinds of notes of units.
pub struct NoteKindsView;

/// The kinds of notes of one unit. A unit without a row has decided nothing, and the defaults hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteKindsRow {
    /// The unit.
    pub id: Uuid,
    /// The number of events.
    pub version: i64,
    /// The kinds, in the order in which they are offered.
    pub kinds: Vec<NoteKind>,
}

impl NoteKindsRow {
    /// What holds for a unit that has decided nothing.
    #[must_use]
    pub fn undecided(id: Uuid) -> Self {
        Self { id, version: 0, kinds: default_kinds() }
    }
}

impl Projection for NoteKindsView {
    const NAME: &'static str = "note_kinds";
    const VERSION: i32 = 1;
    const SQL: &'static str = include_str!("view.sql");
    const SOURCES: &'static [&'static str] = &["note_kinds"];
    type Row = NoteKindsRow;

    fn fold(
        _: Option<NoteKindsRow>,
        id: Uuid,
        event: &Recorded,
    ) -> Result<Option<NoteKindsRow>, LedgerError> {
        let KindsEvent::Set(KindsSet { kinds }) = event.decode()?;
        Ok(Some(NoteKindsRow { id, version: event.sequence, kinds }))
    }
}
