use chrono::NaiveDate;
use lethe_crm::expiry::{Effect, Expiry};
use lethe_crm::note::NoteEvent;
use lethe_kernel::{UnitId, codes};
use lethe_ledger::{Found, LedgerError, Order, Page, Projection, Recorded, page};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use uuid::Uuid;

use crate::consent::ConsentEvent;

/// What expires when (R19): one row per note that is still there and has a date, and per consent that stands and has one.
pub struct ScheduleView;

codes! {
    /// The kinds of what falls due.
    pub enum DueKind {
        /// A note, on the day it expires.
        Note = "NOTE",
        /// A consent, on the first day on which data is no longer kept for its purpose.
        Consent = "CONSENT",
    }
}

/// Something that falls due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// The note or consent.
    pub id: Uuid,
    /// Which of them.
    pub kind: DueKind,
    /// Whose.
    pub unit_id: UnitId,
    /// The first day on which it has expired.
    pub due: NaiveDate,
    /// What then happens to a note; a consent ends.
    pub effect: Option<Effect>,
}

impl Projection for ScheduleView {
    const NAME: &'static str = "expiry";
    const VERSION: i32 = 3;
    const SQL: &'static str = include_str!("schedule.sql");
    const SOURCES: &'static [&'static str] = &["note", "consent"];
    type Row = Due;

    fn fold(row: Option<Due>, id: Uuid, event: &Recorded) -> Result<Option<Due>, LedgerError> {
        match event.aggregate_type.as_str() {
            "note" => Ok(note(row, id, &event.decode()?)),
            _ => Ok(consent(id, &event.decode()?)),
        }
    }
}

fn note(row: Option<Due>, id: Uuid, event: &NoteEvent) -> Option<Due> {
    let due = |expiry: Option<Expiry>, unit_id| {
        expiry.map(|Expiry { on, effect }| Due {
            id,
            kind: DueKind::Note,
            unit_id,
            due: on,
            effect: Some(effect),
        })
    };
    match event {
        NoteEvent::Written(written) => due(written.expiry, written.unit),
        NoteEvent::ExpirySet(set) => due(set.expiry, set.unit),
        NoteEvent::Erased(erased) if erased.ended => None,
        NoteEvent::Amended(_) | NoteEvent::Erased(_) | NoteEvent::ContactUnlinked(_) => row,
        NoteEvent::Removed(_) | NoteEvent::Expired(_) => None,
    }
}

fn consent(id: Uuid, event: &ConsentEvent) -> Option<Due> {
    match event {
        ConsentEvent::Given(given) => given.kept_until.map(|due| Due {
            id,
            kind: DueKind::Consent,
            unit_id: given.unit,
            due,
            effect: None,
        }),
        ConsentEvent::Withdrawn(_) | ConsentEvent::Expired(_) | ConsentEvent::Erased(_) => None,
    }
}

/// What is wanted; everything given must hold.
#[derive(Clone, Debug, Default)]
pub struct ScheduleFilter {
    /// Those of all these units. So two different ones leave nothing.
    pub units: Vec<UnitId>,
    /// Those that expire on or after.
    pub from: Option<NaiveDate>,
    /// Those that expire before.
    pub until: Option<NaiveDate>,
    /// Those of a kind.
    pub kind: Option<DueKind>,
    /// Notes with an effect.
    pub effect: Option<Effect>,
}

/// A page of the schedule, the next to expire first.
///
/// # Errors
/// Errors of the database.
pub async fn schedule_page(
    pool: &PgPool,
    filter: &ScheduleFilter,
    wanted: &Page,
) -> Result<Vec<Found<Due>>, LedgerError> {
    page::<ScheduleView>(
        pool,
        |sql| {
            for unit in &filter.units {
                sql.push(" AND r.unit_id = ").push_bind(unit.0);
            }
            for (condition, date) in [(" AND r.due >= ", filter.from), (" AND r.due < ", filter.until)] {
                if let Some(date) = date {
                    sql.push(condition).push_bind(date);
                }
            }
            if let Some(kind) = filter.kind {
                sql.push(" AND r.kind = ").push_bind(kind.name());
            }
            if let Some(effect) = filter.effect {
                sql.push(" AND r.effect = ").push_bind(effect.name());
            }
        },
        Order { by: "r.due", sql_type: "date", descending: false },
        wanted,
    )
    .await
}
