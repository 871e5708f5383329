use lethe_crm::contact::{Contact, ContactCommand, Erase, ErasureKind, ErasureReason};
use lethe_crm::note::{Note, NoteCommand};
use lethe_crm::prospect::{self, Prospect, ProspectCommand};
use lethe_kernel::{ContactId, UserError};
use lethe_ledger::{Answer, Failure, Unit, Work};
use lethe_nordic::calendar;

use super::ErasureError;
use super::examine::examine;
use crate::consent::{self, Consent, ConsentCommand};

/// Erases a contact for good: one unit of work over the contact, its notes, consents and prospects. Answers the contact.
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
    async fn run(&self, unit: &mut Unit<'_>) -> Result<Answer, Failure> {
        let (contact, kind) = (self.contact, self.kind);
        let preview = examine(unit, contact, kind).await?;
        if preview.token != self.token {
            return Err(UserError::from(ErasureError::Outdated).into());
        }
        let erase = Erase {
            kind,
            reason: self.reason,
            on: calendar::copenhagen_date(unit.now()),
            holds: preview.holds,
            died: preview.dying.iter().map(|dying| dying.note).collect(),
            survived: preview.surviving.clone(),
            remains: preview.remains,
        };
        // First, so that the event that says what was erased also names the keys that were destroyed.
        unit.handle::<Contact>(contact, ContactCommand::Erase(erase)).await?;
        for note in preview.dying.iter().map(|dying| dying.note).chain(preview.surviving) {
            unit.handle::<Note>(note, NoteCommand::Forget { contact, kind }).await?;
        }
        for id in preview.consents {
            unit.handle::<Consent>(id, ConsentCommand::Erase(consent::Erased { kind })).await?;
        }
        for id in preview.prospects {
            unit.handle::<Prospect>(id, ProspectCommand::Erase(prospect::Erased { kind })).await?;
        }
        // The input holds nothing personal, and its digest must outlive the contact's key.
        Ok(Answer::of(contact))
    }
}
