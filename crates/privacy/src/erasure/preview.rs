use std::sync::{Mutex, PoisonError};

use lethe_crm::contact::{BelongingKind, ErasureKind, Fate, Hold, Remains};
use lethe_kernel::{CompanyId, ContactId, ImportId};
use lethe_ledger::{Answer, Context, Failure, Ledger, UnitOfWork, Work};
use lethe_vault::DestroyedKey;

use super::examine::examine;
use crate::belonging::Affected;

/// What an erasure would do, as things are now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// The contact.
    pub contact: ContactId,
    /// How much of it would stay.
    pub kind: ErasureKind,
    /// The keys that would be destroyed: those of the contact and of the companies that it is, then those
    /// of the notes that die with it and of the imports whose files would be forgotten.
    pub destroyed: Vec<DestroyedKey>,
    /// What belongs to it, kind by kind, and what would become of that.
    pub belongings: Vec<Affected>,
    /// The companies it would no longer belong to.
    pub unlinked: Vec<CompanyId>,
    /// The imports whose files would not be recognised any more, because they name the contact or a company that is this
    /// person, or may name them.
    pub imports: Vec<ImportId>,
    /// The companies that are this person; their personal values would go.
    pub proprietorships: Vec<CompanyId>,
    /// Other companies of it that are one person. They have keys of their own and are not erased with it.
    pub sole_proprietors: Vec<CompanyId>,
    /// What would stay.
    pub remains: Vec<Remains>,
    /// What keeps it in the system.
    pub holds: Vec<Hold>,
    /// What the erasure must bring. It stands for these facts, and says nothing to who has not the contact's key.
    pub token: String,
}

impl Preview {
    /// What of a kind would have one of some fates.
    pub fn of<'a>(&'a self, kind: BelongingKind, fates: &'a [Fate]) -> impl Iterator<Item = &'a Affected> {
        let wanted = move |one: &&Affected| one.kind == kind && fates.contains(&one.outlook.fate);
        self.belongings.iter().filter(wanted)
    }
}

/// Looks at what an erasure would do. Nothing is stored.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`, `ERASED`, and what can fail in loading.
pub async fn preview(
    ledger: &Ledger,
    context: &Context,
    contact: ContactId,
    kind: ErasureKind,
) -> Result<Preview, Failure> {
    let look = PreviewErasure { contact, kind, seen: Mutex::default() };
    loop {
        ledger.rehearse(context, &look).await?;
        if let Some(preview) = look.seen.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Ok(preview);
        }
    }
}

/// An erasure as far as it only looks.
struct PreviewErasure {
    contact: ContactId,
    kind: ErasureKind,
    /// What the last look has seen; it may look several times, if what it saw was old.
    seen: Mutex<Option<Preview>>,
}

impl Work for PreviewErasure {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        let preview = examine(unit, self.contact, self.kind).await?;
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(preview);
        Ok(Answer::of(self.contact))
    }
}
