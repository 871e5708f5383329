//! The one writer of a process: it appends what is waiting as one batch, and an idle one appends at once.

mod outage;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use lethe_kernel::Clock;
use sqlx::{Connection, PgConnection, PgPool};
use tokio::sync::{mpsc, oneshot, watch};

use crate::append::{Appended, NewUnit, append, lock};
use crate::batch::{self, Carries};
use crate::error::is_of_class;
use crate::{LedgerError, Parts};
use outage::Outage;

const QUEUE: usize = 4096;
/// The largest number of units that count as a small batch.
const SMALL: usize = 8;
/// How often a batch is sent again that PostgreSQL gave up for the sake of another transaction.
const RETRIES: usize = 3;
/// How long PostgreSQL may take to answer before the connection counts as broken.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the writer tries to find out what became of a batch that was sent on a connection that broke.
const INQUIRY: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(100);
/// The classes of errors that are about a value.
const ABOUT_DATA: &[&str] = &["22", "23"];

type Outcome = Result<Appended, LedgerError>;

struct Pending {
    unit: Arc<NewUnit>,
    answer: oneshot::Sender<Outcome>,
}

impl Carries for Pending {
    fn unit(&self) -> &NewUnit {
        &self.unit
    }
}

impl Pending {
    fn answer(self, outcome: Outcome) {
        if self.answer.send(outcome).is_err() {
            tracing::debug!("a client went away before its command was answered");
        }
    }
}

/// The way to the writer; it stops when the last handle is dropped, after finishing what it accepted.
#[derive(Clone)]
pub(crate) struct Writer(mpsc::Sender<Pending>);

impl Writer {
    /// Starts the writer; the other half of the answer tells every position it appends.
    pub(crate) fn start(parts: &Parts) -> (Self, watch::Receiver<i64>) {
        let (sender, queue) = mpsc::channel(QUEUE);
        let (appended, told) = watch::channel(0);
        let (pool, clock, head) = (parts.pool.clone(), parts.clock.clone(), parts.head_sender());
        let mut task = Task { pool, clock, head, appended, connection: None };
        tokio::spawn(async move { task.run(queue).await });
        (Self(sender), told)
    }

    /// Appends a unit of work.
    ///
    /// # Errors
    /// [`LedgerError::Busy`] when the queue is full or the writer has stopped, [`LedgerError::Unconfirmed`] when
    /// nobody knows whether the unit was appended, and errors of the database, after which it is not in the ledger.
    pub(crate) async fn append(&self, unit: Arc<NewUnit>) -> Outcome {
        let (answer, answered) = oneshot::channel();
        self.0.try_send(Pending { unit, answer }).map_err(|_| LedgerError::Busy)?;
        answered.await.map_err(|_| LedgerError::Busy)?
    }
}

/// What became of a batch.
#[derive(Default)]
struct Done {
    /// What is answered to its units of work.
    answers: Vec<(Pending, Outcome)>,
    /// The units that are in.
    appended: Vec<Arc<NewUnit>>,
    outage: Option<Outage>,
}

fn answer(answers: &mut Vec<(Pending, Outcome)>) {
    answers.drain(..).for_each(|(pending, outcome)| pending.answer(outcome));
}

/// Lets those who were answered just now send their next commands, for as long as more of them come: one batch costs less
/// than two.
async fn gather(queue: &mpsc::Receiver<Pending>) {
    let mut waited = None;
    while waited != Some(queue.len()) && queue.len() < batch::UNITS {
        waited = Some(queue.len());
        tokio::task::yield_now().await;
    }
}

struct Task {
    pool: PgPool,
    clock: Clock,
    /// The newest position this process knows of, whoever appended it.
    head: watch::Sender<i64>,
    /// The newest position this writer appended.
    appended: watch::Sender<i64>,
    /// A connection of its own: plans are kept per connection, and nobody else can use up the last one.
    connection: Option<PgConnection>,
}

