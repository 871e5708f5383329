//! Rows as they are now, although a view is behind: what it has stored, and on it the fold of the few events since.

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use crate::error::is_of_class;
use crate::event::COLUMNS;
use crate::runner::Job;
use crate::shape::{Shape, State};
use crate::store::load_with_position;
use crate::view::{self, fold_into, wanted};
use crate::{LedgerError, Parts, Reads, Recorded};

/// How many events of a stream are read at once, from its end.
const PAGE: i64 = 50;

type Rows = HashMap<Uuid, Box<dyn State>>;

/// The rows of some streams as they are at a position, with these of their lists; what the others hold says
/// nothing. Where the view cannot tell, the rows are folded from all their events.
pub(crate) fn rows_at<'a>(
    parts: &'a Parts,
    shape: &'static Shape,
    is_built: bool,
    (ids, reads): (&'a [Uuid], &'a Reads),
    until: i64,
) -> Job<'a, Rows> {
    Box::pin(async move {
        let stored = if is_built { from_view(parts, shape, (ids, reads), until).await } else { Ok(None) };
        // Whoever holds the view's tables for long, holds no answer up.
        let stored = match stored {
            Err(LedgerError::Database(error)) if is_of_class(&error, &["55P03"]) => None,
            stored => stored?,
        };
        match stored {
            Some(rows) => Ok(rows),
            None => view::rows_at(parts, shape, ids, until).await,
        }
    })
}

/// The stored rows and what happened since; `None` if the view's tables are not fit, or show what is later.
async fn from_view(
    parts: &Parts,
    shape: &Shape,
    (ids, reads): (&[Uuid], &Reads),
    until: i64,
) -> Result<Option<Rows>, LedgerError> {
    let mut reads: BTreeMap<Uuid, Reads> = ids.iter().map(|id| (*id, reads.clone())).collect();
    let Some((mut stored, position)) = load_with_position(&parts.pool, shape, &reads).await? else {
        return Ok(None);
    };
    let Some(mut since) = since(parts, shape, ids, (position, until)).await? else { return Ok(None) };
    if !since.is_empty() {
        // Once more, with what the folds look at; the view may have gone on meanwhile.
        for (key, more) in wanted(shape, &since)? {
            if let Some(reads) = reads.get_mut(&key) {
                reads.add(more);
            }
        }
        let again = load_with_position(&parts.pool, shape, &reads).await?;
        // Beyond the wanted position it may show what was not there when the streams were looked at.
        let Some((again, position)) = again.filter(|(_, position)| *position <= until) else {
            return Ok(None);
        };
        since.retain(|event| event.position > position);
        stored = again;
    }
    let mut rows = Rows::new();
    for id in ids {
        rows.insert(*id, (shape.state)(stored.get(id).map(String::as_str))?);
    }
    fold_into(shape, &mut rows, &since)?;
    rows.retain(|key, _| ids.contains(key));
    Ok(Some(rows))
}

/// The events of some streams after a position, in order; `None` if there are some after the other one.
async fn since(
    parts: &Parts,
    shape: &Shape,
    ids: &[Uuid],
    (position, until): (i64, i64),
) -> Result<Option<Vec<Recorded>>, LedgerError> {
    let mut events = Vec::new();
    for source in shape.sources {
        for last in lasts(parts, source, ids).await? {
            if last.position > until {
                return Ok(None);
            }
            let mut page = vec![last];
            while let Some(first) = page.first().filter(|first| first.position > position) {
                let before = (0, first.sequence);
                let earlier = parts.stream_page(source, first.stream, before, (PAGE, true)).await?;
                events.extend(std::mem::replace(&mut page, earlier));
            }
            events.append(&mut page);
        }
    }
    events.retain(|event| event.position > position);
    events.sort_by_key(|event| event.position);
    Ok(Some(events))
}

/// The last event of each of some streams.
async fn lasts(parts: &Parts, source: &str, ids: &[Uuid]) -> Result<Vec<Recorded>, LedgerError> {
    let sql = format!(
        "SELECT e.* FROM unnest($2::text[]) s(id) CROSS JOIN LATERAL ( \
             SELECT {COLUMNS} FROM ledger.events WHERE aggregate_type = $1 AND aggregate_id = s.id \
             ORDER BY sequence DESC LIMIT 1) e"
    );
    let rows = sqlx::query(&sql)
        .bind(source)
        .bind(ids.iter().map(Uuid::to_string).collect::<Vec<_>>())
        .fetch_all(&parts.pool)
        .await?;
    rows.iter().map(Recorded::from_row).collect()
}
