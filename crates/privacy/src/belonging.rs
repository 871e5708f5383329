//! The registry of what belongs to a contact: one row per kind. Whatever is done with everything that belongs to somebody
//! is a loop over it: examining, previewing and carrying out an erasure, certifying it, the schedule and its sweep.
//!
//! A kind is added in [`BelongingKind`] and here, and what it leaves open does not compile. This one is whole:
//!
//! ```
//! use lethe_crm::contact::{BelongingKind, Bound, ErasureKind, Fate, Remains};
//! use lethe_crm::prospect::{Erased, Prospect, ProspectCommand, ProspectEvent, ProspectView};
//! use lethe_kernel::{ContactId, Subject};
//! use lethe_privacy::belonging::{Belonging, Endless, Outlook};
//! use lethe_privacy::retention::Due;
//! use uuid::Uuid;
//!
//! struct Referrals;
//!
//! impl Belonging for Referrals {
//!     const KIND: BelongingKind = BelongingKind::Prospect;
//!     type Stream = Prospect;
//!     type View = ProspectView;
//!     type Expire = Endless;
//!
//!     fn outlook(_: &Prospect, _: &Bound, _: ErasureKind) -> Option<Outlook> {
//!         Some(Outlook { fate: Fate::Died, others: 0 })
//!     }
//!     fn own_key(_: Uuid) -> Option<Subject> {
//!         None
//!     }
//!     fn erase(_: ContactId, kind: ErasureKind) -> ProspectCommand {
//!         ProspectCommand::Erase(Erased { kind })
//!     }
//!     fn remains(_: Fate) -> Option<Remains> {
//!         None
//!     }
//!     fn due(_: Option<Due>, _: Uuid, _: &ProspectEvent) -> Option<Due> {
//!         None
//!     }
//!     fn expire(_: Uuid) -> Option<Endless> {
//!         None
//!     }
//! }
//! ```
//!
//! The same, but nobody has said what remains of it:
//!
//! ```compile_fail,E0046
//! use lethe_crm::contact::{BelongingKind, Bound, ErasureKind, Fate, Remains};
//! use lethe_crm::prospect::{Erased, Prospect, ProspectCommand, ProspectEvent, ProspectView};
//! use lethe_kernel::{ContactId, Subject};
//! use lethe_privacy::belonging::{Belonging, Endless, Outlook};
//! use lethe_privacy::retention::Due;
//! use uuid::Uuid;
//!
//! struct Referrals;
//!
//! impl Belonging for Referrals {
//!     const KIND: BelongingKind = BelongingKind::Prospect;
//!     type Stream = Prospect;
//!     type View = ProspectView;
//!     type Expire = Endless;
//!
//!     fn outlook(_: &Prospect, _: &Bound, _: ErasureKind) -> Option<Outlook> {
//!         Some(Outlook { fate: Fate::Died, others: 0 })
//!     }
//!     fn own_key(_: Uuid) -> Option<Subject> {
//!         None
//!     }
//!     fn erase(_: ContactId, kind: ErasureKind) -> ProspectCommand {
//!         ProspectCommand::Erase(Erased { kind })
//!     }
//!     fn due(_: Option<Due>, _: Uuid, _: &ProspectEvent) -> Option<Due> {
//!         None
//!     }
//!     fn expire(_: Uuid) -> Option<Endless> {
//!         None
//!     }
//! }
//! ```
//!
//! And this is a registry with each kind, and one in which a kind was forgotten:
//!
//! ```
//! use lethe_crm::contact::BelongingKind;
//!
//! fn row(kind: BelongingKind) -> &'static str {
//!     match kind {
//!         BelongingKind::Note => "notes",
//!         BelongingKind::Consent => "consents",
//!         BelongingKind::Prospect => "prospects",
//!     }
//! }
//! ```
//!
//! ```compile_fail,E0004
//! use lethe_crm::contact::BelongingKind;
//!
//! fn row(kind: BelongingKind) -> &'static str {
//!     match kind {
//!         BelongingKind::Note => "notes",
//!         BelongingKind::Consent => "consents",
//!     }
//! }
//! ```

