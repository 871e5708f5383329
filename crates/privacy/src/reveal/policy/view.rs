use lethe_ledger::{LedgerError, Projection, Recorded};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Limits, LimitsSet, PolicyEvent, default_purposes};

/// What units have decided about their reveals.
pub struct RevealPolicyView;

/// What one unit has decided. A unit without a row has decided nothing, and the defaults hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevealPolicyRow {
    /// The unit.
    pub id: Uuid,
    /// The number of events.
    pub version: i64,
    /// What a value may be revealed for.
    pub purposes: Vec<String>,
    /// How many reveals of one user within an hour are usual.
    pub usual: u32,
    /// How many are allowed.
    pub most: u32,
}

impl RevealPolicyRow {
    /// What holds for a unit that has decided nothing.
    #[must_use]
    pub fn undecided(id: Uuid) -> Self {
        let Limits { usual, most } = Limits::default();
        Self { id, version: 0, purposes: default_purposes(), usual, most }
    }
}

impl Projection for RevealPolicyView {
    const NAME: &'static str = "reveal_policy";
    const VERSION: i32 = 1;
    const SQL: &'static str = include_str!("view.sql");
    const SOURCES: &'static [&'static str] = &["reveal_policy"];
    type Row = RevealPolicyRow;

    fn fold(
        row: Option<RevealPolicyRow>,
        id: Uuid,
        event: &Recorded,
    ) -> Result<Option<RevealPolicyRow>, LedgerError> {
        let mut row = row.unwrap_or_else(|| RevealPolicyRow::undecided(id));
        row.version = event.sequence;
        match event.decode()? {
            PolicyEvent::PurposesSet(set) => row.purposes = set.codes,
            PolicyEvent::LimitsSet(LimitsSet { usual, most }) => (row.usual, row.most) = (usual, most),
        }
        Ok(Some(row))
    }
}
