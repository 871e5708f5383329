//! What a restored ledger has forgotten and the vault has not: people who were erased.

use lethe_kernel::{ContactId, SubjectKind};
use lethe_ledger::{LedgerError, Reaction, Recorded};

use super::FinishErasure;
use crate::rotation::VaultEvent;

/// Finishes, in the streams of a restored ledger, the erasure of contacts whose tombstones the vault has kept.
pub struct FinishErasures;

impl Reaction for FinishErasures {
    const NAME: &'static str = "finish_erasures";
    const SOURCES: &'static [&'static str] = &["vault"];
    /// A ledger is restored before a server runs.
    const FROM_THE_BEGINNING: bool = true;
    type Work = FinishErasure;

    fn react(event: &Recorded) -> Result<Option<FinishErasure>, LedgerError> {
        Ok(match event.decode()? {
            VaultEvent::ErasureReconciled(told) if told.subject_kind == SubjectKind::Contact.name() => {
                Some(FinishErasure(ContactId(told.subject_id)))
            }
            _ => None,
        })
    }
}
