use lethe_crm::expiry::{Effect, Expiry, ExpirySource};
use lethe_crm::note::{
    Amended, ContactUnlinked, Erased, Expired, ExpirySet, NoteEvent, NoteText, Removed, Written,
};
use lethe_crm::note_kind::{KindsEvent, KindsSet, Nature, NoteKind};
use lethe_kernel::{ContactId, Patch, Personal};

use super::{COMPANY, CONTACT, NOTE, UNIT, day, id};
use crate::example::Example;

pub(super) fn all() -> Vec<Example> {
    let contacts = vec![CONTACT, ContactId(id(0xc1))];
    let text = Personal::of(NOTE, NoteText("Vil åbne et bageri; låner lokaler af en nabo.".into()));
    let expiry = Some(Expiry { on: day("2029-11-01"), effect: Effect::Anonymise });
    let written = Written {
        unit: UNIT,
        kind: "MEETING".into(),
        nature: Nature::Meeting,
        contacts: contacts.clone(),
        company: Some(COMPANY),
        text: text.clone(),
        contains_personal: true,
        contains_sensitive: true,
        created: day("2026-11-01"),
        expiry,
        source: ExpirySource::Policy,
    };
    let amended = Amended {
        kind: Some("PHONE_CALL".into()),
        nature: Some(Nature::Call),
        text: Some(text),
        contacts: Some(contacts),
        company: Patch::Set(COMPANY),
        contains_personal: Some(true),
        contains_sensitive: Some(false),
    };
    let emptied = Amended { contacts: Some(Vec::new()), company: Patch::Clear, ..Amended::default() };
    let source = ExpirySource::Chosen;
    let never = ExpirySet { expiry: None, source, unit: UNIT };
    let expired = Expired { effect: Effect::Delete, due: day("2029-11-01") };
    [
        (NoteEvent::Written(written), None),
        (NoteEvent::Amended(amended), None),
        (NoteEvent::Amended(emptied), Some("emptied")),
        (NoteEvent::ExpirySet(ExpirySet { expiry, source, unit: UNIT }), None),
        (NoteEvent::ExpirySet(never), Some("never")),
        (NoteEvent::Removed(Removed { effect: Effect::Anonymise }), None),
        (NoteEvent::Expired(expired), None),
        (NoteEvent::Erased(Erased { contact: CONTACT, ended: false }), None),
        (NoteEvent::Erased(Erased { contact: CONTACT, ended: true }), Some("the-last")),
        (NoteEvent::ContactUnlinked(ContactUnlinked { contact: CONTACT }), None),
    ]
    .map(|(event, case)| Example::of(event, NOTE.0, case))
    .into_iter()
    .chain([Example::of(KindsEvent::Set(kinds()), UNIT.0, None)])
    .collect()
}

fn kinds() -> KindsSet {
    let kind = |code: &str, nature| NoteKind { code: code.into(), nature };
    KindsSet {
        kinds: vec![
            kind("FIRST_TALK", Nature::Meeting),
            kind("HOTLINE", Nature::Call),
            kind("LETTER", Nature::Mail),
            kind("MEMO", Nature::Note),
        ],
    }
}
