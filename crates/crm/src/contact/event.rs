use lethe_kernel::{CompanyId, ContactId, ImportId, UnitId};
use lethe_ledger::{Audience, Change, Described, domain_event};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Bound, Details, Erased, Unbound};

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
    /// Something belongs to it, or has changed.
    Bound(Bound),
    /// Something no longer belongs to it.
    Unbound(Unbound),
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
    CompanyLinked = "contact.company_linked" v "1",
    CompanyUnlinked = "contact.company_unlinked" v "1",
    Bound = "contact.bound" v "1",
    Unbound = "contact.unbound" v "1",
    FoundByImport = "contact.found_by_import" v "1",
    Erased = "contact.erased" v "1",
});

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
            Self::Bound(event) => [event.shown(), Change::object("unit", "Unit", event.unit)]
                .into_iter()
                .chain(Change::some("expiresOn", event.expires))
                .collect(),
            Self::Unbound(event) => vec![event.was.shown(), Change::set("expired", event.expired)],
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
            | Self::Erased(_) => Audience::Everybody,
            Self::Bound(_) | Self::Unbound(_) | Self::FoundByImport(_) => Audience::ItsUnit,
        }
    }
}

impl Bound {
    fn shown(&self) -> Change {
        let facts = self.kind.facts();
        Change::object(facts.field, facts.object, self.id)
    }
}
