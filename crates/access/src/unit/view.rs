use chrono::{DateTime, Utc};
use lethe_ledger::{LedgerError, Projection, Recorded};
use lethe_nordic::Country;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{UnitEvent, UnitKind};

/// The units.
pub struct UnitView;

/// One unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnitRow {
    /// The unit's id.
    pub id: Uuid,
    /// The number of its events.
    pub version: i64,
    /// Its name.
    pub name: String,
    /// Where it is.
    pub country: Country,
    /// What it is.
    pub kind: UnitKind,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
}

impl Projection for UnitView {
    const NAME: &'static str = "unit";
    const VERSION: i32 = 1;
    const SQL: &'static str = include_str!("view.sql");
    const SOURCES: &'static [&'static str] = &["unit"];
    type Row = UnitRow;

    fn fold(_: Option<UnitRow>, id: Uuid, event: &Recorded) -> Result<Option<UnitRow>, LedgerError> {
        let UnitEvent::Registered(registered) = event.decode()?;
        Ok(Some(UnitRow {
            id,
            version: event.sequence,
            name: registered.name,
            country: registered.country,
            kind: registered.kind,
            created_at: event.recorded_at,
        }))
    }
}
