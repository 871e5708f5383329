use chrono::{DateTime, NaiveDate, Utc};
use lethe_kernel::{CompanyId, ContactId, NoteId, Personal, UnitId, codes};
use lethe_ledger::{Child, LedgerError, Projection, Reads, Recorded};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{Amended, NoteEvent, NoteText, Written};
use crate::expiry::Effect;
use crate::note_kind::Nature;

/// The notes.
pub struct NoteView;

/// One note; the text as it is sealed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NoteRow {
    /// The note's id.
    pub id: NoteId,
    /// The number of its events.
    pub version: i64,
    /// Whose note it is.
    pub unit_id: UnitId,
    /// What its unit calls it; gone once it was deleted.
    pub kind: Option<String>,
    /// What it is by nature; gone once it was deleted.
    pub nature: Option<Nature>,
    /// The company it concerns; gone once it was deleted.
    pub company_id: Option<CompanyId>,
    /// The text; gone once it was removed or has expired, or a contact it named was erased.
    pub text: Option<Personal<NoteText>>,
    /// Whether it is declared to contain personal data.
    pub contains_personal: bool,
    /// Whether it is declared to contain sensitive data.
    pub contains_sensitive: bool,
    /// Whether it is still there.
    pub status: NoteStatus,
    /// The first day on which it has expired.
    pub expires_on: Option<NaiveDate>,
    /// What then happens.
    pub effect: Option<Effect>,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub changed_at: DateTime<Utc>,
    /// The contacts it names, in the order of their ids.
    pub contacts: Vec<NoteContact>,
}

/// A note names a contact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NoteContact {
    note_id: NoteId,
    /// The contact.
    pub contact_id: ContactId,
    /// When the note was written, so that the notes of a contact are a range of an index.
    created_at: DateTime<Utc>,
}

codes! {
    /// Whether a note is still there.
    pub enum NoteStatus {
        /// It is.
        Active = "ACTIVE",
        /// Its text and links are gone.
        Anonymised = "ANONYMISED",
        /// Nothing of it is left but that there was one.
        Deleted = "DELETED",
    }
}

impl Projection for NoteView {
    const NAME: &'static str = "note";
    const VERSION: i32 = 5;
    const SQL: &'static str = include_str!("view.sql");
    const CHILDREN: &'static [Child] = &[Child {
        field: "contacts",
        table: "note_contact",
        owner: "note_id",
        key: &["contact_id"],
        first: None,
    }];
    const SOURCES: &'static [&'static str] = &["note"];
    type Row = NoteRow;

    fn reads(event: &Recorded) -> Result<Reads, LedgerError> {
        let contact = |id: ContactId| Reads::nothing().item("contacts", json!({ "contact_id": id }));
        Ok(match event.decode()? {
            NoteEvent::Amended(event) if event.contacts.is_none() => Reads::nothing(),
            NoteEvent::ExpirySet(_) => Reads::nothing(),
            NoteEvent::Erased(event) if !event.ended => contact(event.contact),
            NoteEvent::ContactUnlinked(event) => contact(event.contact),
            NoteEvent::Written(_)
            | NoteEvent::Amended(_)
            | NoteEvent::Removed(_)
            | NoteEvent::Expired(_)
            | NoteEvent::Erased(_) => Reads::all(),
        })
    }

    fn fold(row: Option<NoteRow>, id: Uuid, event: &Recorded) -> Result<Option<NoteRow>, LedgerError> {
        let decoded: NoteEvent = event.decode()?;
        let mut row = match (row, decoded) {
            (_, NoteEvent::Written(written)) => NoteRow::new(NoteId(id), written, event.recorded_at),
            (None, _) => return Ok(None),
            (Some(mut row), decoded) => {
                row.apply(decoded);
                row
            }
        };
        row.version = event.sequence;
        row.changed_at = event.recorded_at;
        Ok(Some(row))
    }
}

impl NoteRow {
    fn new(id: NoteId, written: Written, at: DateTime<Utc>) -> Self {
        let mut row = Self {
            id,
            version: 0,
            unit_id: written.unit,
            kind: Some(written.kind),
            nature: Some(written.nature),
            company_id: written.company,
            text: Some(written.text),
            contains_personal: written.contains_personal,
            contains_sensitive: written.contains_sensitive,
            status: NoteStatus::Active,
            expires_on: written.expiry.map(|expiry| expiry.on),
            effect: written.expiry.map(|expiry| expiry.effect),
            created_at: at,
            changed_at: at,
            contacts: Vec::new(),
        };
        row.name_contacts(&written.contacts);
        row
    }

    fn name_contacts(&mut self, contacts: &[ContactId]) {
        let (note_id, created_at) = (self.id, self.created_at);
        let named = |contact: &ContactId| NoteContact { note_id, contact_id: *contact, created_at };
        self.contacts = contacts.iter().map(named).collect();
        self.contacts.sort_by_key(|named| named.contact_id);
    }

    fn apply(&mut self, event: NoteEvent) {
        match event {
            NoteEvent::Written(_) => {}
            NoteEvent::Amended(event) => self.amend(event),
            NoteEvent::ExpirySet(event) => {
                self.expires_on = event.expiry.map(|expiry| expiry.on);
                self.effect = event.expiry.map(|expiry| expiry.effect);
            }
            NoteEvent::Removed(event) => self.end(event.effect),
            NoteEvent::Expired(event) => self.end(event.effect),
            NoteEvent::Erased(event) => self.forget(event.contact, event.ended),
            NoteEvent::ContactUnlinked(event) => self.unlink(event.contact),
        }
    }

    /// Drops what the erasure of a contact takes; of a note that named nobody else, all that its end takes.
    fn forget(&mut self, contact: ContactId, ended: bool) {
        self.unlink(contact);
        if ended {
            self.end(Effect::Anonymise);
            return;
        }
        // Every field is named, so that what survives is decided for a new one too.
        let Self {
            id: _,
            version: _,
            unit_id: _,
            kind: _,
            nature: _,
            company_id: _,
            contains_personal: _,
            contains_sensitive: _,
            status: _,
            expires_on: _,
            effect: _,
            created_at: _,
            changed_at: _,
            contacts: _,
            text,
        } = self;
        *text = None;
    }

    fn unlink(&mut self, contact: ContactId) {
        self.contacts.retain(|named| named.contact_id != contact);
    }

    fn amend(&mut self, event: Amended) {
        self.kind = event.kind.or(self.kind.take());
        self.nature = event.nature.or(self.nature);
        self.text = event.text.or(self.text.take());
        if let Some(contacts) = event.contacts {
            self.name_contacts(&contacts);
        }
        event.company.apply(&mut self.company_id);
        self.contains_personal = event.contains_personal.unwrap_or(self.contains_personal);
        self.contains_sensitive = event.contains_sensitive.unwrap_or(self.contains_sensitive);
    }

    fn end(&mut self, ending: Effect) {
        // Every field is named, so that what survives is decided for a new one too.
        let Self {
            id: _,
            version: _,
            unit_id: _,
            contains_personal: _,
            contains_sensitive: _,
            expires_on: _,
            created_at: _,
            changed_at: _,
            effect: _,
            kind,
            nature,
            company_id,
            text,
            status,
            contacts,
        } = self;
        *text = None;
        contacts.clear();
        *status = match ending {
            Effect::Anonymise => NoteStatus::Anonymised,
            Effect::Delete => {
                *kind = None;
                *nature = None;
                *company_id = None;
                NoteStatus::Deleted
            }
        };
    }
}
