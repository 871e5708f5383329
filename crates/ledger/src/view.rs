//! A projection as something that follows the ledger: folds events into its tables.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::Arc;

use sqlx::{Executor, PgConnection};
use uuid::Uuid;

use crate::runner::checkpoint::{Identity, advance, stored};
use crate::runner::{Follower, Job};
use crate::store::{self, LIVE};
use crate::{LedgerError, Parts, Projection, Recorded, rebuild};

/// Above so many events a new view is built as by `lethe rebuild`, which is faster than following.
const MANY: i64 = 10_000;

/// The follower of `P`.
pub(crate) struct View<P>(PhantomData<fn() -> P>);

impl<P> Default for View<P> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

/// Who `P` is.
pub(crate) fn identity<P: Projection>() -> Identity {
    Identity { name: P::NAME, version: P::VERSION, sources: P::SOURCES }
}

impl<P: Projection> Follower for View<P> {
    fn who(&self) -> Identity {
        identity::<P>()
    }

    fn open<'a>(&'a self, parts: &'a Parts) -> Job<'a, Option<i64>> {
        Box::pin(open::<P>(parts))
    }

    fn rebuild<'a>(&'a self, parts: &'a Arc<Parts>) -> Job<'a, ()> {
        Box::pin(rebuild::at_start::<P>(parts))
    }

    fn take<'a>(
        &'a self,
        parts: &'a Parts,
        between: (i64, i64),
        events: &'a [Arc<Recorded>],
    ) -> Job<'a, Option<i64>> {
        Box::pin(async move {
            let mut transaction = parts.pool.begin().await?;
            if !advance(&mut transaction, identity::<P>(), between).await? {
                return Ok(None);
            }
            apply::<P>(&mut transaction, LIVE, events).await?;
            transaction.commit().await?;
            Ok(Some(between.1))
        })
    }
}

/// Folds events into the tables of a schema.
pub(crate) async fn apply<P: Projection>(
    connection: &mut PgConnection,
    schema: &str,
    events: &[Arc<Recorded>],
) -> Result<(), LedgerError> {
    let mut keys = Vec::new();
    for event in events {
        keys.extend(P::keys(event)?);
    }
    keys.sort_unstable();
    keys.dedup();
    if keys.is_empty() {
        return Ok(());
    }
    let mut rows = store::load::<P>(connection, schema, &keys).await?;
    let replaced: Vec<Uuid> = rows.keys().copied().collect();
    fold_into::<P>(&mut rows, events.iter().map(Arc::as_ref))?;
    let rows: Vec<&P::Row> = rows.values().collect();
    store::save::<P>(connection, schema, &replaced, &rows).await
}

/// Folds events into rows; the same function for following, comparing and looking back.
pub(crate) fn fold_into<'e, P: Projection>(
    rows: &mut HashMap<Uuid, P::Row>,
    events: impl IntoIterator<Item = &'e Recorded>,
) -> Result<(), LedgerError> {
    for event in events.into_iter().filter(|event| P::SOURCES.contains(&event.aggregate_type.as_str())) {
        for key in P::keys(event)? {
            if let Some(row) = P::fold(rows.remove(&key), key, event)? {
                rows.insert(key, row);
            }
        }
    }
    Ok(())
}

/// Where the view stands; `None` if it must be rebuilt. A view that the database does not know gets empty tables.
pub(crate) async fn open<P: Projection>(parts: &Parts) -> Result<Option<i64>, LedgerError> {
    let mut transaction = parts.pool.begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('lethe.open.' || $1, 0))")
        .bind(P::NAME)
        .execute(&mut *transaction)
        .await?;
    let known: Option<(i32, i64)> =
        sqlx::query_as("SELECT version, position FROM ledger.projections WHERE name = $1")
            .bind(P::NAME)
            .fetch_optional(&mut *transaction)
            .await?;
    let head: i64 = sqlx::query_scalar("SELECT coalesce(max(position), 0) FROM ledger.events")
        .fetch_one(&mut *transaction)
        .await?;
    if let Some((version, position)) = known {
        if version > P::VERSION {
            return Err(LedgerError::NewerVersion);
        }
        // Beyond the ledger's end means that the ledger was restored to an earlier state.
        let is_fit = version == P::VERSION && position <= head && !(position == 0 && head > MANY);
        return Ok(is_fit.then_some(position));
    }
    create::<P>(&mut transaction).await?;
    transaction.commit().await?;
    Ok((head <= MANY).then_some(0))
}

async fn create<P: Projection>(connection: &mut PgConnection) -> Result<(), LedgerError> {
    sqlx::query("SELECT set_config('search_path', $1, true)").bind(LIVE).execute(&mut *connection).await?;
    for table in store::tables::<P>() {
        sqlx::query(&format!("DROP TABLE IF EXISTS {table}")).execute(&mut *connection).await?;
    }
    connection.execute(P::SQL).await?;
    sqlx::query("INSERT INTO ledger.projections (name, version, position, tables) VALUES ($1, $2, 0, $3)")
        .bind(P::NAME)
        .bind(P::VERSION)
        .bind(store::tables::<P>())
        .execute(&mut *connection)
        .await?;
    Ok(())
}

/// The keys whose stored row is not what a fold of the whole ledger up to the view's position gives.
pub(crate) async fn differences<P: Projection>(parts: Arc<Parts>) -> Result<Vec<Uuid>, LedgerError> {
    // Rows and position of one moment, however busy the view is. The locks come before the snapshot, so that no
    // rebuild puts other tables in their place in between.
    let mut snapshot = parts.pool.begin().await?;
    sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY").execute(&mut *snapshot).await?;
    for table in store::tables::<P>() {
        sqlx::query(&format!("LOCK TABLE {LIVE}.{table} IN ACCESS SHARE MODE"))
            .execute(&mut *snapshot)
            .await?;
    }
    let until = stored(&mut snapshot, identity::<P>()).await?;
    let there = store::all::<P>(&mut snapshot).await?;
    snapshot.rollback().await?;
    let mut rebuilt = HashMap::new();
    let mut position = 0;
    while position < until {
        let events = parts.between((position, until), P::SOURCES, MANY).await?;
        position = events.last().map_or(until, |event| event.position);
        fold_into::<P>(&mut rebuilt, &events)?;
    }
    let mut wrong: Vec<Uuid> =
        rebuilt.iter().filter(|(key, row)| there.get(*key) != Some(row)).map(|(key, _)| *key).collect();
    wrong.extend(there.keys().filter(|key| !rebuilt.contains_key(*key)));
    Ok(wrong)
}

/// The rows of some streams as they were at a position.
pub(crate) async fn rows_at<P: Projection>(
    parts: &Parts,
    ids: &[Uuid],
    until: i64,
) -> Result<HashMap<Uuid, P::Row>, LedgerError> {
    let mut events = Vec::new();
    for source in P::SOURCES {
        events.extend(parts.stream_until(source, ids, Some(until)).await?);
    }
    events.sort_by_key(|event| event.position);
    let mut rows = HashMap::new();
    fold_into::<P>(&mut rows, &events)?;
    rows.retain(|key, _| ids.contains(key));
    Ok(rows)
}
