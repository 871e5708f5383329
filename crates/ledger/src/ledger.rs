//! The ledger of one process.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use lethe_kernel::{Clock, CommandId, ErrorCode, IdSource, UserError};
use lethe_vault::{Vault, VaultError};
use sqlx::PgPool;
use tokio::sync::watch;

use crate::append::Appended;
use crate::cache::Cache;
use crate::error::is_of_class;
use crate::hint;
use crate::idempotency::earlier_answer;
use crate::writer::Writer;
use crate::{Answer, AnyWork, Committed, Context, Failure, Idempotency, LedgerError, UnitOfWork, Work};

const ATTEMPTS: usize = 8;

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
    pub(crate) cache: Cache,
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

    pub(crate) fn head_sender(&self) -> watch::Sender<i64> {
        self.head.clone()
    }

    pub(crate) fn advance_head(&self, position: i64) {
        self.head.send_if_modified(|at| position > std::mem::replace(at, position.max(*at)));
    }
}

impl Ledger {
    /// Starts the ledger of this process on a database whose tables are up to date.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn start(pool: PgPool, vault: Vault, clock: Clock) -> Result<Self, LedgerError> {
        let (head, _) = watch::channel(0);
        let parts = Arc::new(Parts { pool, vault, clock, ids: IdSource, cache: Cache::new(), head });
        parts.head.send_replace(parts.head().await?);
        let (writer, appended) = Writer::start(&parts);
        tokio::spawn(hint::tell(parts.pool.clone(), appended));
        tokio::spawn(hint::heed_destructions(Arc::downgrade(&parts)));
        tokio::spawn(hint::follow(Arc::downgrade(&parts), parts.pool.clone()));
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
    pub fn execute<'l>(
        &'l self,
        context: &'l Context,
        work: &'l impl Work,
    ) -> BoxFuture<'l, Result<Committed, Failure>> {
        self.execute_any(context, work)
    }

    /// As [`Ledger::execute`], for a command whose type is not known.
    pub fn execute_any<'l>(
        &'l self,
        context: &'l Context,
        work: &'l dyn AnyWork,
    ) -> BoxFuture<'l, Result<Committed, Failure>> {
        Box::pin(self.decide(context, work))
    }

    async fn decide(&self, context: &Context, work: &dyn AnyWork) -> Result<Committed, Failure> {
        let idempotency = context.idempotency.as_ref();
        let given = context.command.or_else(|| idempotency.map(|key| key.command(context.caller)));
        let command = given.unwrap_or_else(|| CommandId(self.parts.ids.next()));
        for attempt in 1..=ATTEMPTS {
            match self.attempt(context, work, (command, given.is_some()), attempt == 1).await {
                Ok(Some(committed)) => return Ok(committed),
                Err(failure) if attempt == ATTEMPTS || !is_broken(&failure) => {
                    if let Failure::Failed(LedgerError::Vault(error)) = &failure {
                        self.parts.vault.alarm(error);
                    }
                    return Err(failure);
                }
                Ok(None) | Err(_) => metrics::counter!("lethe_command_retries_total").increment(1),
            }
        }
        Err(contended().into())
    }

    /// Tries once; `None` if it has to be tried again, because what was decided on was old.
    async fn attempt(
        &self,
        context: &Context,
        work: &dyn AnyWork,
        (command, given): (CommandId, bool),
        first: bool,
    ) -> Result<Option<Committed>, Failure> {
        // Sent for the first time, as nearly always, it need not be looked up: appending tells.
        if !first && let Some(earlier) = self.earlier(command, context.idempotency.as_ref()).await? {
            return Ok(Some(earlier));
        }
        let mut unit = UnitOfWork::new(&self.parts, context, command);
        let decided = match work.run_boxed(&mut unit).await {
            Ok(answer) => self.settle(&mut unit, answer).await?,
            Err(failure) => {
                let earlier = if first && given {
                    self.earlier(command, context.idempotency.as_ref()).await?
                } else {
                    None
                };
                if earlier.is_none() && unit.stands().await? {
                    return Err(failure);
                }
                earlier
            }
        };
        if decided.is_none() {
            unit.forget();
        }
        Ok(decided)
    }

    /// Appends what was decided, or makes sure that a decision to change nothing stands. `None` if it was decided on
    /// something old.
    async fn settle(&self, unit: &mut UnitOfWork<'_>, answer: Answer) -> Result<Option<Committed>, Failure> {
        let streams = Some(unit.touched());
        let committed = |position| Committed {
            objects: answer.objects.clone(),
            position,
            repeated: false,
            streams: streams.clone(),
        };
        let Some(new) = unit.finish(&answer).await? else {
            let (stands, position) = unit.confirmed().await?;
            return Ok(stands.then(|| committed(position)));
        };
        let new = Arc::new(new);
        match self.writer.append(new.clone()).await? {
            Appended::At(position) => {
                unit.keep(&new);
                return Ok(Some(committed(position)));
            }
            Appended::WrappedByOld => self.parts.vault.forget_nursery(),
            Appended::Conflict | Appended::Duplicate => {}
        }
        Ok(None)
    }

    async fn earlier(
        &self,
        command: CommandId,
        idempotency: Option<&Idempotency>,
    ) -> Result<Option<Committed>, Failure> {
        earlier_answer(&self.parts.pool, &self.parts.vault, command, idempotency).await
    }

    /// Runs a command as [`Ledger::execute`] would and throws its decisions away: nothing is stored, not even a key.
    ///
    /// # Errors
    /// As [`Ledger::execute`].
    pub fn rehearse<'l>(
        &'l self,
        context: &'l Context,
        work: &'l impl Work,
    ) -> BoxFuture<'l, Result<Answer, Failure>> {
        Box::pin(self.decide_only(context, work))
    }

    async fn decide_only(&self, context: &Context, work: &dyn AnyWork) -> Result<Answer, Failure> {
        for _ in 0..ATTEMPTS {
            let mut unit = UnitOfWork::new(&self.parts, context, CommandId(self.parts.ids.next()));
            let decided = work.run_boxed(&mut unit).await;
            if unit.stands().await? {
                return decided;
            }
            unit.forget();
        }
        Err(contended().into())
    }
}

fn contended() -> UserError {
    UserError::new(
        ErrorCode::Conflict,
        "Others changed the same objects at the same time, again and again. Nothing was done; send the request again.",
    )
}

/// Whether a command failed before anything was appended for what may be gone when it runs again: a connection broke
/// that had been idle, or a key was destroyed behind the state that it decided on, which then tells why.
fn is_broken(failure: &Failure) -> bool {
    if matches!(failure, Failure::Failed(LedgerError::Vault(VaultError::Erased(_)))) {
        return true;
    }
    let Failure::Failed(LedgerError::Database(error) | LedgerError::Vault(VaultError::Database(error))) =
        failure
    else {
        return false;
    };
    matches!(error, sqlx::Error::Io(_)) || is_of_class(error, &["57P"])
}