impl Task {
    async fn run(&mut self, mut queue: mpsc::Receiver<Pending>) {
        let (mut waiting, mut answers) = (VecDeque::new(), Vec::new());
        loop {
            let queued = queue.len() + waiting.len();
            if answers.len() <= SMALL && queued < SMALL && answers.len() + queued > 1 {
                answer(&mut answers);
                gather(&queue).await;
            }
            while waiting.len() < 2 * batch::UNITS
                && let Ok(next) = queue.try_recv()
            {
                waiting.push_back(next);
            }
            if waiting.is_empty() {
                answer(&mut answers);
                match queue.recv().await {
                    Some(first) => waiting.push_back(first),
                    None => break,
                }
            }
            metrics::gauge!("lethe_append_queue")
                .set(f64::from(u32::try_from(waiting.len() + queue.len()).unwrap_or(u32::MAX)));
            let batch = batch::choose(&mut waiting);
            // PostgreSQL works on the next batch while the units of the last one are answered.
            let (done, ()) = tokio::join!(self.append_batch(batch), async { answer(&mut answers) });
            answers = done.answers;
            for (pending, outcome) in batch::decided(&mut waiting, done.appended.iter().map(AsRef::as_ref)) {
                answers.push((pending, Ok(outcome)));
            }
            // What waited behind it is told too: otherwise each batch waits for the same lock, one after another.
            if let Some(outage) = done.outage {
                answers.extend(waiting.drain(..).map(|pending| (pending, Err(outage.clone().into()))));
            }
        }
        if let Some(connection) = self.connection.take()
            && let Err(error) = connection.close().await
        {
            tracing::debug!(%error, "the writer's connection did not close");
        }
    }

    /// Appends a batch.
    async fn append_batch(&mut self, batch: Vec<Pending>) -> Done {
        metrics::histogram!("lethe_append_batch_units")
            .record(f64::from(u32::try_from(batch.len()).unwrap_or(u32::MAX)));
        let begun = Instant::now();
        let units: Vec<Arc<NewUnit>> = batch.iter().map(|pending| pending.unit.clone()).collect();
        let outcomes = self.append_all(self.clock.now(), units).await;
        metrics::histogram!("lethe_append_seconds").record(begun.elapsed().as_secs_f64());
        let (mut done, mut last) = (Done::default(), 0);
        for (pending, outcome) in batch.into_iter().zip(outcomes) {
            count(&outcome);
            done.outage = done.outage.or_else(|| Outage::of(&outcome));
            if let Ok(Appended::At(position)) = outcome {
                last = position.max(last);
                done.appended.push(pending.unit.clone());
            }
            done.answers.push((pending, outcome));
        }
        self.head.send_if_modified(|at| last > std::mem::replace(at, last.max(*at)));
        self.appended.send_if_modified(|at| last > std::mem::replace(at, last.max(*at)));
        done
    }

    /// Appends a batch; if PostgreSQL finds a value at fault, halves it until only the unit with that value fails.
    async fn append_all(&mut self, clock: DateTime<Utc>, units: Vec<Arc<NewUnit>>) -> Vec<Outcome> {
        let mut outcomes = Vec::with_capacity(units.len());
        let mut rest = vec![units];
        while let Some(mut batch) = rest.pop() {
            match self.append_one_way_or_another(clock, &batch).await {
                Ok(done) => outcomes.extend(done.into_iter().map(Ok)),
                Err(LedgerError::Append(error)) if batch.len() > 1 && is_of_class(&error, ABOUT_DATA) => {
                    let second = batch.split_off(batch.len() / 2);
                    rest.push(second);
                    rest.push(batch);
                }
                Err(LedgerError::Append(error)) => {
                    outcomes.extend(batch.iter().map(|_| Err(LedgerError::Append(error.clone()))));
                }
                Err(_) => outcomes.extend(batch.iter().map(|_| Err(LedgerError::Unconfirmed))),
            }
        }
        outcomes
    }

