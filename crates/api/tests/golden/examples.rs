//! An event of every type as it is written today, every field set. Nothing in them belongs to anybody: names are
//! invented, the CPR number never was given out, the Swedish number names a month 13.
//!
//! Whoever changes the form of an event raises its version and changes its example here; the files of the older
//! version stay.

mod access;
mod company;
mod contact;
mod mail;
mod note;
mod other;
mod reveal;
mod vault;

use chrono::{DateTime, NaiveDate, Utc};
use lethe_kernel::{CompanyId, ContactId, ImportId, NoteId, UnitId, UserId};
use uuid::Uuid;

use crate::example::Example;

/// The stream whose key is that of a contact in `keys.json`.
const CONTACT: ContactId = ContactId(id(0xc0));
/// … of a sole proprietor.
const COMPANY: CompanyId = CompanyId(id(0xb0));
/// … of a document.
const NOTE: NoteId = NoteId(id(0xd0));
/// … of a user.
const USER: UserId = UserId(id(0x80));
const UNIT: UnitId = UnitId(id(0xa0));
const IMPORT: ImportId = ImportId(id(0xf0));
/// The stream of an event that is not about a subject.
const OTHER: Uuid = id(0x90);

/// All examples: the plain one of each version, and further cases.
pub(crate) fn all() -> Vec<Example> {
    [
        access::all(),
        contact::all(),
        company::all(),
        mail::all(),
        note::all(),
        other::all(),
        reveal::all(),
        vault::all(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

const fn id(n: u128) -> Uuid {
    Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0000 + n)
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}
