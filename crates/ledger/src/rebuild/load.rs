//! The first part of a rebuild, and by far the largest: the ledger up to a position, folded and copied into new tables on
//! two connections.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::{Connection, Executor, PgConnection, Postgres, Transaction};
use tokio::sync::mpsc;
use tokio::task::JoinError;
use tokio::time::Instant;

use super::copy::{Chunk, Layout, write};
use super::fold::{Share, fold};
use super::{Build, Done, Progress, SETTINGS, next};
use crate::shape::Shape;
use crate::{LedgerError, Parts, Recorded};

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

impl Build<'_> {
    /// Creates the new tables with everything up to a position.
    pub(super) async fn load(&mut self, until: i64, progress: Progress<'_>) -> Result<Loaded, LedgerError> {
        let schema = next(self.shape);
        let (layout, indexes) = self.create(&schema).await?;
        let mut second = beside(self.parts).await?;
        let mut into =
            Destination::begin([&mut *self.connection, &mut second], &schema, layout.clone()).await?;
        let workers = std::thread::available_parallelism().map_or(1, |cores| cores.get().min(4));
        let mut shares = Share::all(u64::try_from(workers).unwrap_or(1));
        let memory = self.memory / workers;
        let mut loaded = Loaded::default();
        let mut pass =
            Pass { parts: self.parts.clone(), shape: self.shape, layout, until, memory, number: 0 };
        while !shares.is_empty() {
            pass.number += 1;
            shares = pass.run(shares, &mut into, (&mut loaded, progress)).await?;
        }
        into.commit().await?;
        create_indexes([&mut *self.connection, &mut second], indexes).await?;
        second.close().await?;
        sqlx::query(&format!("ANALYZE {schema}.{}", self.shape.name)).execute(&mut *self.connection).await?;
        Ok(loaded)
    }

    /// Creates the tables without indexes; answers the statements that create those when the rows are there. A rebuild
    /// that is killed from here on leaves tables, which the next one removes.
    async fn create(&mut self, schema: &str) -> Result<(Arc<Layout>, Vec<String>), LedgerError> {
        let mut transaction = self.connection.begin().await?;
        transaction
            .execute(format!("CREATE SCHEMA {schema}; SET LOCAL search_path = {schema}").as_str())
            .await?;
        transaction.execute(self.shape.sql).await?;
        let indexes = take_indexes(&mut transaction, schema).await?;
        let layout = Layout::read(&mut transaction, self.shape, schema).await?;
        transaction.commit().await?;
        Ok((Arc::new(layout), indexes))
    }
}

/// A second connection to write with. What it does has no effect on anybody until the swap, which the first one does.
async fn beside(parts: &Parts) -> Result<PgConnection, LedgerError> {
    let mut connection = parts.pool.acquire().await?.detach();
    connection.execute(SETTINGS).await?;
    Ok(connection)
}