mod consent;
mod entry;
mod note;
mod prospect;

use cqrs_es::Aggregate;
use lethe_crm::contact::{BelongingKind, Bound, ErasureKind, Fate, Remains};
use lethe_kernel::{ContactId, Subject, UnitId};
use lethe_ledger::{Answer, Failure, Projection, Stored, UnitOfWork, Work};
use uuid::Uuid;

pub(crate) use self::entry::Entry;
use self::entry::Row;
use crate::retention::Due;

/// What is done with the streams of one kind of belonging. Nothing has a default: each kind says all of it.
pub trait Belonging: Send + Sync + 'static {
    /// The kind.
    const KIND: BelongingKind;
    /// Its streams.
    type Stream: Stored<Command: Send>;
    /// The view that shows it, and drops what an erasure takes.
    type View: Projection;
    /// The command that acts when its day has come.
    type Expire: Work + Send;

    /// What an erasure of the contact does to it; `None` if nothing of it is there any more.
    fn outlook(stream: &Self::Stream, bound: &Bound, erasure: ErasureKind) -> Option<Outlook>;

    /// Whose key is destroyed if it dies, where that is not the contact's.
    fn own_key(id: Uuid) -> Option<Subject>;

    /// Has its stream say that the contact was erased.
    fn erase(contact: ContactId, erasure: ErasureKind) -> <Self::Stream as Aggregate>::Command;

    /// What stays of it after its fate. The sentences about that stand in [`Remains::why`] and, for certificates, in
    /// [`remaining`](crate::certificate::remaining).
    fn remains(fate: Fate) -> Option<Remains>;

    /// When it falls due, after an event of its stream; `None` if it does not.
    fn due(before: Option<Due>, id: Uuid, event: &<Self::Stream as Aggregate>::Event) -> Option<Due>;

    /// Acts on its day, if it has come; `None` if it never falls due.
    fn expire(id: Uuid) -> Option<Self::Expire>;
}

/// What an erasure would do to a belonging.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// What would become of it.
    pub fate: Fate,
    /// How many other contacts it names; for them it goes on without what died.
    pub others: usize,
}

/// A belonging, and what an erasure of its contact would do to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Affected {
    /// What kind of thing.
    pub kind: BelongingKind,
    /// The thing.
    pub id: Uuid,
    /// Whose it is.
    pub unit: UnitId,
    /// What would become of it.
    pub outlook: Outlook,
}

/// The command of what never falls due. There is none.
pub enum Endless {}

impl Work for Endless {
    async fn run(&self, _: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        match *self {}
    }
}

macro_rules! registry {
    ($($kind:ident => $entry:ty),+ $(,)?) => {
        /// The types of the streams of all kinds.
        pub const STREAMS: &[&str] = &[$(<<$entry as Belonging>::Stream as Aggregate>::TYPE),+];

        /// The views of all kinds.
        pub const VIEWS: &[&str] = &[$(<<$entry as Belonging>::View as Projection>::NAME),+];

        /// What is done with a kind.
        pub(crate) fn entry(kind: BelongingKind) -> &'static dyn Entry {
            match kind { $(BelongingKind::$kind => &Row::<$entry>::NEW),+ }
        }

        $(const _: () = assert!(
            <$entry as Belonging>::KIND as usize == BelongingKind::$kind as usize,
            "Each kind stands in the registry with what is done with its own streams."
        );)+
    };
}

registry! {
    Note => note::Notes,
    Consent => consent::Consents,
    Prospect => prospect::Prospects,
}

/// What is done with each kind.
pub(crate) fn entries() -> impl Iterator<Item = &'static dyn Entry> {
    BelongingKind::ALL.iter().map(|kind| entry(*kind))
}

#[cfg(test)]
mod tests;
