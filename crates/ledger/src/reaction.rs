//! Reactions (process managers): commands that events cause, each at most once.

use std::marker::PhantomData;
use std::sync::Arc;

use lethe_kernel::ErrorCode;
use sqlx::PgConnection;

use crate::runner::checkpoint::{Identity, advance};
use crate::runner::{Follower, Job};
use crate::{Committed, Context, Failure, Ledger, LedgerError, Parts, Recorded, Work};

const VERSION: i32 = 1;
const APPLIED: &str = "APPLIED";

/// Gives a command for some events. The command's id is derived from the reaction and the event, so that neither a
/// crash nor a replay acts twice; its correlation is that of the event, its cause the event, its caller Lethe itself
/// in the name of the event's unit.
///
/// A reaction follows the ledger once and is never rebuilt. A refusal is a recorded outcome, and the reaction goes on;
/// what fails is tried again; an event that cannot be read halts it.
pub trait Reaction: Send + Sync + 'static {
    /// Its name, for ever: another name is another reaction, which acts again. No view has the same.
    const NAME: &'static str;
    /// The types of streams it follows.
    const SOURCES: &'static [&'static str];
    /// Whether it reacts also to what happened before it was first started. Otherwise it begins at the ledger's end,
    /// since nobody expects a new rule to act on years of history.
    const FROM_THE_BEGINNING: bool = false;
    /// What it has done.
    type Work: Work + Send;

    /// The command that an event causes, if it does.
    ///
    /// # Errors
    /// [`LedgerError::Unreadable`].
    fn react(event: &Recorded) -> Result<Option<Self::Work>, LedgerError>;

    /// What is recorded of a command that was executed, first or again: a code.
    #[must_use]
    fn outcome(_: &Committed) -> &'static str {
        APPLIED
    }
}

/// The follower of `R`.
pub(crate) struct React<R> {
    ledger: Ledger,
    reaction: PhantomData<fn() -> R>,
}

impl<R: Reaction> React<R> {
    pub(crate) fn new(ledger: Ledger) -> Self {
        Self { ledger, reaction: PhantomData }
    }

    async fn begin(parts: &Parts) -> Result<i64, LedgerError> {
        let head = parts.head().await?;
        let first = if R::FROM_THE_BEGINNING { 0 } else { head };
        // A checkpoint beyond the ledger's end: the ledger was restored, and what comes now is new.
        let position: i64 = sqlx::query_scalar(
            "INSERT INTO ledger.projections AS p (name, version, position, tables) VALUES ($1, $2, $3, '{}') \
             ON CONFLICT (name) DO UPDATE SET position = least(p.position, $4) RETURNING position",
        )
        .bind(R::NAME)
        .bind(VERSION)
        .bind(first)
        .bind(head)
        .fetch_one(&parts.pool)
        .await?;
        Ok(position)
    }

    /// Has the command of one event executed and answers what became of it; `None` if it causes nothing.
    async fn act(&self, event: &Recorded) -> Result<Option<&'static str>, LedgerError> {
        let Some(work) = R::react(event)? else { return Ok(None) };
        match self.ledger.execute(&Context::caused_by(event, R::NAME)?, &work).await {
            Ok(done) => Ok(Some(R::outcome(&done))),
            Err(Failure::Refused(errors)) => match errors.first().map(|error| error.code) {
                // Nobody refused it; others were quicker again and again.
                Some(ErrorCode::Conflict) => Err(LedgerError::Busy),
                code => Ok(code.map(ErrorCode::name)),
            },
            Err(Failure::Failed(error)) => Err(error),
        }
    }

    async fn react(
        &self,
        parts: &Parts,
        (mut from, until): (i64, i64),
        events: &[Arc<Recorded>],
    ) -> Result<Option<i64>, LedgerError> {
        for event in events {
            let Some(outcome) = self.act(event).await? else { continue };
            let mut transaction = parts.pool.begin().await?;
            if !advance(&mut transaction, self.who(), (from, event.position)).await? {
                return Ok(None);
            }
            record(&mut transaction, R::NAME, event.position, outcome).await?;
            transaction.commit().await?;
            from = event.position;
        }
        let moved = advance(&mut *parts.pool.acquire().await?, self.who(), (from, until)).await?;
        Ok(moved.then_some(until))
    }
}

/// Writes down what became of an event's command.
async fn record(
    connection: &mut PgConnection,
    reaction: &str,
    position: i64,
    outcome: &str,
) -> Result<(), LedgerError> {
    sqlx::query(
        "INSERT INTO ledger.reaction_outcomes VALUES ($1, $2, $3) \
         ON CONFLICT (reaction, position) DO UPDATE SET outcome = EXCLUDED.outcome",
    )
    .bind(reaction)
    .bind(position)
    .bind(outcome)
    .execute(connection)
    .await?;
    Ok(())
}

impl<R: Reaction> Follower for React<R> {
    fn who(&self) -> Identity {
        Identity { name: R::NAME, version: VERSION, sources: R::SOURCES }
    }

    fn open<'a>(&'a self, parts: &'a Parts) -> Job<'a, Option<i64>> {
        Box::pin(async { Ok(Some(Self::begin(parts).await?)) })
    }

    fn rebuild<'a>(&'a self, _: &'a Arc<Parts>) -> Job<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    fn take<'a>(
        &'a self,
        parts: &'a Parts,
        between: (i64, i64),
        events: &'a [Arc<Recorded>],
    ) -> Job<'a, Option<i64>> {
        Box::pin(self.react(parts, between, events))
    }
}
