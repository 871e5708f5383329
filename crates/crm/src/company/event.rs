use lethe_kernel::{CompanyId, ContactId, ImportId, Subject, UnitId};
use lethe_ledger::{Audience, Change, Described, Value, domain_event};
use lethe_nordic::PNumber;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Details, Identity, LegalForm, Number};
use crate::contact::{ErasureReason, Origin};

/// What happened to a company.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CompanyEvent {
    /// It was registered.
    Registered(Registered),
    /// Its master data changed.
    Amended(Amended),
    /// It was closed.
    Closed(Closed),
    /// Who its sole proprietor is became known, or unknown again.
    ProprietorSet(ProprietorSet),
    /// A row of an import is about it.
    FoundByImport(FoundByImport),
    /// Its personal values were erased.
    Erased(Erased),
}

/// A company was registered.
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
    /// Country, scheme and number.
    pub identity: Identity,
    /// The numbers of its production units, in order; Danish companies only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub p_numbers: Vec<PNumber>,
    /// The legal form.
    pub legal_form: LegalForm,
    /// Its master data.
    pub details: Details,
}

/// A company's master data changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Amended {
    /// The legal form, if it changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legal_form: Option<LegalForm>,
    /// What else changed.
    pub details: Details,
}

/// A company was closed; it takes no more changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// The company that takes its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superseded_by: Option<CompanyId>,
    /// The code of the reason.
    pub reason: String,
}

/// Who the sole proprietor of a company is became known, or unknown again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProprietorSet {
    /// The contact; none if it is no longer said to be one.
    pub contact: Option<ContactId>,
}

/// A row of an import is about a company that is one person and was there already, for the first time. It stands in the
/// company's own stream, so that an erasure knows which files name the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundByImport {
    /// The import.
    pub import: ImportId,
    /// Whose import it is, which need not be the unit that registered the company.
    pub unit: UnitId,
}

/// The personal values of a company that is one person were erased: the key that opened them is destroyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erased {
    /// Why.
    pub reason: ErasureReason,
    /// The contact with whom it was erased; none if it was erased on its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<ContactId>,
}

domain_event!(CompanyEvent {
    Registered = "company.registered" v "1",
    Amended = "company.amended" v "1",
    Closed = "company.closed" v "1",
    ProprietorSet = "company.proprietor_set" v "1",
    FoundByImport = "company.found_by_import" v "1",
    Erased = "company.erased" v "1",
});

impl Described for CompanyEvent {
    fn changes(&self, stream: Uuid) -> Vec<Change> {
        let company = CompanyId(stream);
        match self {
            Self::Registered(event) => event.changes(company),
            Self::Amended(event) => Change::some("legalForm", event.legal_form.map(LegalForm::name))
                .into_iter()
                .chain(event.details.changes(company))
                .collect(),
            Self::Closed(event) => event
                .superseded_by
                .map(|company| Change::object("supersededBy", "Company", company))
                .into_iter()
                .chain([Change::set("reason", event.reason.as_str())])
                .collect(),
            Self::ProprietorSet(ProprietorSet { contact: Some(contact) }) => {
                vec![Change::object("proprietor", "Contact", *contact)]
            }
            Self::ProprietorSet(ProprietorSet { contact: None }) => {
                vec![Change { field: "proprietor", value: None }]
            }
            Self::FoundByImport(event) => vec![
                Change::object("import", "Operation", event.import),
                Change::object("unit", "Unit", event.unit),
            ],
            Self::Erased(event) => {
                let emptied = ["name", "address", "postalCode", "city", "phone", "email"]
                    .map(|field| Change { field, value: None });
                [Change::set("status", "ERASED"), Change::set("reason", event.reason.name())]
                    .into_iter()
                    .chain(event.with.map(|contact| Change::object("erasedContact", "Contact", contact)))
                    .chain(emptied)
                    .collect()
            }
        }
    }

    fn audience(&self) -> Audience {
        match self {
            Self::Registered(_)
            | Self::Amended(_)
            | Self::Closed(_)
            | Self::ProprietorSet(_)
            | Self::Erased(_) => Audience::Everybody,
            Self::FoundByImport(_) => Audience::ItsUnit,
        }
    }
}

impl Registered {
    fn changes(&self, company: CompanyId) -> Vec<Change> {
        let number = match &self.identity.number {
            Number::Public(number) => Value::from(number.as_str()),
            Number::Personal(_) => Value::Masked(Subject::sole_proprietor(company)),
        };
        let p_numbers = self.p_numbers.iter().map(PNumber::as_str).collect::<Vec<_>>().join(", ");
        [Change::object("unit", "Unit", self.unit)]
            .into_iter()
            .chain(Change::some("externalReference", self.external_reference.clone()))
            .chain(self.origin.map(|origin| Change::object("import", "Operation", origin.import)))
            .chain([
                Change::set("country", self.identity.country.as_str()),
                Change::set("scheme", self.identity.scheme.name()),
                Change::set("number", number),
            ])
            .chain((!p_numbers.is_empty()).then(|| Change::set("pNumbers", p_numbers)))
            .chain([Change::set("legalForm", self.legal_form.name())])
            .chain(self.details.changes(company))
            .collect()
    }
}
