use lethe_crm::contact::{BelongingKind, Bound, ErasureKind, Fate, Remains};
use lethe_crm::expiry::Expiry;
use lethe_crm::note::{ExpireNote, Note, NoteCommand, NoteEvent, NoteView};
use lethe_kernel::{ContactId, NoteId, Subject, UnitId};
use uuid::Uuid;

use super::{Belonging, Outlook};
use crate::retention::{Due, DueKind};

/// Notes: those that are declared to hold something personal die with each contact they name (R28), the others do not.
pub(super) struct Notes;

impl Belonging for Notes {
    const KIND: BelongingKind = BelongingKind::Note;
    type Stream = Note;
    type View = NoteView;
    type Expire = ExpireNote;

    fn outlook(note: &Note, _: &Bound, erasure: ErasureKind) -> Option<Outlook> {
        let standing = note.active()?;
        let fate = match (standing.is_personal(), erasure) {
            (true, _) => Fate::Died,
            (false, ErasureKind::Deleted) => Fate::Unlinked,
            (false, ErasureKind::Anonymised) => Fate::Survived,
        };
        Some(Outlook { fate, others: standing.contacts.len().saturating_sub(1) })
    }

    fn own_key(id: Uuid) -> Option<Subject> {
        Some(NoteId(id).into())
    }

    fn erase(contact: ContactId, kind: ErasureKind) -> NoteCommand {
        NoteCommand::Forget { contact, kind }
    }

    fn remains(fate: Fate) -> Option<Remains> {
        match fate {
            Fate::Died => Some(Remains::NoteShells),
            Fate::Unlinked | Fate::Survived => Some(Remains::FreeNotes),
            Fate::Kept => None,
        }
    }

    fn due(before: Option<Due>, id: Uuid, event: &NoteEvent) -> Option<Due> {
        match event {
            NoteEvent::Written(written) => due(id, written.expiry, written.unit),
            NoteEvent::ExpirySet(set) => due(id, set.expiry, set.unit),
            NoteEvent::Erased(erased) if erased.ended => None,
            NoteEvent::Amended(_) | NoteEvent::Erased(_) | NoteEvent::ContactUnlinked(_) => before,
            NoteEvent::Removed(_) | NoteEvent::Expired(_) => None,
        }
    }

    fn expire(id: Uuid) -> Option<ExpireNote> {
        Some(ExpireNote { note: NoteId(id) })
    }
}

fn due(id: Uuid, expiry: Option<Expiry>, unit_id: UnitId) -> Option<Due> {
    expiry.map(|Expiry { on, effect }| Due {
        id,
        kind: DueKind::Note,
        unit_id,
        due: on,
        effect: Some(effect),
    })
}
