//! What resolvers work with.

use std::time::Duration;

use async_graphql::Context;
use lethe_access::Directory;
use lethe_crm::expiry::Longest;
use lethe_kernel::{RequestId, Session};
use lethe_ledger::{Ledger, Parts, Views};
use lethe_notary::Notary;

use crate::background::Background;
use crate::keys::Keys;

/// The running system.
#[derive(Clone)]
pub struct App {
    /// The ledger.
    pub ledger: Ledger,
    /// The views.
    pub views: Views,
    /// Who may work here.
    pub directory: Directory,
    /// The log over the ledger.
    pub notary: Notary,
    /// How long data may be kept at most.
    pub longest: Longest,
    /// How long a mutation waits for the views it returns.
    pub patience: Duration,
    /// What goes on after its request was answered.
    pub background: Background,
}

/// What is known about one request; every request carries one.
pub struct Request {
    pub(crate) session: Session,
    pub(crate) id: RequestId,
    pub(crate) keys: Keys,
}

impl Request {
    /// A request of a session.
    #[must_use]
    pub fn new(session: Session, id: RequestId) -> Self {
        Self { session, id, keys: Keys::default() }
    }
}

pub(crate) fn app<'c>(context: &Context<'c>) -> &'c App {
    context.data_unchecked::<App>()
}

pub(crate) fn parts<'c>(context: &Context<'c>) -> &'c Parts {
    app(context).ledger.parts()
}

pub(crate) fn request<'c>(context: &Context<'c>) -> &'c Request {
    context.data_unchecked::<Request>()
}
