use chrono::NaiveDate;
use lethe_crm::contact::BelongingKind;
use lethe_crm::expiry::Effect;
use lethe_kernel::{UnitId, codes};
use lethe_ledger::{Found, LedgerError, Order, Page, Projection, Recorded, page};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use uuid::Uuid;

use crate::belonging::{STREAMS, entries};

/// What expires when (R19): one row per note that is still there and has a date, per consent that stands and has one, and so
/// for each kind of belonging that falls due.
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

impl DueKind {
    /// What kind of belonging that is.
    #[must_use]
    pub const fn belonging(self) -> BelongingKind {
        match self {
            Self::Note => BelongingKind::Note,
            Self::Consent => BelongingKind::Consent,
        }
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
    const VERSION: i32 = 4;
    const SQL: &'static str = include_str!("schedule.sql");
    const SOURCES: &'static [&'static str] = STREAMS;
    type Row = Due;

    fn fold(row: Option<Due>, id: Uuid, event: &Recorded) -> Result<Option<Due>, LedgerError> {
        let kind = entries().find(|entry| entry.stream() == event.aggregate_type);
        kind.ok_or_else(|| event.unknown())?.due(row, id, event)
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
