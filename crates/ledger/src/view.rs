//! A view as something that follows the ledger: folds events into its tables.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use sqlx::{Executor, PgConnection};
use uuid::Uuid;

use crate::difference::Difference;
use crate::runner::checkpoint::{Identity, advance, stored};
use crate::runner::{Follower, Job};
use crate::shape::{Shape, State};
use crate::store::{self, LIVE};
use crate::{LedgerError, Parts, Reads, Recorded, rebuild};

/// Above so many events a new view is built as by `lethe rebuild`, which is faster than following.
const MANY: i64 = 10_000;

/// The follower of a view.
pub(crate) struct View(pub(crate) &'static Shape);

impl Follower for View {
    fn who(&self) -> Identity {
        self.0.identity()
    }

    fn open<'a>(&'a self, parts: &'a Parts) -> Job<'a, Option<i64>> {
        Box::pin(open(parts, self.0))
    }

    fn rebuild<'a>(&'a self, parts: &'a Arc<Parts>) -> Job<'a, ()> {
        Box::pin(rebuild::at_start(parts, self.0))
    }

    fn take<'a>(
        &'a self,
        parts: &'a Parts,
        between: (i64, i64),
        events: &'a [Arc<Recorded>],
    ) -> Job<'a, Option<i64>> {
        Box::pin(async move {
            let mut transaction = parts.pool.begin().await?;
            if !advance(&mut transaction, self.who(), between).await? {
                return Ok(None);
            }
            apply(&mut transaction, self.0, LIVE, events).await?;
            transaction.commit().await?;
            Ok(Some(between.1))
        })
    }
}

/// Folds events into the tables of a schema: reads what the folds look at, writes what they changed.
pub(crate) async fn apply(
    connection: &mut PgConnection,
    shape: &Shape,
    schema: &str,
    events: &[Arc<Recorded>],
) -> Result<(), LedgerError> {
    let wanted = wanted(shape, events.iter().map(Arc::as_ref))?;
    if wanted.is_empty() {
        return Ok(());
    }
    let stored = store::load(connection, shape, schema, &wanted).await?;
    let (mut rows, mut before) = (HashMap::new(), HashMap::new());
    for key in wanted.keys() {
        let state = (shape.state)(stored.get(key).map(String::as_str))?;
        before.insert(*key, state.json()?);
        rows.insert(*key, state);
    }
    fold_into(shape, &mut rows, events.iter().map(Arc::as_ref))?;
    let mut changed = Difference::new(shape);
    for (key, row) in &rows {
        let (before, after) = (before.get(key).and_then(Option::as_deref), row.json()?);
        changed.add(shape, *key, (before, after.as_deref()), row.was_gone())?;
    }
    store::save(connection, shape, schema, &changed).await
}

/// What is read of which rows to fold events.
pub(crate) fn wanted<'e>(
    shape: &Shape,
    events: impl IntoIterator<Item = &'e Recorded>,
) -> Result<BTreeMap<Uuid, Reads>, LedgerError> {
    let mut wanted: BTreeMap<Uuid, Reads> = BTreeMap::new();
    for event in events.into_iter().filter(|event| shape.follows(event)) {
        let keys = (shape.keys)(event)?;
        if keys.is_empty() {
            continue;
        }
        let reads = (shape.reads)(event)?;
        for key in keys {
            wanted.entry(key).or_default().add(reads.clone());
        }
    }
    Ok(wanted)
}

/// Folds events into rows; the same function for following, comparing and looking back.
pub(crate) fn fold_into<'e>(
    shape: &Shape,
    rows: &mut HashMap<Uuid, Box<dyn State>>,
    events: impl IntoIterator<Item = &'e Recorded>,
) -> Result<(), LedgerError> {
    for event in events.into_iter().filter(|event| shape.follows(event)) {
        for key in (shape.keys)(event)? {
            match rows.entry(key) {
                Entry::Occupied(row) => row.into_mut(),
                Entry::Vacant(place) => place.insert(shape.nothing()?),
            }
            .fold(key, event)?;
        }
    }
    Ok(())
}

