//! The one writer of a process: it appends what is waiting as one batch, and an idle one appends at once.

use chrono::{DateTime, Utc};
use lethe_kernel::Clock;
use sqlx::PgPool;
use tokio::sync::{mpsc, oneshot, watch};

use crate::LedgerError;
use crate::append::{Appended, NewUnit, append};

const BATCH: usize = 256;
const QUEUE: usize = 4096;

struct Pending {
    unit: NewUnit,
    answer: oneshot::Sender<Result<Appended, LedgerError>>,
}

/// The way to the writer; it stops when the last handle is dropped, after finishing what it accepted.
#[derive(Clone)]
pub(crate) struct Writer(mpsc::Sender<Pending>);

impl Writer {
    /// Starts the writer; it tells `head` every new position.
    pub(crate) fn start(pool: PgPool, clock: Clock, head: watch::Sender<i64>) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE);
        tokio::spawn(run(pool, clock, head, receiver));
        Self(sender)
    }

    /// Appends a unit of work.
    ///
    /// # Errors
    /// [`LedgerError::Busy`] when the queue is full or the writer has stopped, and errors of the database, after
    /// which the unit is not in the ledger.
    pub(crate) async fn append(&self, unit: NewUnit) -> Result<Appended, LedgerError> {
        let (answer, answered) = oneshot::channel();
        self.0.try_send(Pending { unit, answer }).map_err(|_| LedgerError::Busy)?;
        answered.await.map_err(|_| LedgerError::Busy)?
    }
}

async fn run(pool: PgPool, clock: Clock, head: watch::Sender<i64>, mut queue: mpsc::Receiver<Pending>) {
    while let Some(first) = queue.recv().await {
        let (mut units, mut answers) = (vec![first.unit], vec![first.answer]);
        while units.len() < BATCH
            && let Ok(next) = queue.try_recv()
        {
            units.push(next.unit);
            answers.push(next.answer);
        }
        metrics::histogram!("lethe_append_batch_units")
            .record(f64::from(u32::try_from(units.len()).unwrap_or(0)));
        let results = append_all(&pool, clock.now(), units).await;
        for (result, answer) in results.into_iter().zip(answers) {
            if let Ok(Appended::At(position)) = result {
                head.send_if_modified(|at| position > std::mem::replace(at, position.max(*at)));
            }
            if answer.send(result).is_err() {
                tracing::debug!("a client went away before its command was answered");
            }
        }
    }
}

/// Appends a batch; if PostgreSQL finds a value at fault, halves it until only the unit with that value fails.
async fn append_all(
    pool: &PgPool,
    clock: DateTime<Utc>,
    units: Vec<NewUnit>,
) -> Vec<Result<Appended, LedgerError>> {
    let mut results = Vec::with_capacity(units.len());
    let mut rest = vec![units];
    while let Some(mut batch) = rest.pop() {
        match try_append(pool, clock, &batch).await {
            Ok(done) => results.extend(done.into_iter().map(Ok)),
            Err(error) if batch.len() > 1 && is_about_data(&error) => {
                let second = batch.split_off(batch.len() / 2);
                rest.push(second);
                rest.push(batch);
            }
            Err(error) => {
                let text = error.to_string();
                let one = batch.len() == 1;
                let mut first = Some(error);
                results.extend(batch.iter().map(|_| {
                    Err(match first.take() {
                        Some(error) if one => LedgerError::Database(error),
                        _ => LedgerError::Database(sqlx::Error::Protocol(text.clone())),
                    })
                }));
            }
        }
    }
    results
}

fn is_about_data(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .is_some_and(|code| code.starts_with("22") || code.starts_with("23"))
}

async fn try_append(
    pool: &PgPool,
    clock: DateTime<Utc>,
    batch: &[NewUnit],
) -> Result<Vec<Appended>, sqlx::Error> {
    let mut connection = pool.acquire().await?;
    match append(&mut connection, clock, batch).await {
        Err(error) if error.as_database_error().is_none() => {
            // The connection broke: the batch may be in or not. Ask on a new one before answering.
            drop(connection);
            match what_happened(pool, batch).await? {
                Some(appended) => Ok(appended),
                None => Err(error),
            }
        }
        result => result,
    }
}

/// Looks a batch up that was sent on a connection that broke: what was not refused of it is in, or nothing is.
async fn what_happened(pool: &PgPool, batch: &[NewUnit]) -> Result<Option<Vec<Appended>>, sqlx::Error> {
    let mut transaction = pool.begin().await?;
    // The old transaction holds this lock until it has ended.
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('lethe.ledger.append', 0))")
        .execute(&mut *transaction)
        .await?;
    let ids: Vec<_> = batch.iter().map(|unit| unit.command.0).collect();
    let found: Vec<uuid::Uuid> =
        sqlx::query_scalar("SELECT command_id FROM ledger.commands WHERE command_id = ANY($1)")
            .bind(ids)
            .fetch_all(&mut *transaction)
            .await?;
    transaction.rollback().await?;
    if found.is_empty() {
        return Ok(None);
    }
    Ok(Some(
        batch
            .iter()
            .map(|unit| {
                // A duplicate is answered from what is stored, whether this attempt or an earlier one stored it.
                if found.contains(&unit.command.0) { Appended::Duplicate } else { Appended::Conflict }
            })
            .collect(),
    ))
}
