//! Comparing the new tables with those that are read, row by row and at the same position.

use std::collections::BTreeMap;

use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::{Build, next};
use crate::runner::checkpoint::stored;
use crate::store::{LIVE, row_json};
use crate::view::identity;
use crate::{LedgerError, Projection};

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

impl<P: Projection> Build<'_, P> {
    /// Takes a snapshot of the view that is read, catches up with it, and compares. The view goes on meanwhile.
    pub(super) async fn compare(&mut self, from: i64) -> Result<Compared, LedgerError> {
        let mut snapshot = self.parts.pool.begin().await?;
        sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            .execute(&mut *snapshot)
            .await?;
        let position = stored(&mut snapshot, identity::<P>()).await?;
        self.catch_up(from, position).await?;
        let mut compared = Compared { position, differing: 0, examples: Vec::new() };
        let mut lower = Some(Uuid::nil());
        while let Some(first) = lower {
            let old = page::<P>(&mut snapshot, LIVE, first).await?;
            let new = page::<P>(&mut *self.connection, &next::<P>(), first).await?;
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
async fn page<P: Projection>(
    connection: &mut PgConnection,
    schema: &str,
    first: Uuid,
) -> Result<BTreeMap<Uuid, i64>, LedgerError> {
    let sql = format!(
        "SELECT r.id, hashtextextended({}, 0) AS digest FROM {schema}.{} r WHERE r.id >= $1 ORDER BY r.id LIMIT {PAGE}",
        row_json::<P>(schema),
        P::NAME
    );
    let rows = sqlx::query(&sql).bind(first).fetch_all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get("id")?, row.try_get("digest")?))).collect()
}
