//! The ledger of one process.

use std::sync::Arc;
use std::time::Duration;

use cqrs_es::Aggregate;
use lethe_kernel::{Clock, CommandId, ErrorCode, IdSource, UserError};
use lethe_vault::Vault;
use sqlx::PgPool;
use tokio::sync::watch;
use uuid::Uuid;

use crate::append::Appended;
use crate::idempotency::earlier_answer;
use crate::writer::Writer;
use crate::{Answer, Committed, Context, Failure, LedgerError, Stored, Unit, Work};

const ATTEMPTS: usize = 8;
const POLL: Duration = Duration::from_millis(500);

/// What every part of the ledger works with.
pub struct Parts {
    /// The database.
    pub pool: PgPool,
    /// The keys.
    pub vault: Vault,
    /// The time.
    pub clock: Clock,
    /// New ids.
    pub ids: IdSource,
    head: watch::Sender<i64>,
}

/// The ledger: executes units of work and reads events.
#[derive(Clone)]
pub struct Ledger {
    parts: Arc<Parts>,
    writer: Writer,
}

impl Parts {
    /// The newest position this process knows of, and every later one.
    #[must_use]
    pub fn head_watch(&self) -> watch::Receiver<i64> {
        self.head.subscribe()
    }

    /// An aggregate's state and version.
    pub(crate) async fn aggregate<A: Stored>(&self, id: Uuid) -> Result<(A, i64), LedgerError> {
        let mut state = A::default();
        let mut version = 0;
        for event in self.stream_until(A::TYPE, &[id], None).await? {
            version = event.sequence;
            Aggregate::apply(&mut state, event.decode()?);
        }
        Ok((state, version))
    }
}

impl Ledger {
    /// Starts the ledger of this process on a database whose tables are up to date.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn start(pool: PgPool, vault: Vault, clock: Clock) -> Result<Self, LedgerError> {
        let (head, _) = watch::channel(0);
        let parts = Arc::new(Parts { pool, vault, clock, ids: IdSource, head });
        parts.head.send_replace(parts.head().await?);
        let writer = Writer::start(parts.pool.clone(), parts.clock.clone(), parts.head.clone());
        tokio::spawn(follow_others(Arc::downgrade(&parts)));
        Ok(Self { parts, writer })
    }

    /// What the ledger works with; also the way to read events.
    #[must_use]
    pub fn parts(&self) -> &Arc<Parts> {
        &self.parts
    }

    /// Executes a command: wholly and durably, or not at all. A repetition of an earlier command is answered as it
    /// was then.
    ///
    /// # Errors
    /// [`Failure::Refused`] when a rule refuses it or others keep changing the same streams, [`Failure::Failed`] when
    /// something failed and it may be tried again with the same idempotency key.
    pub async fn execute(&self, context: &Context, work: &impl Work) -> Result<Committed, Failure> {
        let parts = self.parts.as_ref();
        let idempotency = context.idempotency.as_ref();
        let given = context.command.or_else(|| idempotency.map(|key| key.command(context.caller)));
        let command = given.unwrap_or_else(|| CommandId(parts.ids.next()));
        for attempt in 0..ATTEMPTS {
            // A new id was never used before.
            if (attempt > 0 || given.is_some())
                && let Some(earlier) = earlier_answer(&parts.pool, &parts.vault, command, idempotency).await?
            {
                return Ok(earlier);
            }
            let mut unit = Unit::new(parts, context, command);
            let answer = work.run(&mut unit).await?;
            let Some(new) = unit.finish(&answer).await? else {
                let position = parts.head().await?;
                return Ok(Committed { objects: answer.objects, position, repeated: false });
            };
            if let Appended::At(position) = self.writer.append(new).await? {
                return Ok(Committed { objects: answer.objects, position, repeated: false });
            }
            metrics::counter!("lethe_append_conflicts_total").increment(1);
        }
        Err(UserError::new(
            ErrorCode::Conflict,
            "Others changed the same objects at the same time, again and again. Nothing was done; send the request again.",
        )
        .into())
    }

    /// Runs a command as [`Ledger::execute`] would and throws its decisions away: nothing is stored, not even a key.
    ///
    /// # Errors
    /// As [`Ledger::execute`].
    pub async fn rehearse(&self, context: &Context, work: &impl Work) -> Result<Answer, Failure> {
        let command = CommandId(self.parts.ids.next());
        work.run(&mut Unit::new(&self.parts, context, command)).await
    }
}

/// Notices what other processes append to the same ledger.
async fn follow_others(parts: std::sync::Weak<Parts>) {
    loop {
        tokio::time::sleep(POLL).await;
        let Some(parts) = parts.upgrade() else { return };
        match parts.head().await {
            Ok(position) => {
                parts.head.send_if_modified(|at| position > std::mem::replace(at, position.max(*at)));
            }
            Err(LedgerError::Database(sqlx::Error::PoolClosed)) => return,
            Err(error) => tracing::warn!(%error, "the ledger's head could not be read"),
        }
    }
}
