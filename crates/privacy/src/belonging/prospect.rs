use lethe_crm::contact::{BelongingKind, Bound, ErasureKind, Fate, Remains};
use lethe_crm::prospect::{Erased, Prospect, ProspectCommand, ProspectEvent, ProspectView};
use lethe_kernel::{ContactId, Subject};
use uuid::Uuid;

use super::{Belonging, Endless, Outlook};
use crate::retention::Due;

/// Business ideas: the title is sealed for the contact.
pub(super) struct Prospects;

impl Belonging for Prospects {
    const KIND: BelongingKind = BelongingKind::Prospect;
    type Stream = Prospect;
    type View = ProspectView;
    type Expire = Endless;

    fn outlook(_: &Prospect, _: &Bound, erasure: ErasureKind) -> Option<Outlook> {
        let fate = match erasure {
            ErasureKind::Anonymised | ErasureKind::Deleted => Fate::Died,
        };
        Some(Outlook { fate, others: 0 })
    }

    fn own_key(_: Uuid) -> Option<Subject> {
        None
    }

    fn erase(_: ContactId, kind: ErasureKind) -> ProspectCommand {
        ProspectCommand::Erase(Erased { kind })
    }

    fn remains(fate: Fate) -> Option<Remains> {
        match fate {
            // Industry, company, unit and dates are among the statistics.
            Fate::Died | Fate::Unlinked | Fate::Survived | Fate::Kept => None,
        }
    }

    fn due(_: Option<Due>, _: Uuid, event: &ProspectEvent) -> Option<Due> {
        match event {
            ProspectEvent::Registered(_) | ProspectEvent::Linked(_) | ProspectEvent::Erased(_) => None,
        }
    }

    fn expire(_: Uuid) -> Option<Endless> {
        None
    }
}
