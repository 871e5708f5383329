use chrono::NaiveDate;
use lethe_kernel::{NoteId, UnitId};
use lethe_ledger::{Found, LedgerError, Order, Page, Projection, Recorded, page};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use uuid::Uuid;

use super::{Effect, Expiry};
use crate::contact::ItemKind;
use crate::note::NoteEvent;

/// What expires when (R19): one row per item that is still there and has a date.
pub struct ScheduleView;

/// An item that will expire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// The item.
    pub id: NoteId,
    /// What kind of item.
    pub kind: ItemKind,
    /// Whose.
    pub unit_id: UnitId,
    /// The first day on which it has expired.
    pub due: NaiveDate,
    /// What then happens.
    pub effect: Effect,
}

impl Projection for ScheduleView {
    const NAME: &'static str = "expiry";
    const VERSION: i32 = 2;
    const SQL: &'static str = include_str!("schedule.sql");
    const SOURCES: &'static [&'static str] = &["note"];
    type Row = Due;

    fn fold(row: Option<Due>, id: Uuid, event: &Recorded) -> Result<Option<Due>, LedgerError> {
        let due = |expiry: Option<Expiry>, unit_id| {
            expiry.map(|Expiry { on, effect }| Due {
                id: NoteId(id),
                kind: ItemKind::Note,
                unit_id,
                due: on,
                effect,
            })
        };
        Ok(match event.decode::<NoteEvent>()? {
            NoteEvent::Written(written) => due(written.expiry, written.unit),
            NoteEvent::ExpirySet(set) => due(set.expiry, set.unit),
            NoteEvent::Erased(erased) if erased.ended => None,
            NoteEvent::Amended(_) | NoteEvent::Erased(_) | NoteEvent::ContactUnlinked(_) => row,
            NoteEvent::Removed(_) | NoteEvent::Expired(_) => None,
        })
    }
}

/// Which items are wanted; everything given must hold.
#[derive(Clone, Debug, Default)]
pub struct ScheduleFilter {
    /// Those of all these units. So two different ones leave nothing.
    pub units: Vec<UnitId>,
    /// Those that expire on or after.
    pub from: Option<NaiveDate>,
    /// Those that expire before.
    pub until: Option<NaiveDate>,
    /// Those with an effect.
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
            if let Some(effect) = filter.effect {
                sql.push(" AND r.effect = ").push_bind(effect.name());
            }
        },
        Order { by: "r.due", sql_type: "date", descending: false },
        wanted,
    )
    .await
}
