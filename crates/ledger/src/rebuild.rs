//! Building a view anew beside the one that is read: load, catch up, compare, swap.

mod compare;
mod copy;
mod fold;
mod load;
mod swap;

use std::sync::Arc;

use sqlx::{Connection, Executor, PgConnection};
use uuid::Uuid;

use crate::shape::Shape;
use crate::view::{apply, open};
use crate::{LedgerError, Parts};

/// How many bytes of payload the rows in memory may come from at a start.
const MEMORY: usize = 512 << 20;
/// Of connections that build: somebody else may have a lock for as long as it takes, what a crash loses is built anew, and
/// two connections keep as many processors busy without helpers of their own, each reading a table from its beginning.
const SETTINGS: &str = "SET lock_timeout = 0; SET synchronous_commit = off; SET maintenance_work_mem = '128MB'; \
                        SET max_parallel_maintenance_workers = 0; SET synchronize_seqscans = off";
/// How many events are folded into the tables at once while it catches up.
const STEP: i64 = 1000;

/// How far a rebuild is.
#[derive(Clone, Copy, Debug)]
pub struct Done {
    /// The position it has come to, in this pass.
    pub position: i64,
    /// The position it goes to.
    pub until: i64,
    /// The pass over the ledger, from 1; there are several if the rows do not fit in memory.
    pub pass: u32,
}

/// Is told how far a rebuild is.
pub type Progress<'a> = &'a (dyn Fn(Done) + Send + Sync);

/// What a rebuild came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rebuilt {
    /// The events it read, in all passes.
    pub events: u64,
    /// The rows it wrote before it caught up.
    pub rows: u64,
    /// The position at which it took the place of the old one.
    pub position: i64,
    /// How many rows of the old one differed; `None` if there was none to compare it with.
    pub differing: Option<u64>,
    /// The first of them.
    pub examples: Vec<Uuid>,
}

/// Rebuilds a view whose stored form is not the one of this program, if it still is not.
pub(crate) async fn at_start(parts: &Arc<Parts>, shape: &'static Shape) -> Result<(), LedgerError> {
    let mut connection = claim(parts, shape).await?;
    if open(parts, shape).await?.is_some() {
        return Ok(());
    }
    tracing::info!(view = shape.name, version = shape.version, "the view is built anew");
    let log = |Done { position, until, pass }: Done| {
        tracing::info!(view = shape.name, position, until, pass, "building");
    };
    let built = Build { parts, shape, connection: &mut connection, memory: MEMORY }.run(false, &log).await?;
    tracing::info!(view = shape.name, events = built.events, rows = built.rows, "the view was built anew");
    connection.close().await?;
    Ok(())
}

/// Rebuilds a view because somebody asks for it.
pub(crate) async fn on_demand(
    parts: &Arc<Parts>,
    shape: &'static Shape,
    memory: usize,
    progress: Progress<'_>,
) -> Result<Rebuilt, LedgerError> {
    let mut connection = claim(parts, shape).await?;
    open(parts, shape).await?;
    let built = Build { parts, shape, connection: &mut connection, memory }.run(true, progress).await?;
    connection.close().await?;
    Ok(built)
}

/// A connection that holds the right to rebuild a view. It belongs to no pool, so that whatever becomes of the rebuild,
/// its lock and its transaction end with it.
async fn claim(parts: &Parts, shape: &Shape) -> Result<PgConnection, LedgerError> {
    let mut connection = parts.pool.acquire().await?.detach();
    connection.execute(SETTINGS).await?;
    sqlx::query("SELECT pg_advisory_lock(hashtextextended('lethe.rebuild.' || $1, 0))")
        .bind(shape.name)
        .execute(&mut connection)
        .await?;
    Ok(connection)
}

/// One rebuild of a view.
struct Build<'b> {
    parts: &'b Arc<Parts>,
    shape: &'static Shape,
    connection: &'b mut PgConnection,
    memory: usize,
}

/// The schema in which it is built.
fn next(shape: &Shape) -> String {
    format!("next_{}", shape.name)
}

/// The schema in which the old one waits to be dropped.
fn retired(shape: &Shape) -> String {
    format!("retired_{}", shape.name)
}

/// A line of `ledger.projections`.
#[derive(Clone, Copy, Debug, sqlx::FromRow)]
struct Live {
    version: i32,
    position: i64,
    /// The end of the ledger at the same moment.
    head: i64,
}

const LIVE: &str = "SELECT version, position, (SELECT coalesce(max(position), 0) FROM ledger.events) AS head \
                    FROM ledger.projections WHERE name = $1";

/// Whether most of what a view follows is still before it.
const FAR_BEHIND: &str = "SELECT count(*) FILTER (WHERE position > $2) * 2 > count(*) FROM ledger.events \
                          WHERE aggregate_type = ANY($1)";

impl Build<'_> {
    async fn run(&mut self, compare: bool, progress: Progress<'_>) -> Result<Rebuilt, LedgerError> {
        self.clean().await?;
        let live: Live = sqlx::query_as(LIVE).bind(self.shape.name).fetch_one(&mut *self.connection).await?;
        if live.version > self.shape.version {
            return Err(LedgerError::NewerVersion);
        }
        // What is far behind is built, not compared: it would catch up for longer than it was built.
        let far = sqlx::query_scalar(FAR_BEHIND).bind(self.shape.sources).bind(live.position);
        let is_far_behind: bool = far.fetch_one(&mut *self.connection).await?;
        let comparable = live.position <= live.head && !is_far_behind;
        let compare = compare && live.version == self.shape.version && comparable;
        // Both can be compared where the old one stands, or a little later.
        let until = if compare { live.position } else { live.head };
        let loaded = self.load(until, progress).await?;
        let mut built = Rebuilt { events: loaded.events, rows: loaded.rows, ..Rebuilt::default() };
        let mut position = until;
        if compare {
            let found = self.compare(position).await?;
            position = found.position;
            (built.differing, built.examples) = (Some(found.differing), found.examples);
        }
        built.position = self.swap(position).await?;
        Ok(built)
    }

    /// Removes what an earlier rebuild left that was killed.
    async fn clean(&mut self) -> Result<(), LedgerError> {
        for schema in [next(self.shape), retired(self.shape)] {
            sqlx::query(&format!("DROP SCHEMA IF EXISTS {schema} CASCADE"))
                .execute(&mut *self.connection)
                .await?;
        }
        Ok(())
    }

    /// Folds what was appended meanwhile into the new tables.
    async fn catch_up(&mut self, from: i64, until: i64) -> Result<(), LedgerError> {
        catch_up(self.parts, self.shape, &mut *self.connection, (from, until)).await
    }
}

/// Folds the events between two positions into the new tables.
async fn catch_up(
    parts: &Parts,
    shape: &Shape,
    connection: &mut PgConnection,
    (mut from, until): (i64, i64),
) -> Result<(), LedgerError> {
    while from < until {
        let events = parts.between((from, until), shape.sources, STEP).await?;
        let full = i64::try_from(events.len()).is_ok_and(|read| read == STEP);
        from = events.last().filter(|_| full).map_or(until, |event| event.position);
        let events: Vec<_> = events.into_iter().map(Arc::new).collect();
        apply(connection, shape, &next(shape), &events).await?;
    }
    Ok(())
}
