use chrono::{DateTime, NaiveDate, Utc};
use lethe_crm::contact::ErasureKind;
use lethe_kernel::{ContactId, Personal, UnitId, personal_text};
use lethe_ledger::{Audience, Change, Described, domain_event};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::LegalBasis;

personal_text! {
    /// The words the person agreed to.
    Wording = "consent.wording",
    /// Where the proof is, or what it is.
    Proof = "consent.proof",
    /// What was said when it was withdrawn.
    WithdrawalNote = "consent.withdrawal_note",
}

/// What happened to a consent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ConsentEvent {
    /// It was given, given anew, or given on other terms.
    Given(Given),
    /// It was withdrawn.
    Withdrawn(Withdrawn),
    /// The first day came on which data is no longer kept for its purpose.
    Expired(Expired),
    /// Its contact was erased, and with the contact everything sealed in it.
    Erased(Erased),
}

/// A consent was given. The event holds all terms; they replace those of an earlier one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Given {
    /// The person.
    pub contact: ContactId,
    /// The unit that may use the data.
    pub unit: UnitId,
    /// What for: a code such as `NEWSLETTER`.
    pub purpose: String,
    /// What makes that lawful.
    pub legal_basis: LegalBasis,
    /// Where it comes from: a code such as `WEB_FORM`.
    pub source: String,
    /// The words agreed to, sealed for the contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wording: Option<Personal<Wording>>,
    /// The proof, sealed for the contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Personal<Proof>>,
    /// Since when it holds; the ledger knows when it was recorded.
    pub effective_at: DateTime<Utc>,
    /// The first day on which the data is no longer kept for this purpose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_until: Option<NaiveDate>,
}

/// A consent was withdrawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Withdrawn {
    /// The person.
    pub contact: ContactId,
    /// Since when it holds no longer; the ledger knows when that was recorded.
    pub effective_at: DateTime<Utc>,
    /// Why: a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What was said, sealed for the contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Personal<WithdrawalNote>>,
}

/// The first day came on which data is no longer kept for the purpose of a consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expired {
    /// The day.
    pub due: NaiveDate,
}

/// The contact of a consent was erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erased {
    /// How much of the contact stays.
    pub kind: ErasureKind,
}

domain_event!(ConsentEvent {
    Given = "consent.given" v "1",
    Withdrawn = "consent.withdrawn" v "1",
    Expired = "consent.expired" v "1",
    Erased = "consent.erased" v "1",
});

impl Described for ConsentEvent {
    fn changes(&self, _: Uuid) -> Vec<Change> {
        match self {
            Self::Given(event) => given(event),
            Self::Withdrawn(event) => withdrawn(event),
            Self::Expired(event) => {
                vec![Change::set("status", "EXPIRED"), Change::set("keptUntil", event.due)]
            }
            Self::Erased(event) => ["wording", "proof", "withdrawalNote"]
                .map(|field| Change { field, value: None })
                .into_iter()
                .chain([Change::set("status", "ERASED"), Change::set("kind", event.kind.name())])
                .collect(),
        }
    }

    fn audience(&self) -> Audience {
        match self {
            Self::Given(_) | Self::Withdrawn(_) | Self::Expired(_) | Self::Erased(_) => Audience::Everybody,
        }
    }
}

fn given(event: &Given) -> Vec<Change> {
    [
        Change::object("contact", "Contact", event.contact),
        Change::object("unit", "Unit", event.unit),
        Change::set("purpose", event.purpose.as_str()),
        Change::set("status", "GIVEN"),
        Change::set("legalBasis", event.legal_basis.name()),
        Change::set("source", event.source.as_str()),
    ]
    .into_iter()
    .chain(event.wording.as_ref().and_then(|value| Change::personal("wording", value, event.contact)))
    .chain(event.proof.as_ref().and_then(|value| Change::personal("proof", value, event.contact)))
    .chain([Change::set("effectiveAt", event.effective_at)])
    .chain(Change::some("keptUntil", event.kept_until))
    .collect()
}

fn withdrawn(event: &Withdrawn) -> Vec<Change> {
    [Change::set("status", "WITHDRAWN"), Change::set("withdrawnAt", event.effective_at)]
        .into_iter()
        .chain(Change::some("withdrawalReason", event.reason.clone()))
        .chain(event.note.as_ref().and_then(|value| Change::personal("withdrawalNote", value, event.contact)))
        .collect()
}
