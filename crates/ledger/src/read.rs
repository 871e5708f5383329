//! Reading the ledger.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use lethe_kernel::CommandId;
use uuid::Uuid;

use crate::event::COLUMNS;
use crate::{LedgerError, Parts, Recorded, Stored};

/// Up to where history is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cutoff {
    /// Up to and including a position.
    Position(i64),
    /// Up to and including a recorded time.
    Time(DateTime<Utc>),
}

impl Parts {
    /// The last position, 0 if the ledger is empty.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn head(&self) -> Result<i64, LedgerError> {
        Ok(sqlx::query_scalar(
            "SELECT coalesce((SELECT position FROM ledger.events ORDER BY position DESC LIMIT 1), 0)",
        )
        .fetch_one(&self.pool)
        .await?)
    }

    /// The last position that belongs to a cutoff.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn position_at(&self, cutoff: Cutoff) -> Result<i64, LedgerError> {
        match cutoff {
            Cutoff::Position(position) => Ok(position),
            // Recorded times never go back, so the last one in time is the last in order.
            Cutoff::Time(time) => {
                let (mut below, mut above) = (0, self.head().await? + 1);
                while below + 1 < above {
                    let middle = below + (above - below) / 2;
                    let at: DateTime<Utc> =
                        sqlx::query_scalar("SELECT recorded_at FROM ledger.events WHERE position = $1")
                            .bind(middle)
                            .fetch_one(&self.pool)
                            .await?;
                    if at <= time { below = middle } else { above = middle }
                }
                Ok(below)
            }
        }
    }

    /// The events after a position, at most `limit`, in order.
    ///
    /// # Errors
    /// Errors of the database, and [`LedgerError::Unreadable`].
    pub async fn after(&self, position: i64, limit: i64) -> Result<Vec<Recorded>, LedgerError> {
        let sql =
            format!("SELECT {COLUMNS} FROM ledger.events WHERE position > $1 ORDER BY position LIMIT $2");
        let rows = sqlx::query(&sql).bind(position).bind(limit).fetch_all(&self.pool).await?;
        rows.iter().map(Recorded::from_row).collect()
    }

    /// The events of some types of streams between two positions, the second included, at most `limit`, in order.
    /// Damage in other streams does not matter to it.
    ///
    /// # Errors
    /// As [`Parts::after`].
    pub async fn between(
        &self,
        (after, until): (i64, i64),
        aggregate_types: &[&str],
        limit: i64,
    ) -> Result<Vec<Recorded>, LedgerError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM ledger.events WHERE position > $1 AND position <= $2 \
             AND aggregate_type = ANY($3) ORDER BY position LIMIT $4"
        );
        let query = sqlx::query(&sql).bind(after).bind(until).bind(aggregate_types).bind(limit);
        query.fetch_all(&self.pool).await?.iter().map(Recorded::from_row).collect()
    }

    /// One event; `None` if the ledger has no such position.
    ///
    /// # Errors
    /// As [`Parts::after`].
    pub async fn event(&self, position: i64) -> Result<Option<Recorded>, LedgerError> {
        Ok(self.after(position - 1, 1).await?.pop().filter(|event| event.position == position))
    }

    /// All events of some streams of one type up to a position, in order.
    ///
    /// # Errors
    /// As [`Parts::after`].
    pub async fn stream_until(
        &self,
        aggregate_type: &str,
        streams: &[Uuid],
        until: Option<i64>,
    ) -> Result<Vec<Recorded>, LedgerError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM ledger.events WHERE aggregate_type = $1 AND aggregate_id = ANY($2) \
             AND position <= $3 ORDER BY aggregate_id, sequence"
        );
        let rows = sqlx::query(&sql)
            .bind(aggregate_type)
            .bind(streams.iter().map(Uuid::to_string).collect::<Vec<_>>())
            .bind(until.unwrap_or(i64::MAX))
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(Recorded::from_row).collect()
    }

    /// The first event of every stream of one type, in the order of the streams' ids.
    ///
    /// # Errors
    /// As [`Parts::after`].
    pub async fn openings(&self, aggregate_type: &str) -> Result<Vec<Recorded>, LedgerError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM ledger.events WHERE aggregate_type = $1 AND sequence = 1 ORDER BY aggregate_id"
        );
        let rows = sqlx::query(&sql).bind(aggregate_type).fetch_all(&self.pool).await?;
        rows.iter().map(Recorded::from_row).collect()
    }

    /// Whether there is a stream of a type.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn has_any<A: Stored>(&self) -> Result<bool, LedgerError> {
        let sql = "SELECT EXISTS (SELECT FROM ledger.events WHERE aggregate_type = $1)";
        Ok(sqlx::query_scalar(sql).bind(A::TYPE).fetch_one(&self.pool).await?)
    }

    /// Which of these units of work were done.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn executed(&self, commands: &[CommandId]) -> Result<HashSet<CommandId>, LedgerError> {
        let ids: Vec<Uuid> = commands.iter().map(|command| command.0).collect();
        let sql = "SELECT command_id FROM ledger.commands WHERE command_id = ANY($1)";
        let done: Vec<Uuid> = sqlx::query_scalar(sql).bind(ids).fetch_all(&self.pool).await?;
        Ok(done.into_iter().map(CommandId).collect())
    }

    /// A page of one stream: at most `limit` events between two sequences, the first ones or the last
    /// ones, in order of sequence.
    ///
    /// # Errors
    /// As [`Parts::after`].
    pub async fn stream_page(
        &self,
        aggregate_type: &str,
        stream: Uuid,
        (after, before): (i64, i64),
        (limit, from_end): (i64, bool),
    ) -> Result<Vec<Recorded>, LedgerError> {
        let order = if from_end { "DESC" } else { "ASC" };
        let sql = format!(
            "SELECT {COLUMNS} FROM ledger.events WHERE aggregate_type = $1 AND aggregate_id = $2 \
             AND sequence > $3 AND sequence < $4 ORDER BY sequence {order} LIMIT $5"
        );
        let rows = sqlx::query(&sql)
            .bind(aggregate_type)
            .bind(stream.to_string())
            .bind(after)
            .bind(before)
            .bind(limit)
            .fetch_all(&self.pool)
            .await?;
        let mut events: Vec<Recorded> = rows.iter().map(Recorded::from_row).collect::<Result<_, _>>()?;
        if from_end {
            events.reverse();
        }
        Ok(events)
    }
}
