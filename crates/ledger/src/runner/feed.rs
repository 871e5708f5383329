//! One reader per process: the newest events of the ledger, read once and handed to every view that is in step.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use sqlx::Row;
use tokio::sync::watch;
use tokio::time::Instant;

use super::standby::{Board, gather};
use crate::event::COLUMNS;
use crate::{LedgerError, Parts, Recorded};

/// How many events are read, handed on and folded at once.
pub(crate) const BATCH: usize = 1000;
const RETRY: Duration = Duration::from_secs(1);

/// The end of the ledger: every event after one position up to another.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    after: i64,
    until: i64,
    /// What was read together, oldest first; shared with earlier and later ends.
    parts: VecDeque<Arc<Vec<Entry>>>,
}

/// One event of whatever stream. Damage in streams a view does not follow must not matter to it, so an event that
/// cannot be read is `None`; who follows its stream reads it for itself and finds out why.
#[derive(Clone, Debug)]
struct Entry {
    position: i64,
    aggregate_type: String,
    event: Option<Arc<Recorded>>,
}

/// What there is for a view at a position.
#[derive(Debug)]
pub(crate) enum Next {
    /// Nothing new.
    Nothing,
    /// These events and no others of its sources, up to a position.
    Events(Vec<Arc<Recorded>>, i64),
    /// It is too far behind, or one of its events cannot be read: it reads for itself, up to a position.
    Read(i64),
}

impl Tail {
    /// An end without events: the view that is there is in step.
    pub(crate) fn at(position: i64) -> Self {
        Self { after: position, until: position, parts: VecDeque::new() }
    }

    /// What a view has to take next; `anew` if it distrusts what was read before, since it may have been mended.
    pub(crate) fn next(&self, position: i64, sources: &[&str], anew: bool) -> Next {
        if position >= self.until {
            return Next::Nothing;
        }
        if position < self.after || anew {
            return Next::Read(self.until);
        }
        let mut events = Vec::new();
        let parts = self.parts.iter().filter(|part| part.last().is_some_and(|last| last.position > position));
        let new = parts.flat_map(|part| part.iter()).skip_while(|entry| entry.position <= position);
        for entry in new.filter(|entry| sources.contains(&entry.aggregate_type.as_str())) {
            let Some(event) = &entry.event else { return Next::Read(self.until) };
            events.push(event.clone());
        }
        Next::Events(events, self.until)
    }

    /// The end after some more events; the oldest are left out.
    fn with(&self, new: Vec<Entry>) -> Self {
        let until = new.last().map_or(self.until, |entry| entry.position);
        let mut parts = self.parts.clone();
        parts.push_back(Arc::new(new));
        let mut after = self.after;
        while parts.iter().map(|part| part.len()).sum::<usize>() > BATCH && parts.len() > 1 {
            let oldest = parts.pop_front();
            after = oldest.and_then(|part| part.last().map(|entry| entry.position)).unwrap_or(after);
        }
        Self { after, until, parts }
    }
}

/// Reads what is new while this process runs any view: when it has appended, when it is hinted at by another process,
/// and when it notices by polling.
pub(crate) async fn feed(parts: Arc<Parts>, board: Arc<Board>, tail: watch::Sender<Arc<Tail>>) {
    let (mut newest, mut held) = (parts.head_watch(), board.held.clone());
    loop {
        if held.wait_for(|held| held.contains(&true)).await.is_err() {
            return;
        }
        let known = tail.borrow().clone();
        newest.mark_unchanged();
        let begun = Instant::now();
        match read(&parts, known.until).await {
            Ok(new) if new.is_empty() => {
                if newest.changed().await.is_err() {
                    return;
                }
            }
            Ok(new) => {
                tail.send_replace(Arc::new(known.with(new)));
                gather(begun, &board.waiting).await;
            }
            // The process ends.
            Err(_) if parts.pool.is_closed() => return,
            Err(error) => {
                tracing::warn!(%error, "the ledger could not be read; trying again");
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}

async fn read(parts: &Parts, after: i64) -> Result<Vec<Entry>, LedgerError> {
    let sql = format!("SELECT {COLUMNS} FROM ledger.events WHERE position > $1 ORDER BY position LIMIT $2");
    let limit = i64::try_from(BATCH).unwrap_or(i64::MAX);
    let rows = sqlx::query(&sql).bind(after).bind(limit).fetch_all(&parts.pool).await?;
    rows.iter()
        .map(|row| {
            Ok(Entry {
                position: row.try_get_unchecked(0)?,
                aggregate_type: row.try_get_unchecked(1)?,
                event: Recorded::from_row(row).ok().map(Arc::new),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests;