    async fn append_one_way_or_another(
        &mut self,
        clock: DateTime<Utc>,
        batch: &[Arc<NewUnit>],
    ) -> Result<Vec<Appended>, LedgerError> {
        let failed = |error| LedgerError::Append(Arc::new(error));
        let units: Vec<&NewUnit> = batch.iter().map(AsRef::as_ref).collect();
        let mut retries = 0;
        loop {
            let connection = self.connected().await.map_err(failed)?;
            match in_time(PATIENCE, append(connection, clock, &units)).await {
                Ok(done) => return Ok(done),
                Err(error) if retries < RETRIES && is_of_class(&error, &["40001", "40P01"]) => retries += 1,
                Err(error) if error.as_database_error().is_some() && !is_of_class(&error, &["57P"]) => {
                    return Err(failed(error));
                }
                Err(broke) => match self.look_up(&units).await? {
                    Some(found) => return Ok(found),
                    // Nothing of it is in, so it may be sent again.
                    None if retries < RETRIES => retries += 1,
                    None => return Err(failed(broke)),
                },
            }
        }
    }

    async fn connected(&mut self) -> Result<&mut PgConnection, sqlx::Error> {
        if self.pool.is_closed() {
            return Err(sqlx::Error::PoolClosed);
        }
        match &mut self.connection {
            Some(connection) => Ok(connection),
            none => {
                let options = crate::database::writing(&self.pool);
                Ok(none.insert(in_time(INQUIRY, PgConnection::connect_with(&options)).await?))
            }
        }
    }

    /// Finds out what became of a batch on a connection that broke: what was not refused of it is in, or nothing is.
    async fn look_up(&mut self, batch: &[&NewUnit]) -> Result<Option<Vec<Appended>>, LedgerError> {
        let begun = Instant::now();
        loop {
            self.connection = None;
            match in_time(INQUIRY, self.what_is_in(batch)).await {
                Ok(found) => return Ok(found),
                Err(error) if begun.elapsed() > INQUIRY => {
                    tracing::error!(%error, "nobody knows whether a batch was appended");
                    return Err(LedgerError::Unconfirmed);
                }
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    async fn what_is_in(&mut self, batch: &[&NewUnit]) -> Result<Option<Vec<Appended>>, sqlx::Error> {
        let ids: Vec<_> = batch.iter().map(|unit| unit.command.0).collect();
        let mut transaction = self.connected().await?.begin().await?;
        // The old transaction holds this lock until it has ended.
        lock(&mut transaction).await?;
        let found: Vec<uuid::Uuid> =
            sqlx::query_scalar("SELECT command_id FROM ledger.commands WHERE command_id = ANY($1)")
                .bind(ids)
                .fetch_all(&mut *transaction)
                .await?;
        transaction.rollback().await?;
        // A duplicate is answered from what is stored, whether this attempt or an earlier one stored it.
        let outcome = |unit: &&NewUnit| {
            if found.contains(&unit.command.0) { Appended::Duplicate } else { Appended::Conflict }
        };
        Ok((!found.is_empty()).then(|| batch.iter().map(outcome).collect()))
    }
}

/// A PostgreSQL that does not answer counts as one whose connection broke.
async fn in_time<T>(
    limit: Duration,
    answer: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    let late = |_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()));
    tokio::time::timeout(limit, answer).await.unwrap_or_else(late)
}

fn count(outcome: &Outcome) {
    let name = match outcome {
        Ok(Appended::At(_)) => "appended",
        Ok(Appended::Conflict) => "conflict",
        Ok(Appended::Duplicate) => "duplicate",
        Ok(Appended::WrappedByOld) => "rewrapped",
        Err(_) => "failed",
    };
    metrics::counter!("lethe_append_units_total", "outcome" => name).increment(1);
}
