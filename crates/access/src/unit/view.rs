use chrono::{DateTime, Utc};
use lethe_kernel::{UnitId, UserId};
use lethe_ledger::{Child, LedgerError, Projection, Recorded};
use lethe_nordic::Country;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Amended, Registered, UnitEvent, UnitKind};

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
    /// The number of its production unit.
    pub p_number: Option<String>,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
    /// Its DPMs, the present one last.
    pub dpms: Vec<DpmTerm>,
}

/// How long somebody was the DPM of a unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DpmTerm {
    unit_id: UnitId,
    /// Which of the unit's DPMs, from 1.
    pub number: i64,
    /// The DPM.
    pub user_id: UserId,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Until when; none for the present one.
    pub until: Option<DateTime<Utc>>,
}

impl UnitRow {
    /// Its DPM, if it has one.
    #[must_use]
    pub fn dpm(&self) -> Option<UserId> {
        self.dpms.last().map(|term| term.user_id)
    }

    fn new(id: Uuid, registered: Registered, event: &Recorded) -> Self {
        Self {
            id,
            version: event.sequence,
            name: registered.name,
            country: registered.country,
            kind: registered.kind,
            p_number: None,
            created_at: event.recorded_at,
            dpms: Vec::new(),
        }
    }

    fn appoint(&mut self, user: UserId, at: DateTime<Utc>) {
        if let Some(former) = self.dpms.last_mut() {
            former.until = Some(at);
        }
        let number = i64::try_from(self.dpms.len()).unwrap_or(i64::MAX).saturating_add(1);
        self.dpms.push(DpmTerm { unit_id: UnitId(self.id), number, user_id: user, since: at, until: None });
    }
}

impl Projection for UnitView {
    const NAME: &'static str = "unit";
    const VERSION: i32 = 2;
    const SQL: &'static str = include_str!("view.sql");
    const CHILDREN: &'static [Child] =
        &[Child { field: "dpms", table: "unit_dpm", owner: "unit_id", key: &["number"], first: None }];
    const SOURCES: &'static [&'static str] = &["unit"];
    type Row = UnitRow;

    fn fold(row: Option<UnitRow>, id: Uuid, event: &Recorded) -> Result<Option<UnitRow>, LedgerError> {
        let decoded: UnitEvent = event.decode()?;
        let mut row = match (row, decoded) {
            (_, UnitEvent::Registered(registered)) => UnitRow::new(id, registered, event),
            (Some(mut row), UnitEvent::Amended(Amended { name, p_number })) => {
                row.name = name.unwrap_or(row.name);
                p_number.apply(&mut row.p_number);
                row
            }
            (Some(mut row), UnitEvent::DpmAppointed(appointed)) => {
                row.appoint(appointed.user, event.recorded_at);
                row
            }
            (None, UnitEvent::Amended(_) | UnitEvent::DpmAppointed(_)) => return Ok(None),
        };
        row.version = event.sequence;
        Ok(Some(row))
    }
}
