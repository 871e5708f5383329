use std::slice;

use chrono::{DateTime, Utc};
use lethe_kernel::{
    AlertId, CompanyId, ContactId, DeviceId, NoteId, Personal, RevealId, Subject, UnitId, codes,
    personal_text,
};
use lethe_ledger::{Audience, Change, Described, domain_event};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

personal_text! {
    /// What the user wrote about the purpose of a reveal.
    PurposeText = "reveal.purpose_text",
}

/// What happened in the stream of a user's reveals of one day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum RevealEvent {
    /// A masked value is shown.
    Recorded(RevealRecorded),
    /// The user reveals unusually much.
    Unusual(RevealUnusual),
}

/// A masked value is shown to the user who gave the command. The value itself is in no event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RevealRecorded {
    /// The reveal's id.
    pub reveal: RevealId,
    /// What is shown.
    pub what: Revealed,
    /// The unit in whose name.
    pub unit: UnitId,
    /// What for: a code from the unit's list.
    pub purpose: String,
    /// What the user wrote about it, sealed for the person, the note or the sole proprietor and gone with them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose_text: Option<Personal<PurposeText>>,
    /// The device it is shown on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// The reveal whose request was sent again, with the same idempotency key: the value leaves a second time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<RevealId>,
    /// When it was decided; the limits count by it.
    pub at: DateTime<Utc>,
}

/// The number of reveals within an hour has passed what the unit calls usual. Told once an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevealUnusual {
    /// The warning's id.
    pub alert: AlertId,
    /// The unit in whose name the reveal was made that passed it.
    pub unit: UnitId,
    /// How many reveals the hour has, that one included.
    pub count: u32,
    /// How many are usual.
    pub usual: u32,
    /// When.
    pub at: DateTime<Utc>,
}

/// What a reveal shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "field")]
pub enum Revealed {
    /// The CPR number of a contact, last four digits included.
    #[serde(rename = "CPR")]
    Cpr {
        /// The contact.
        contact: ContactId,
    },
    /// The text of a note declared sensitive.
    #[serde(rename = "NOTE_TEXT")]
    NoteText {
        /// The note.
        note: NoteId,
        /// The contacts it named at that moment.
        contacts: Vec<ContactId>,
    },
    /// The number of a company, which is the personnummer of a sole trader, last four digits included.
    #[serde(rename = "COMPANY_NUMBER")]
    CompanyNumber {
        /// The company.
        company: CompanyId,
    },
}

codes! {
    /// The fields that can be revealed.
    pub enum RevealedField {
        /// The CPR number of a contact.
        Cpr = "CPR",
        /// The text of a note that contains sensitive data.
        NoteText = "NOTE_TEXT",
        /// The number of a company, which is the personnummer of a sole trader.
        CompanyNumber = "COMPANY_NUMBER",
    }
}

impl Revealed {
    /// The field.
    #[must_use]
    pub const fn field(&self) -> RevealedField {
        match self {
            Self::Cpr { .. } => RevealedField::Cpr,
            Self::NoteText { .. } => RevealedField::NoteText,
            Self::CompanyNumber { .. } => RevealedField::CompanyNumber,
        }
    }

    /// The contacts it is about.
    #[must_use]
    pub fn contacts(&self) -> &[ContactId] {
        match self {
            Self::Cpr { contact } => slice::from_ref(contact),
            Self::NoteText { contacts, .. } => contacts,
            Self::CompanyNumber { .. } => &[],
        }
    }

    /// The note it is of.
    #[must_use]
    pub const fn note(&self) -> Option<NoteId> {
        match self {
            Self::Cpr { .. } | Self::CompanyNumber { .. } => None,
            Self::NoteText { note, .. } => Some(*note),
        }
    }

    /// The company it is of.
    #[must_use]
    pub const fn company(&self) -> Option<CompanyId> {
        match self {
            Self::Cpr { .. } | Self::NoteText { .. } => None,
            Self::CompanyNumber { company } => Some(*company),
        }
    }

    /// Whose key seals the value, and what is written about its reveal.
    #[must_use]
    pub fn subject(&self) -> Subject {
        match self {
            Self::Cpr { contact } => (*contact).into(),
            Self::NoteText { note, .. } => (*note).into(),
            Self::CompanyNumber { company } => Subject::sole_proprietor(*company),
        }
    }
}

domain_event!(RevealEvent {
    Recorded = "reveal.recorded" v "1",
    Unusual = "reveal.unusual" v "1",
});

impl Described for RevealEvent {
    fn changes(&self, _: Uuid) -> Vec<Change> {
        match self {
            Self::Recorded(event) => recorded(event),
            Self::Unusual(event) => vec![
                Change::object("unit", "Unit", event.unit),
                Change::set("count", i64::from(event.count)),
                Change::set("usual", i64::from(event.usual)),
            ],
        }
    }

    fn audience(&self) -> Audience {
        match self {
            Self::Recorded(_) | Self::Unusual(_) => Audience::Everybody,
        }
    }
}

fn recorded(event: &RevealRecorded) -> Vec<Change> {
    let contacts =
        event.what.contacts().iter().map(|contact| Change::object("contacts", "Contact", *contact));
    [Change::set("field", event.what.field().name())]
        .into_iter()
        .chain(event.what.note().map(|note| Change::object("note", "Note", note)))
        .chain(event.what.company().map(|company| Change::object("company", "Company", company)))
        .chain(contacts)
        .chain([Change::object("unit", "Unit", event.unit), Change::set("purpose", event.purpose.as_str())])
        .chain(
            event
                .purpose_text
                .as_ref()
                .and_then(|text| Change::personal("purposeText", text, event.what.subject())),
        )
        .chain(event.device.map(|device| Change::object("device", "Device", device)))
        .chain(event.repeats.map(|first| Change::object("repeats", "AccessLogEntry", first)))
        .collect()
}
