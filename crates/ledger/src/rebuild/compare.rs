//! Comparing the new tables with those that are read, row by row and at the same position.

use std::collections::BTreeMap;

use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::{Build, next};
use crate::runner::checkpoint::stored;
use crate::shape::Shape;
use crate::store::{LIVE, row_json};
use crate::{LedgerError, Reads};

const PAGE: usize = 10_000;
const EXAMPLES: usize = 10;

/// What a comparison found.
#[derive(Debug)]
pub(super) struct Compared {
    /// Where both stand.
    pub(super) position: i64,
    pub(super) differing: u64,
    pub(super) examples: Vec<Uuid>,
}

impl Build<'_> {
    /// Takes a snapshot of the view that is read, catches up with it, and compares. The view goes on meanwhile.
    pub(super) async fn compare(&mut self, from: i64) -> Result<Compared, LedgerError> {
        let mut snapshot = self.parts.pool.begin().await?;
        sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            .execute(&mut *snapshot)
            .await?;
        let position = stored(&mut snapshot, self.shape.identity()).await?;
        self.catch_up(from, position).await?;
        let mut compared = Compared { position, differing: 0, examples: Vec::new() };
        let mut lower = Some(Uuid::nil());
        while let Some(first) = lower {
            let old = page(&mut snapshot, self.shape, LIVE, first).await?;
            let new = page(&mut *self.connection, self.shape, &next(self.shape), first).await?;
            // Up to here both pages are whole.
            let whole = |page: &BTreeMap<Uuid, i64>| {
                page.last_key_value().filter(|_| page.len() == PAGE).map(|(id, _)| *id)
            };
            let upper = [whole(&old), whole(&new)].into_iter().flatten().min();
            let within = |id: &Uuid| upper.is_none_or(|upper| *id <= upper);
            let missing = new.keys().filter(|id| !old.contains_key(*id));
            let changed = old.iter().filter(|(id, row)| new.get(*id) != Some(row)).map(|(id, _)| id);
            for id in changed.chain(missing).filter(|id| within(id)) {
                compared.differing += 1;
                if compared.examples.len() < EXAMPLES {
                    compared.examples.push(*id);
                }
            }
            lower = upper.and_then(|id| id.as_u128().checked_add(1)).map(Uuid::from_u128);
        }
        snapshot.rollback().await?;
        Ok(compared)
    }
}

/// The next rows from a key on, each as a digest of its columns and lists.
async fn page(
    connection: &mut PgConnection,
    shape: &Shape,
    schema: &str,
    first: Uuid,
) -> Result<BTreeMap<Uuid, i64>, LedgerError> {
    let sql = format!(
        "SELECT r.id, hashtextextended({}, 0) AS digest FROM {schema}.{} r WHERE r.id >= $1 ORDER BY r.id LIMIT {PAGE}",
        row_json(shape, schema, &Reads::all()),
        shape.name
    );
    let rows = sqlx::query(&sql).bind(first).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get("id")?, row.try_get("digest")?))).collect()
}
