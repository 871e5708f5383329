use lethe_kernel::{CompanyId, ContactId, ImportId, NoteId, ProspectId};

use super::{CompanyLinked, ConsentRecorded, Details, Erase, ItemAttached, Registered};

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
    /// Note that an item names it.
    AttachItem(ItemAttached),
    /// Note that an item no longer names it.
    DetachItem {
        /// The item.
        item: NoteId,
        /// Whether it expired.
        expired: bool,
    },
    /// Note that a consent of it is recorded.
    RecordConsent(ConsentRecorded),
    /// Note that a prospect of it is registered.
    RegisterProspect(ProspectId),
    /// Note that a row of an import is about it.
    FindByImport(ImportId),
    /// Erase it.
    Erase(Erase),
}
