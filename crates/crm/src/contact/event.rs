use chrono::NaiveDate;
use lethe_kernel::{CompanyId, ConsentId, ContactId, ImportId, NoteId, ProspectId, UnitId};
use lethe_ledger::{Audience, Change, Described, Fields, domain_event};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Details, Erased};

/// What happened to a contact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ContactEvent {
    /// It was registered.
    Registered(Registered),
    /// Its details changed.
    Amended(Amended),
    /// It belongs to a company.
    CompanyLinked(CompanyLinked),
    /// It no longer belongs to a company.
    CompanyUnlinked(CompanyUnlinked),
    /// An item names it, or the item's settings changed.
    ItemAttached(ItemAttached),
    /// An item no longer names it.
    ItemDetached(ItemDetached),
    /// A consent of it is recorded.
    ConsentRecorded(ConsentRecorded),
    /// A prospect of it is registered.
    ProspectRegistered(ProspectRegistered),
    /// A row of an import is about it.
    FoundByImport(FoundByImport),
    /// It was erased.
    Erased(Erased),
}

/// A contact was registered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Registered {
    /// The unit that registered it.
    pub unit: UnitId,
    /// The stable, non-personal reference of another system (R68).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_reference: Option<String>,
    /// The import it came with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// What is known about the person.
    pub details: Details,
}

/// The row of an import that a record came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The import.
    pub import: ImportId,
    /// The row's number in the file, the header being 1.
    pub row: u64,
}

/// A contact's details changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Amended {
    /// What changed.
    pub details: Details,
}

/// A contact belongs to a company, or belongs to it in another way than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompanyLinked {
    /// The company.
    pub company: CompanyId,
    /// Whether the company is this person: its sole proprietor, with whom its personal values die.
    pub proprietor: bool,
}

/// A contact no longer belongs to a company.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompanyUnlinked {
    /// The company.
    pub company: CompanyId,
}

/// What kind of item names a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ItemKind {
    /// A note.
    Note,
}

/// An item names a contact. It stands in the contact's own stream, so that whether the contact may go is decided on
/// one consistent state (R14).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemAttached {
    /// What kind of item.
    pub kind: ItemKind,
    /// The item.
    pub item: NoteId,
    /// Whose item it is; that unit has the contact (R67).
    pub unit: UnitId,
    /// Whether it is declared to contain personal or sensitive data; it then dies with the contact (R28).
    pub personal: bool,
    /// The first day on which it no longer justifies the contact; none if it never does (R25).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<NaiveDate>,
}

/// An item no longer names a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemDetached {
    /// The item.
    pub item: NoteId,
    /// Whether it expired; otherwise it was removed or changed by hand.
    pub expired: bool,
}

/// A consent of a contact is recorded, for the first time. It stands in the contact's own stream, so that an erasure
/// misses none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentRecorded {
    /// The consent.
    pub consent: ConsentId,
    /// The unit that may use the data.
    pub unit: UnitId,
    /// What for: a code.
    pub purpose: String,
}

/// A prospect of a contact is registered; likewise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProspectRegistered {
    /// The prospect.
    pub prospect: ProspectId,
}

/// A row of an import is about a contact that was there already, for the first time. It stands in the contact's own
/// stream, so that an erasure knows which files name the contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundByImport {
    /// The import.
    pub import: ImportId,
}

domain_event!(ContactEvent {
    Registered = "contact.registered" v "1",
    Amended = "contact.amended" v "1",
    CompanyLinked = "contact.company_linked" v "2" from ["1" => linked_1],
    CompanyUnlinked = "contact.company_unlinked" v "1",
    ItemAttached = "contact.item_attached" v "1",
    ItemDetached = "contact.item_detached" v "1",
    ConsentRecorded = "contact.consent_recorded" v "1",
    ProspectRegistered = "contact.prospect_registered" v "1",
    FoundByImport = "contact.found_by_import" v "1",
    Erased = "contact.erased" v "2" from ["1" => erased_1],
});

/// Nobody was known to be a sole proprietor.
fn linked_1(mut fields: Fields) -> Option<Fields> {
    fields.get("company")?;
    fields.insert("proprietor".to_owned(), false.into());
    Some(fields)
}

/// So no company's values died with its proprietor.
fn erased_1(mut fields: Fields) -> Option<Fields> {
    fields.get("prospects")?;
    fields.insert("companies".to_owned(), Vec::<String>::new().into());
    Some(fields)
}

impl Described for ContactEvent {
    fn changes(&self, stream: Uuid) -> Vec<Change> {
        let contact = ContactId(stream);
        match self {
            Self::Registered(event) => {
                let reference = Change::some("externalReference", event.external_reference.clone());
                let import = event.origin.map(|origin| Change::object("import", "Operation", origin.import));
                let unit = Change::object("unit", "Unit", event.unit);
                [unit]
                    .into_iter()
                    .chain(reference)
                    .chain(import)
                    .chain(event.details.changes(contact))
                    .collect()
            }
            Self::Amended(event) => event.details.changes(contact),
            Self::CompanyLinked(event) => [Change::object("company", "Company", event.company)]
                .into_iter()
                .chain(Change::some("proprietor", event.proprietor.then_some(true)))
                .collect(),
            Self::CompanyUnlinked(_) => vec![Change { field: "company", value: None }],
            Self::ItemAttached(event) => [Change::object("note", "Note", event.item)]
                .into_iter()
                .chain(Change::some("expiresOn", event.expires))
                .collect(),
            Self::ItemDetached(event) => {
                vec![Change::object("note", "Note", event.item), Change::set("expired", event.expired)]
            }
            Self::ConsentRecorded(event) => vec![
                Change::object("consent", "Consent", event.consent),
                Change::object("unit", "Unit", event.unit),
                Change::set("purpose", event.purpose.as_str()),
            ],
            Self::ProspectRegistered(event) => vec![Change::object("prospect", "Prospect", event.prospect)],
            Self::FoundByImport(event) => vec![Change::object("import", "Operation", event.import)],
            Self::Erased(event) => event.changes(),
        }
    }

    fn audience(&self) -> Audience {
        match self {
            Self::Registered(_)
            | Self::Amended(_)
            | Self::CompanyLinked(_)
            | Self::CompanyUnlinked(_)
            | Self::FoundByImport(_)
            | Self::Erased(_) => Audience::Everybody,
            Self::ItemAttached(_)
            | Self::ItemDetached(_)
            | Self::ConsentRecorded(_)
            | Self::ProspectRegistered(_) => Audience::ItsUnit,
        }
    }
}
