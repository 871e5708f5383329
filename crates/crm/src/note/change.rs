//! A note's events, field by field. Whether a text may be shown depends on declarations that later events can change,
//! so history always masks it; the text is read from the note itself.

use lethe_kernel::{NoteId, Patch};
use lethe_ledger::Change;

use super::{Amended, NoteEvent, Written};
use crate::expiry::Expiry;
use crate::note_kind::Nature;

pub(super) fn of(event: &NoteEvent, note: NoteId) -> Vec<Change> {
    match event {
        NoteEvent::Written(event) => written(event, note),
        NoteEvent::Amended(event) => amended(event, note),
        NoteEvent::ExpirySet(event) => expiry(event.expiry),
        NoteEvent::Removed(event) => {
            vec![Change::set("status", "REMOVED"), Change::set("effect", event.effect.name())]
        }
        NoteEvent::Expired(event) => vec![
            Change::set("status", "EXPIRED"),
            Change::set("effect", event.effect.name()),
            Change::set("expiresOn", event.due),
        ],
        NoteEvent::Erased(event) => vec![
            Change { field: "text", value: None },
            Change::object("erasedContact", "Contact", event.contact),
            Change::set("status", if event.ended { "ANONYMISED" } else { "ACTIVE" }),
        ],
        NoteEvent::ContactUnlinked(event) => {
            vec![Change::object("unlinkedContact", "Contact", event.contact)]
        }
    }
}

fn written(event: &Written, note: NoteId) -> Vec<Change> {
    let mut changes = vec![
        Change::object("unit", "Unit", event.unit),
        Change::set("kind", event.kind.as_str()),
        Change::set("nature", event.nature.name()),
    ];
    changes.extend(event.contacts.iter().map(|contact| Change::object("contacts", "Contact", *contact)));
    changes.extend(event.company.map(|company| Change::object("company", "Company", company)));
    changes.push(Change::masked("text", note));
    changes.push(Change::set("containsPersonal", event.contains_personal));
    changes.push(Change::set("containsSensitive", event.contains_sensitive));
    changes.extend(expiry(event.expiry));
    changes
}

fn amended(event: &Amended, note: NoteId) -> Vec<Change> {
    let company = match &event.company {
        Patch::Keep => None,
        Patch::Clear => Some(Change { field: "company", value: None }),
        Patch::Set(company) => Some(Change::object("company", "Company", *company)),
    };
    let contacts =
        event.contacts.iter().flatten().map(|contact| Change::object("contacts", "Contact", *contact));
    let text = event.text.as_ref().map(|_| Change::masked("text", note));
    Change::some("kind", event.kind.clone())
        .into_iter()
        .chain(Change::some("nature", event.nature.map(Nature::name)))
        .chain(contacts)
        .chain(company)
        .chain(text)
        .chain(Change::some("containsPersonal", event.contains_personal))
        .chain(Change::some("containsSensitive", event.contains_sensitive))
        .collect()
}

fn expiry(expiry: Option<Expiry>) -> Vec<Change> {
    match expiry {
        Some(Expiry { on, effect }) => {
            vec![Change::set("expiresOn", on), Change::set("effect", effect.name())]
        }
        None => vec![Change { field: "expiresOn", value: None }],
    }
}