/// Removes constraints and indexes; answers the statements that create them again, constraints first.
async fn take_indexes(connection: &mut PgConnection, schema: &str) -> Result<Vec<String>, LedgerError> {
    let found: Vec<(String, String)> = sqlx::query_as(
        "SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname), \
                format('ALTER TABLE %I.%s ADD CONSTRAINT %I %s', $1, conrelid::regclass, conname, pg_get_constraintdef(oid)) \
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

/// Creates indexes on two connections, each taking the next one when it is done.
async fn create_indexes(
    connections: [&mut PgConnection; 2],
    indexes: Vec<String>,
) -> Result<(), LedgerError> {
    let left = Mutex::new(indexes.into_iter());
    let next = || left.lock().unwrap_or_else(PoisonError::into_inner).next();
    let create = async |connection: &mut PgConnection| -> Result<(), LedgerError> {
        while let Some(index) = next() {
            connection.execute(index.as_str()).await?;
        }
        Ok(())
    };
    let [first, second] = connections;
    tokio::try_join!(create(first), create(second)).map(drop)
}

/// The transactions in which rows are written: one for the main table, one for those of its lists.
struct Destination<'c> {
    transactions: [Transaction<'c, Postgres>; 2],
    layout: Arc<Layout>,
    schema: &'c str,
}

impl<'c> Destination<'c> {
    async fn begin(
        connections: [&'c mut PgConnection; 2],
        schema: &'c str,
        layout: Arc<Layout>,
    ) -> Result<Self, LedgerError> {
        let [main, lists] = connections;
        let mut transactions = [main.begin().await?, lists.begin().await?];
        for (transaction, tables) in transactions.iter_mut().zip(layout.halves()) {
            for table in tables {
                // Rows are written frozen into a table that was emptied in the same transaction.
                transaction.execute(format!("TRUNCATE {schema}.{table}").as_str()).await?;
            }
        }
        Ok(Self { transactions, layout, schema })
    }

    async fn write(&mut self, chunk: Chunk) -> Result<(), LedgerError> {
        let [main, lists] = &mut self.transactions;
        let [first, rest] = self.layout.split(chunk);
        tokio::try_join!(write(main, self.schema, first), write(lists, self.schema, rest)).map(drop)
    }

    async fn commit(self) -> Result<(), LedgerError> {
        let [main, lists] = self.transactions;
        main.commit().await?;
        Ok(lists.commit().await?)
    }
}

/// One reading of the ledger, for as many keys as fit in memory.
struct Pass {
    parts: Arc<Parts>,
    shape: &'static Shape,
    layout: Arc<Layout>,
    until: i64,
    memory: usize,
    number: u32,
}

impl Pass {
    /// Reads on this task and the next one, folds on threads, writes on this task. Answers what did not fit.
    async fn run(
        &self,
        shares: Vec<Share>,
        into: &mut Destination<'_>,
        (loaded, progress): (&mut Loaded, Progress<'_>),
    ) -> Result<Vec<Share>, LedgerError> {
        let (chunks, mut folded) = mpsc::channel::<Chunk>(AHEAD);
        let (mut inputs, mut workers) = (Vec::new(), Vec::new());
        for share in shares {
            let (input, batches) = mpsc::channel(AHEAD);
            inputs.push(input);
            let (shape, layout, chunks, memory) =
                (self.shape, self.layout.clone(), chunks.clone(), self.memory);
            workers.push(tokio::task::spawn_blocking(move || {
                fold(shape, share, memory, batches, (&layout, &chunks))
            }));
        }
        drop(chunks);
        let read = self.read(inputs, loaded, progress).await;
        while let Some(chunk) = folded.recv().await {
            loaded.rows += chunk.rows;
            into.write(chunk).await?;
        }
        let mut rest = Vec::new();
        for worker in workers {
            rest.extend(worker.await.map_err(ended)??);
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
        let (parts, sources, until) = (self.parts.clone(), self.shape.sources, self.until);
        let reading = tokio::spawn(async move { read_all(&parts, sources, until, sender).await });
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
        reading.await.map_err(ended)?
    }
}

/// Reads the events of the sources up to a position and sends them in order, with how far each batch goes. Some batches
/// are read at once: positions have no gaps, so where each begins is known before the others are there.
async fn read_all(
    parts: &Arc<Parts>,
    sources: &'static [&'static str],
    until: i64,
    batches: mpsc::Sender<(Vec<Recorded>, i64)>,
) -> Result<(), LedgerError> {
    let (mut position, mut reading) = (0, VecDeque::new());
    loop {
        while reading.len() < READERS && position < until {
            let (after, parts) = (position, parts.clone());
            position = until.min(after + BATCH);
            let batch = async move { parts.between((after, position), sources, BATCH).await };
            reading.push_back((tokio::spawn(batch), position));
        }
        let Some((batch, position)) = reading.pop_front() else { return Ok(()) };
        let events = batch.await.map_err(ended)??;
        if batches.send((events, position)).await.is_err() {
            return Ok(());
        }
    }
}

fn ended(_: JoinError) -> LedgerError {
    LedgerError::Encode("a part of a rebuild ended early".into())
}
