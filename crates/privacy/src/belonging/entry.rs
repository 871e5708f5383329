//! What is done with a kind, behind an object: so that it is compiled once, and whoever loops over kinds names none.

use std::marker::PhantomData;
use std::pin::Pin;

use cqrs_es::Aggregate;
use lethe_crm::contact::{Bound, ErasureKind, Fate, Remains};
use lethe_kernel::{ContactId, Subject};
use lethe_ledger::{
    Committed, Context, Failure, Ledger, LedgerError, Parts, Projection, Recorded, UnitOfWork,
};
use uuid::Uuid;

use super::{Belonging, Outlook};
use crate::retention::Due;

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One kind of belonging.
pub(crate) trait Entry: Send + Sync {
    /// The type of its streams.
    fn stream(&self) -> &'static str;

    /// The view that shows it.
    fn view(&self) -> &'static str;

    /// Up to where that view shows the ledger.
    fn shown<'a>(&'a self, parts: &'a Parts) -> Boxed<'a, Result<i64, LedgerError>>;

    /// The version of its stream, and what an erasure would do to it, if something of it is there.
    fn examine<'a>(
        &'a self,
        unit: &'a mut UnitOfWork<'_>,
        bound: Bound,
        erasure: ErasureKind,
    ) -> Boxed<'a, Result<(i64, Option<Outlook>), LedgerError>>;

    /// Whose key dies with it, where that is not the contact's.
    fn own_key(&self, id: Uuid) -> Option<Subject>;

    /// What stays of it after its fate.
    fn remains(&self, fate: Fate) -> Option<Remains>;

    /// Has its stream say that the contact was erased.
    fn erase<'a>(
        &'a self,
        unit: &'a mut UnitOfWork<'_>,
        id: Uuid,
        of: (ContactId, ErasureKind),
    ) -> Boxed<'a, Result<bool, Failure>>;

    /// When it falls due after an event.
    fn due(&self, before: Option<Due>, id: Uuid, event: &Recorded) -> Result<Option<Due>, LedgerError>;

    /// Acts on its day; `None` if it never falls due.
    fn expire<'a>(
        &'a self,
        ledger: &'a Ledger,
        context: &'a Context,
        id: Uuid,
    ) -> Boxed<'a, Option<Result<Committed, Failure>>>;
}

/// The row of a kind in the registry.
pub(super) struct Row<B>(PhantomData<fn() -> B>);

impl<B> Row<B> {
    pub(super) const NEW: Self = Self(PhantomData);
}

impl<B: Belonging> Entry for Row<B> {
    fn stream(&self) -> &'static str {
        B::Stream::TYPE
    }

    fn view(&self) -> &'static str {
        B::View::NAME
    }

    fn shown<'a>(&'a self, parts: &'a Parts) -> Boxed<'a, Result<i64, LedgerError>> {
        Box::pin(parts.shown::<B::View>())
    }

    fn examine<'a>(
        &'a self,
        unit: &'a mut UnitOfWork<'_>,
        bound: Bound,
        erasure: ErasureKind,
    ) -> Boxed<'a, Result<(i64, Option<Outlook>), LedgerError>> {
        Box::pin(async move {
            let version = unit.version::<B::Stream>(bound.id).await?;
            let stream = unit.load::<B::Stream>(bound.id).await?;
            Ok((version, B::outlook(stream, &bound, erasure)))
        })
    }

    fn own_key(&self, id: Uuid) -> Option<Subject> {
        B::own_key(id)
    }

    fn remains(&self, fate: Fate) -> Option<Remains> {
        B::remains(fate)
    }

    fn erase<'a>(
        &'a self,
        unit: &'a mut UnitOfWork<'_>,
        id: Uuid,
        (contact, erasure): (ContactId, ErasureKind),
    ) -> Boxed<'a, Result<bool, Failure>> {
        Box::pin(unit.handle::<B::Stream>(id, B::erase(contact, erasure)))
    }

    fn due(&self, before: Option<Due>, id: Uuid, event: &Recorded) -> Result<Option<Due>, LedgerError> {
        Ok(B::due(before, id, &event.decode()?))
    }

    fn expire<'a>(
        &'a self,
        ledger: &'a Ledger,
        context: &'a Context,
        id: Uuid,
    ) -> Boxed<'a, Option<Result<Committed, Failure>>> {
        Box::pin(async move {
            match B::expire(id) {
                Some(work) => Some(ledger.execute(context, &work).await),
                None => None,
            }
        })
    }
}
