//! Events by what is known about them, for those who replay history.

use lethe_kernel::{UnitId, UserId};
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use crate::event::COLUMNS;
use crate::{LedgerError, Parts, Recorded};

/// Which events are wanted; everything given must hold.
#[derive(Clone, Debug, Default)]
pub struct EventFilter {
    /// Those of these types, for example `contact.registered`; of all types if there is none.
    pub types: Vec<String>,
    /// Those of the streams of an object: their types, and its id.
    pub stream: Option<(Vec<String>, Uuid)>,
    /// Those that a user caused.
    pub user: Option<UserId>,
    /// Those caused in the name of a unit.
    pub unit: Option<UnitId>,
}

impl Parts {
    /// The events between two positions, both exclusive, at most `limit`: the first ones or the last ones, in order. One
    /// statement looks through at most `window` positions, 2 or more, so that each ends soon however rare the wanted events
    /// are; those of one object are few, and an index finds them.
    ///
    /// # Errors
    /// As [`Parts::after`].
    pub async fn search(
        &self,
        filter: &EventFilter,
        (mut after, before): (i64, i64),
        (limit, from_end): (i64, bool),
        window: i64,
    ) -> Result<Vec<Recorded>, LedgerError> {
        let mut before = before.min(self.head().await?.saturating_add(1));
        let window = if filter.stream.is_some() { i64::MAX } else { window.max(2) };
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut found = Vec::new();
        while found.len() < wanted && after.saturating_add(1) < before {
            let left = limit - i64::try_from(found.len()).unwrap_or(limit);
            let (low, high) = if from_end {
                (after.max(before.saturating_sub(window)), before)
            } else {
                (after, before.min(after.saturating_add(window)))
            };
            found.extend(self.within(filter, (low, high), (left, from_end)).await?);
            // Both ends are exclusive, so the next window begins beside the position that the last one left out.
            if from_end { before = low + 1 } else { after = high - 1 }
        }
        if from_end {
            found.reverse();
        }
        Ok(found)
    }

    async fn within(
        &self,
        filter: &EventFilter,
        (after, before): (i64, i64),
        (limit, from_end): (i64, bool),
    ) -> Result<Vec<Recorded>, LedgerError> {
        let mut sql: QueryBuilder<'_, Postgres> =
            QueryBuilder::new(format!("SELECT {COLUMNS} FROM ledger.events WHERE position > "));
        sql.push_bind(after).push(" AND position < ").push_bind(before);
        if !filter.types.is_empty() {
            sql.push(" AND event_type = ANY(").push_bind(filter.types.clone()).push(")");
        }
        if let Some((types, stream)) = &filter.stream {
            sql.push(" AND aggregate_type = ANY(").push_bind(types.clone()).push(") AND aggregate_id = ");
            sql.push_bind(stream.to_string());
        }
        for (condition, id) in [
            (" AND metadata ->> 'user' = ", filter.user.map(Uuid::from)),
            (" AND metadata ->> 'unit' = ", filter.unit.map(Uuid::from)),
        ] {
            if let Some(id) = id {
                sql.push(condition).push_bind(id.to_string());
            }
        }
        let order = if from_end { "DESC" } else { "ASC" };
        sql.push(format!(" ORDER BY position {order} LIMIT ")).push_bind(limit);
        sql.build().fetch_all(&self.pool).await?.iter().map(Recorded::from_row).collect()
    }
}
