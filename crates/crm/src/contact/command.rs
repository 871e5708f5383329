use lethe_kernel::{CompanyId, ContactId, ImportId};
use uuid::Uuid;

use super::{BelongingKind, Bound, CompanyLinked, Details, Erase, Registered};

/// What can be asked of a contact.
#[derive(Clone, Debug)]
pub enum ContactCommand {
    /// Register it.
    Register(Registered),
    /// Change its details.
    Amend {
        /// The contact itself, whose values are compared.
        contact: ContactId,
        /// What to change.
        details: Details,
    },
    /// Link it to a company.
    Link(CompanyLinked),
    /// Remove the link to a company.
    Unlink(CompanyId),
    /// Note that something belongs to it, or has changed. The day on which that was made stays the first one told.
    Bind(Bound),
    /// Note that something no longer belongs to it.
    Unbind {
        /// What kind of thing.
        kind: BelongingKind,
        /// The thing.
        id: Uuid,
        /// Whether it expired.
        expired: bool,
    },
    /// Note that a row of an import is about it.
    FindByImport(ImportId),
    /// Erase it.
    Erase(Erase),
}
