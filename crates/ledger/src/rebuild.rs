//! Building a view anew beside the one that is read: load, catch up, compare, swap.

mod compare;
mod copy;
mod fold;
mod load;
mod swap;

use std::sync::Arc;

use sqlx::{Connection, Executor, PgConnection};
use uuid::Uuid;

use crate::view::{apply, identity, open};
use crate::{LedgerError, Parts, Projection};

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
pub(crate) async fn at_start<P: Projection>(parts: &Arc<Parts>) -> Result<(), LedgerError> {
    let mut connection = claim::<P>(parts).await?;
    if open::<P>(parts).await?.is_some() {
        return Ok(());
    }
    tracing::info!(view = P::NAME, version = P::VERSION, "the view is built anew");
    let built = Build::<P>::new(parts, &mut connection, MEMORY).run(false, &log::<P>).await?;
    tracing::info!(view = P::NAME, events = built.events, rows = built.rows, "the view was built anew");
    connection.close().await?;
    Ok(())
}

fn log<P: Projection>(done: Done) {
    tracing::info!(
        view = P::NAME,
        position = done.position,
        until = done.until,
        pass = done.pass,
        "building"
    );
}

/// Rebuilds a view because somebody asks for it.
pub(crate) async fn on_demand<P: Projection>(
    parts: &Arc<Parts>,
    memory: usize,
    progress: Progress<'_>,
) -> Result<Rebuilt, LedgerError> {
    let mut connection = claim::<P>(parts).await?;
    open::<P>(parts).await?;
    let built = Build::<P>::new(parts, &mut connection, memory).run(true, progress).await?;
    connection.close().await?;
    Ok(built)
}

/// A connection that holds the right to rebuild `P`. It belongs to no pool, so that whatever becomes of the rebuild,
/// its lock and its transaction end with it.
async fn claim<P: Projection>(parts: &Parts) -> Result<PgConnection, LedgerError> {
    let mut connection = parts.pool.acquire().await?.detach();
    connection.execute(SETTINGS).await?;
    sqlx::query("SELECT pg_advisory_lock(hashtextextended('lethe.rebuild.' || $1, 0))")
        .bind(P::NAME)
        .execute(&mut connection)
        .await?;
    Ok(connection)
}

/// One rebuild of `P`.
struct Build<'b, P> {
    parts: &'b Arc<Parts>,
    connection: &'b mut PgConnection,
    memory: usize,
    projection: std::marker::PhantomData<fn() -> P>,
}

/// The schema in which it is built.
fn next<P: Projection>() -> String {
    format!("next_{}", P::NAME)
}

/// The schema in which the old one waits to be dropped.
fn retired<P: Projection>() -> String {
    format!("retired_{}", P::NAME)
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

impl<'b, P: Projection> Build<'b, P> {
    fn new(parts: &'b Arc<Parts>, connection: &'b mut PgConnection, memory: usize) -> Self {
        Self { parts, connection, memory, projection: std::marker::PhantomData }
    }

    async fn run(&mut self, compare: bool, progress: Progress<'_>) -> Result<Rebuilt, LedgerError> {
        self.clean().await?;
        let live: Live = sqlx::query_as(LIVE).bind(P::NAME).fetch_one(&mut *self.connection).await?;
        if live.version > P::VERSION {
            return Err(LedgerError::NewerVersion);
        }
        // What is far behind is built, not compared: it would catch up for longer than it was built.
        let comparable = (live.head / 2..=live.head).contains(&live.position);
        let compare = compare && live.version == P::VERSION && comparable;
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
        for schema in [next::<P>(), retired::<P>()] {
            sqlx::query(&format!("DROP SCHEMA IF EXISTS {schema} CASCADE"))
                .execute(&mut *self.connection)
                .await?;
        }
        Ok(())
    }

    /// Folds what was appended meanwhile into the new tables.
    async fn catch_up(&mut self, from: i64, until: i64) -> Result<(), LedgerError> {
        catch_up::<P>(self.parts, &mut *self.connection, (from, until)).await
    }
}

/// Folds the events between two positions into the new tables.
async fn catch_up<P: Projection>(
    parts: &Parts,
    connection: &mut PgConnection,
    (mut from, until): (i64, i64),
) -> Result<(), LedgerError> {
    while from < until {
        let events = parts.between((from, until), identity::<P>().sources, STEP).await?;
        let full = i64::try_from(events.len()).is_ok_and(|read| read == STEP);
        from = events.last().filter(|_| full).map_or(until, |event| event.position);
        let events: Vec<_> = events.into_iter().map(Arc::new).collect();
        apply::<P>(connection, &next::<P>(), &events).await?;
    }
    Ok(())
}
