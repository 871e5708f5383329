//! A command over one or several aggregates, and what is known about it.

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use lethe_kernel::{Caller, CommandId, EventId, RequestId, Subject};
use uuid::Uuid;

use crate::{Failure, Idempotency, LedgerError, Recorded, UnitOfWork};

const REACTIONS: Uuid = Uuid::from_u128(0x6c65_7468_655f_7265_6163_7469_6f6e_7300);

/// Who asks for a unit of work, and in which connection.
#[derive(Clone)]
pub struct Context {
    /// The caller.
    pub caller: Caller,
    /// The request it came with.
    pub request: RequestId,
    /// The event that caused it, if an event did.
    pub causation: Option<EventId>,
    /// What makes it repeatable, if the client sent a key.
    pub idempotency: Option<Idempotency>,
    /// The id of the unit of work, if it is derived from what caused it; it is then done once.
    pub command: Option<CommandId>,
}

impl Context {
    /// A context without idempotency key and cause.
    #[must_use]
    pub fn new(caller: Caller, request: RequestId) -> Self {
        Self { caller, request, causation: None, idempotency: None, command: None }
    }

    /// The context of the command that an event causes through a reaction.
    ///
    /// # Errors
    /// [`LedgerError::Unreadable`].
    pub fn caused_by(event: &Recorded, reaction: &str) -> Result<Self, LedgerError> {
        let metadata = event.metadata()?;
        let name = [reaction.as_bytes(), event.id.0.as_bytes().as_slice()].concat();
        Ok(Self {
            causation: Some(event.id),
            command: Some(CommandId(Uuid::new_v5(&REACTIONS, &name))),
            // Events carry the request as their correlation.
            ..Self::new(Caller::system(metadata.unit), RequestId(metadata.correlation))
        })
    }
}

/// A command: it loads aggregates, has them decide, and answers with the objects it is about. It may run several
/// times, because a conflict with others makes it run again on what they left.
pub trait Work: Sync {
    /// Runs the command on a fresh unit of work.
    fn run(&self, unit: &mut UnitOfWork<'_>) -> impl Future<Output = Result<Answer, Failure>> + Send;
}

/// A command whose type is not known, so that what executes commands is compiled once and not for each of them. Every
/// [`Work`] is one.
pub trait AnyWork: Sync {
    /// As [`Work::run`], boxed.
    fn run_boxed<'w>(&'w self, unit: &'w mut UnitOfWork<'_>) -> BoxFuture<'w, Result<Answer, Failure>>;
}

impl<W: Work> AnyWork for W {
    fn run_boxed<'w>(&'w self, unit: &'w mut UnitOfWork<'_>) -> BoxFuture<'w, Result<Answer, Failure>> {
        Box::pin(self.run(unit))
    }
}

/// The objects a command is about, in the order its mutation documents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Their ids.
    pub objects: Vec<Uuid>,
    /// Whose key guards the digest of the input; the caller's own if the input holds no personal value.
    pub subject: Option<Subject>,
}

impl Answer {
    /// An answer about one object whose input holds personal values of `subject`.
    #[must_use]
    pub fn about(object: impl Into<Uuid>, subject: impl Into<Subject>) -> Self {
        Self { objects: vec![object.into()], subject: Some(subject.into()) }
    }

    /// An answer about one object, to an input without personal values.
    #[must_use]
    pub fn of(object: impl Into<Uuid>) -> Self {
        Self { objects: vec![object.into()], subject: None }
    }
}

/// What became of a unit of work: it is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The objects of the answer.
    pub objects: Vec<Uuid>,
    /// The position a view must have reached to show it.
    pub position: i64,
    /// Whether this is the answer to an earlier sending of the same command.
    pub repeated: bool,
    /// The types of the streams that it changed, or that it looked at if it changed none: what follows none of them
    /// shows no less than before. Not known of an earlier sending.
    pub streams: Option<Vec<&'static str>>,
}

impl Committed {
    /// The first object of the answer.
    #[must_use]
    pub fn object(&self) -> Uuid {
        self.objects.first().copied().unwrap_or_default()
    }
}

/// The moment a unit of work is decided at.
pub(crate) type Moment = DateTime<Utc>;
