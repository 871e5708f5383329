//! The first part of a rebuild, and by far the largest: the ledger up to a position, folded and copied into new tables
//! in one transaction, so that a rebuild that is killed leaves nothing.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use sqlx::{Connection, Executor, PgConnection};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::copy::{Chunk, Layout};
use super::fold::{Share, fold};
use super::{Build, Done, Progress, next};
use crate::{LedgerError, Parts, Projection, Recorded};

/// How many events are read at once.
const BATCH: i64 = 10_000;
const AHEAD: usize = 2;
const READERS: usize = 2;
const TELL: Duration = Duration::from_secs(1);

/// What was loaded.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Loaded {
    pub(super) events: u64,
    pub(super) rows: u64,
}

impl<P: Projection> Build<'_, P> {
    /// Creates the new tables with everything up to a position.
    pub(super) async fn load(&mut self, until: i64, progress: Progress<'_>) -> Result<Loaded, LedgerError> {
        let schema = next::<P>();
        let mut transaction = self.connection.begin().await?;
        transaction
            .execute(format!("CREATE SCHEMA {schema}; SET LOCAL search_path = {schema}").as_str())
            .await?;
        transaction.execute("SET LOCAL maintenance_work_mem = '128MB'").await?;
        transaction.execute(P::SQL).await?;
        let indexes = take_indexes(&mut transaction, &schema).await?;
        let layout = Arc::new(Layout::read::<P>(&mut transaction, &schema).await?);
        let workers = std::thread::available_parallelism().map_or(1, |cores| cores.get().min(4));
        let mut shares = Share::all(u64::try_from(workers).unwrap_or(1));
        let memory = self.memory / workers;
        let mut loaded = Loaded::default();
        let mut pass = Pass::<P>::new(self.parts.clone(), layout, until, memory);
        while !shares.is_empty() {
            pass.number += 1;
            shares = pass.run(shares, (&mut transaction, &schema), (&mut loaded, progress)).await?;
        }
        for index in indexes {
            transaction.execute(index.as_str()).await?;
        }
        transaction.commit().await?;
        sqlx::query(&format!("ANALYZE {schema}.{}", P::NAME)).execute(&mut *self.connection).await?;
        Ok(loaded)
    }
}

/// Removes constraints and indexes; answers the statements that create them again, when the rows are there.
async fn take_indexes(connection: &mut PgConnection, schema: &str) -> Result<Vec<String>, LedgerError> {
    let found: Vec<(String, String)> = sqlx::query_as(
        "SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname), \
                format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) \
         FROM pg_constraint WHERE connamespace = $1::regnamespace AND contype IN ('p', 'u') \
         UNION ALL \
         SELECT format('DROP INDEX %s', i.indexrelid::regclass), pg_get_indexdef(i.indexrelid) \
         FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = $1::regnamespace \
         AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid)",
    )
    .bind(schema)
    .fetch_all(&mut *connection)
    .await?;
    for (drop, _) in &found {
        connection.execute(drop.as_str()).await?;
    }
    Ok(found.into_iter().map(|(_, create)| create).collect())
}

/// One reading of the ledger, for as many keys as fit in memory.
struct Pass<P> {
    parts: Arc<Parts>,
    layout: Arc<Layout>,
    until: i64,
    memory: usize,
    number: u32,
    projection: std::marker::PhantomData<fn() -> P>,
}

impl<P: Projection> Pass<P> {
    fn new(parts: Arc<Parts>, layout: Arc<Layout>, until: i64, memory: usize) -> Self {
        Self { parts, layout, until, memory, number: 0, projection: std::marker::PhantomData }
    }

    /// Reads on this task and the next one, folds on threads, writes on this task. Answers what did not fit.
    async fn run(
        &self,
        shares: Vec<Share>,
        (connection, schema): (&mut PgConnection, &str),
        (loaded, progress): (&mut Loaded, Progress<'_>),
    ) -> Result<Vec<Share>, LedgerError> {
        let (chunks, mut folded) = mpsc::channel::<Chunk>(AHEAD);
        let (mut inputs, mut workers) = (Vec::new(), Vec::new());
        for share in shares {
            let (input, batches) = mpsc::channel(AHEAD);
            inputs.push(input);
            let (layout, chunks, memory) = (self.layout.clone(), chunks.clone(), self.memory);
            workers.push(tokio::task::spawn_blocking(move || {
                fold::<P>(share, memory, batches, (&layout, &chunks))
            }));
        }
        drop(chunks);
        let read = self.read(inputs, loaded, progress).await;
        while let Some(chunk) = folded.recv().await {
            loaded.rows += chunk.rows;
            self.layout.write(&mut *connection, schema, chunk).await?;
        }
        let mut rest = Vec::new();
        for worker in workers {
            let left =
                worker.await.map_err(|_| LedgerError::Encode("a thread of a rebuild ended early".into()))?;
            rest.extend(left?);
        }
        read.map(|()| rest)
    }

    /// Sends every event to every worker, which takes what is its share.
    async fn read(
        &self,
        inputs: Vec<mpsc::Sender<Arc<Vec<Recorded>>>>,
        loaded: &mut Loaded,
        progress: Progress<'_>,
    ) -> Result<(), LedgerError> {
        let mut told = Instant::now();
        let (sender, mut batches) = mpsc::channel(AHEAD);
        let (parts, until) = (self.parts.clone(), self.until);
        let reading = tokio::spawn(async move { read_all::<P>(&parts, until, sender).await });
        while let Some((events, position)) = batches.recv().await {
            loaded.events += u64::try_from(events.len()).unwrap_or(0);
            let events = Arc::new(events);
            for input in &inputs {
                if input.send(events.clone()).await.is_err() {
                    // It has failed, and says why.
                    return Ok(());
                }
            }
            if told.elapsed() >= TELL {
                told = Instant::now();
                progress(Done { position, until, pass: self.number });
            }
        }
        reading.await.map_err(|_| LedgerError::Encode("the reading of a rebuild ended early".into()))?
    }
}

/// Reads the events of the sources up to a position and sends them in order, with how far each batch goes. Some batches
/// are read at once: positions have no gaps, so where each begins is known before the others are there.
async fn read_all<P: Projection>(
    parts: &Arc<Parts>,
    until: i64,
    batches: mpsc::Sender<(Vec<Recorded>, i64)>,
) -> Result<(), LedgerError> {
    let (mut position, mut reading) = (0, VecDeque::new());
    loop {
        while reading.len() < READERS && position < until {
            let (after, parts) = (position, parts.clone());
            position = until.min(after + BATCH);
            let batch = async move { parts.between((after, position), P::SOURCES, BATCH).await };
            reading.push_back((tokio::spawn(batch), position));
        }
        let Some((batch, position)) = reading.pop_front() else { return Ok(()) };
        let events =
            batch.await.map_err(|_| LedgerError::Encode("the reading of a rebuild ended early".into()))??;
        if batches.send((events, position)).await.is_err() {
            return Ok(());
        }
    }
}