/// Where the view stands; `None` if it must be rebuilt. A view that the database does not know gets empty tables.
pub(crate) async fn open(parts: &Parts, shape: &Shape) -> Result<Option<i64>, LedgerError> {
    let mut transaction = parts.pool.begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('lethe.open.' || $1, 0))")
        .bind(shape.name)
        .execute(&mut *transaction)
        .await?;
    let known: Option<(i32, i64)> =
        sqlx::query_as("SELECT version, position FROM ledger.projections WHERE name = $1")
            .bind(shape.name)
            .fetch_optional(&mut *transaction)
            .await?;
    let head: i64 = sqlx::query_scalar("SELECT coalesce(max(position), 0) FROM ledger.events")
        .fetch_one(&mut *transaction)
        .await?;
    if let Some((version, position)) = known {
        if version > shape.version {
            return Err(LedgerError::NewerVersion);
        }
        // Beyond the ledger's end means that the ledger was restored to an earlier state.
        let is_fit = version == shape.version && position <= head && !(position == 0 && head > MANY);
        return Ok(is_fit.then_some(position));
    }
    create(&mut transaction, shape).await?;
    transaction.commit().await?;
    Ok((head <= MANY).then_some(0))
}

async fn create(connection: &mut PgConnection, shape: &Shape) -> Result<(), LedgerError> {
    sqlx::query("SELECT set_config('search_path', $1, true)").bind(LIVE).execute(&mut *connection).await?;
    for table in shape.tables() {
        sqlx::query(&format!("DROP TABLE IF EXISTS {table}")).execute(&mut *connection).await?;
    }
    connection.execute(shape.sql).await?;
    sqlx::query("INSERT INTO ledger.projections (name, version, position, tables) VALUES ($1, $2, 0, $3)")
        .bind(shape.name)
        .bind(shape.version)
        .bind(shape.tables())
        .execute(&mut *connection)
        .await?;
    Ok(())
}

/// The keys whose stored row is not what a fold of the whole ledger up to the view's position gives.
pub(crate) async fn differences(parts: Arc<Parts>, shape: &Shape) -> Result<Vec<Uuid>, LedgerError> {
    // Rows and position of one moment, however busy the view is. The locks come before the snapshot, so that no
    // rebuild puts other tables in their place in between.
    let mut snapshot = parts.pool.begin().await?;
    sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY").execute(&mut *snapshot).await?;
    for table in shape.tables() {
        sqlx::query(&format!("LOCK TABLE {LIVE}.{table} IN ACCESS SHARE MODE"))
            .execute(&mut *snapshot)
            .await?;
    }
    let until = stored(&mut snapshot, shape.identity()).await?;
    let there = store::all(&mut snapshot, shape).await?;
    snapshot.rollback().await?;
    let mut rebuilt = HashMap::new();
    let mut position = 0;
    while position < until {
        let events = parts.between((position, until), shape.sources, MANY).await?;
        position = events.last().map_or(until, |event| event.position);
        fold_into(shape, &mut rebuilt, &events)?;
    }
    let mut wrong = Vec::new();
    for (key, row) in &rebuilt {
        // Through the row's type, so that both are written in the same form.
        let there = (shape.state)(there.get(key).map(String::as_str))?;
        if there.json()? != row.json()? {
            wrong.push(*key);
        }
    }
    wrong.extend(there.keys().filter(|key| !rebuilt.contains_key(*key)));
    Ok(wrong)
}

/// The rows of some streams as they were at a position.
pub(crate) async fn rows_at(
    parts: &Parts,
    shape: &Shape,
    ids: &[Uuid],
    until: i64,
) -> Result<HashMap<Uuid, Box<dyn State>>, LedgerError> {
    let mut events = Vec::new();
    for source in shape.sources {
        events.extend(parts.stream_until(source, ids, Some(until)).await?);
    }
    events.sort_by_key(|event| event.position);
    let mut rows = HashMap::new();
    fold_into(shape, &mut rows, &events)?;
    rows.retain(|key, _| ids.contains(key));
    Ok(rows)
}
