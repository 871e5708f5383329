use lethe_access::User;
use lethe_access::user::{AnonymiseUser, OffBoardUser};
use lethe_crm::company::{self, Company, CompanyCommand};
use lethe_crm::contact::{Contact, ContactCommand, Erase, ErasureKind, ErasureReason, Fated};
use lethe_crm::import::{Because, note_forgotten};
use lethe_kernel::{CompanyId, ContactId, UserError, UserId};
use lethe_ledger::{Answer, Failure, UnitOfWork, Work};
use lethe_nordic::calendar;

use super::examine::{examine, gather};
use super::{ErasureError, Preview};
use crate::belonging::entry;

/// Erases a contact for good: one unit of work over the contact and everything that belongs to it. Answers the contact.
pub struct EraseContact {
    /// The contact.
    pub contact: ContactId,
    /// How much of it stays.
    pub kind: ErasureKind,
    /// Why it goes.
    pub reason: ErasureReason,
    /// The token of the preview that the caller approves.
    pub token: String,
}

impl Work for EraseContact {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        let (contact, kind) = (self.contact, self.kind);
        let preview = examine(unit, contact, kind).await?;
        if preview.token != self.token {
            return Err(UserError::from(ErasureError::Outdated).into());
        }
        carry_out(unit, preview, self.reason).await
    }
}

/// Has every stream that has values of the contact say that they are erased.
async fn carry_out(
    unit: &mut UnitOfWork<'_>,
    preview: Preview,
    reason: ErasureReason,
) -> Result<Answer, Failure> {
    let Preview { contact, kind, .. } = preview;
    let erase = Erase {
        kind,
        reason,
        on: calendar::copenhagen_date(unit.now()),
        holds: preview.holds,
        belongings: preview
            .belongings
            .iter()
            .map(|one| Fated { kind: one.kind, id: one.id, fate: one.outlook.fate })
            .collect(),
        remains: preview.remains,
    };
    // First, so that the event that says what was erased also names the keys that were destroyed.
    unit.handle::<Contact>(contact, ContactCommand::Erase(erase)).await?;
    for one in preview.belongings {
        entry(one.kind).erase(unit, one.id, (contact, kind)).await?;
    }
    for id in preview.proprietorships {
        let erased = company::Erased { reason, with: Some(contact) };
        unit.handle::<Company>(id, CompanyCommand::Erase(erased)).await?;
    }
    for import in preview.imports {
        note_forgotten(unit, import, Because::Erasure).await?;
    }
    // The input holds nothing personal, and its digest must outlive the contact's key.
    Ok(Answer::of(contact))
}

/// Finishes in a restored ledger what the vault has not forgotten: keys of this person are destroyed.
pub enum FinishErasure {
    /// Erases a contact. How much of it was to stay is lost with that part of the ledger, so nothing does.
    Contact(ContactId),
    /// Says of a company that is one person that its values are erased.
    Company(CompanyId),
    /// Has a user leave, and be anonymised. Who is the DPM of a unit there is refused, as ever: the successor's appointment
    /// is lost.
    User(UserId),
}

impl Work for FinishErasure {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        // Whoever was registered in the part that was lost is not there; who had several keys may be finished already.
        match *self {
            Self::Contact(contact) => {
                if unit.version::<Contact>(contact).await? > 0
                    && !unit.load::<Contact>(contact).await?.is_erased()
                {
                    let (mut preview, _) = gather(unit, contact, ErasureKind::Deleted).await?;
                    // It is erased; nothing can keep it.
                    preview.holds.clear();
                    return carry_out(unit, preview, ErasureReason::LegalObligation).await;
                }
                Ok(Answer::of(contact))
            }
            Self::Company(company) => {
                if unit.version::<Company>(company).await? > 0 {
                    company::erase_alone(unit, company, ErasureReason::LegalObligation).await?;
                }
                Ok(Answer::of(company))
            }
            Self::User(user) => {
                if unit.version::<User>(user).await? > 0 {
                    OffBoardUser { user }.run(unit).await?;
                    AnonymiseUser { user }.run(unit).await?;
                }
                Ok(Answer::of(user))
            }
        }
    }
}
