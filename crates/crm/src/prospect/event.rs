use lethe_kernel::{CompanyId, ContactId, Personal, UnitId, personal_text};
use lethe_ledger::{Audience, Change, Described, domain_event};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::company::{Nace, NaceVersion};
use crate::contact::ErasureKind;

personal_text! {
    /// What the business idea is called; free text, so it is sealed for the contact.
    Title = "prospect.title",
}

/// What happened to a prospect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ProspectEvent {
    /// It was registered.
    Registered(Registered),
    /// It founded a company.
    Linked(Linked),
    /// Its contact was erased, and its title with the contact.
    Erased(Erased),
}

/// A prospect was registered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Registered {
    /// The unit that registered it.
    pub unit: UnitId,
    /// The stable, non-personal reference of another system (R68).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_reference: Option<String>,
    /// The one contact whose idea it is.
    pub contact: ContactId,
    /// What it is called.
    pub title: Personal<Title>,
    /// The industry code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nace: Option<Nace>,
}

/// A prospect founded a company.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Linked {
    /// The company.
    pub company: CompanyId,
}

/// The contact of a prospect was erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erased {
    /// How much of the contact stays.
    pub kind: ErasureKind,
}

domain_event!(ProspectEvent {
    Registered = "prospect.registered" v "1",
    Linked = "prospect.linked" v "1",
    Erased = "prospect.erased" v "1",
});

impl Described for ProspectEvent {
    fn changes(&self, _: Uuid) -> Vec<Change> {
        match self {
            Self::Registered(event) => {
                let nace = event.nace.as_ref();
                [Change::object("unit", "Unit", event.unit)]
                    .into_iter()
                    .chain(Change::some("externalReference", event.external_reference.clone()))
                    .chain([Change::object("contact", "Contact", event.contact)])
                    .chain(Change::personal("title", &event.title, event.contact))
                    .chain(Change::some("naceCode", nace.map(|nace| nace.code.as_str())))
                    .chain(Change::some("naceVersion", nace.map(|nace| NaceVersion::name(nace.version))))
                    .collect()
            }
            Self::Linked(event) => vec![Change::object("company", "Company", event.company)],
            Self::Erased(event) => vec![
                Change { field: "title", value: None },
                Change::set("status", "ERASED"),
                Change::set("kind", event.kind.name()),
            ],
        }
    }

    fn audience(&self) -> Audience {
        match self {
            Self::Registered(_) | Self::Linked(_) | Self::Erased(_) => Audience::Everybody,
        }
    }
}
