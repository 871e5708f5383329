//! What a restored ledger has forgotten and the vault has not: people who were erased.

use lethe_kernel::{CompanyId, ContactId, SubjectKind, UserId};
use lethe_ledger::{LedgerError, Reaction, Recorded};

use super::FinishErasure;
use crate::rotation::VaultEvent;

/// Finishes, in the streams of a restored ledger, the erasure of contacts and users whose tombstones the vault has kept.
pub struct FinishErasures;

impl Reaction for FinishErasures {
    const NAME: &'static str = "finish_erasures";
    const SOURCES: &'static [&'static str] = &["vault"];
    /// A ledger is restored before a server runs.
    const FROM_THE_BEGINNING: bool = true;
    type Work = FinishErasure;

    fn react(event: &Recorded) -> Result<Option<FinishErasure>, LedgerError> {
        let VaultEvent::ErasureReconciled(told) = event.decode()? else { return Ok(None) };
        let kind = SubjectKind::from_name(&told.subject_kind);
        Ok(match kind.ok_or_else(|| event.unreadable("nobody knows this kind of subject"))? {
            SubjectKind::Contact => Some(FinishErasure::Contact(ContactId(told.subject_id))),
            SubjectKind::SoleProprietor => Some(FinishErasure::Company(CompanyId(told.subject_id))),
            SubjectKind::User => Some(FinishErasure::User(UserId(told.subject_id))),
            // What belonged to others shows by itself that it was erased; the installation is no person.
            SubjectKind::Document | SubjectKind::Installation => None,
        })
    }
}
