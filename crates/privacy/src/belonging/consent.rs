use lethe_crm::contact::{BelongingKind, Bound, ErasureKind, Fate, Remains};
use lethe_kernel::{ConsentId, ContactId, Subject};
use uuid::Uuid;

use super::{Belonging, Outlook};
use crate::consent::{Consent, ConsentCommand, ConsentEvent, ConsentView, Erased, ExpireConsent};
use crate::retention::{Due, DueKind};

/// Consents, withdrawn ones included: wording, proof and notes are sealed for the contact; that one was given and withdrawn
/// must be shown (GDPR Article 7(1)).
pub(super) struct Consents;

impl Belonging for Consents {
    const KIND: BelongingKind = BelongingKind::Consent;
    type Stream = Consent;
    type View = ConsentView;
    type Expire = ExpireConsent;

    fn outlook(_: &Consent, _: &Bound, erasure: ErasureKind) -> Option<Outlook> {
        let fate = match erasure {
            ErasureKind::Anonymised => Fate::Kept,
            ErasureKind::Deleted => Fate::Died,
        };
        Some(Outlook { fate, others: 0 })
    }

    fn own_key(_: Uuid) -> Option<Subject> {
        None
    }

    fn erase(_: ContactId, kind: ErasureKind) -> ConsentCommand {
        ConsentCommand::Erase(Erased { kind })
    }

    fn remains(fate: Fate) -> Option<Remains> {
        match fate {
            Fate::Kept => Some(Remains::Consents),
            Fate::Died | Fate::Unlinked | Fate::Survived => None,
        }
    }

    fn due(_: Option<Due>, id: Uuid, event: &ConsentEvent) -> Option<Due> {
        match event {
            ConsentEvent::Given(given) => given.kept_until.map(|due| Due {
                id,
                kind: DueKind::Consent,
                unit_id: given.unit,
                due,
                effect: None,
            }),
            ConsentEvent::Withdrawn(_) | ConsentEvent::Expired(_) | ConsentEvent::Erased(_) => None,
        }
    }

    fn expire(id: Uuid) -> Option<ExpireConsent> {
        Some(ExpireConsent { consent: ConsentId(id) })
    }
}
