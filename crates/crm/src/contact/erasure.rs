//! What is said and recorded when a contact is erased.

use chrono::NaiveDate;
use lethe_kernel::CompanyId;
use lethe_ledger::Change;
use serde::{Deserialize, Serialize};

use super::{Fated, Hold};

/// How much of a contact stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ErasureKind {
    /// What can be counted and not traced to the person stays: companies, units, dates, facts of consents (R21).
    Anonymised,
    /// Nothing refers to it any more but the ledger.
    Deleted,
}

impl ErasureKind {
    /// The name as API and tables spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Anonymised => "ANONYMISED",
            Self::Deleted => "DELETED",
        }
    }
}

/// Why a contact is erased: the grounds of Article 17(1) of the GDPR.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ErasureReason {
    /// The person asked for it.
    RequestOfPerson,
    /// The data are no longer necessary for what they were collected for.
    Expired,
    /// The person withdrew the consent on which the processing rested, and there is no other ground.
    WithdrawnConsent,
    /// The person objects, and no overriding grounds are there.
    Objection,
    /// The data were processed unlawfully.
    Unlawful,
    /// A law demands it.
    LegalObligation,
}

impl ErasureReason {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::RequestOfPerson,
        Self::Expired,
        Self::WithdrawnConsent,
        Self::Objection,
        Self::Unlawful,
        Self::LegalObligation,
    ];

    /// The name as API and certificates spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RequestOfPerson => "REQUEST_OF_PERSON",
            Self::Expired => "EXPIRED",
            Self::WithdrawnConsent => "WITHDRAWN_CONSENT",
            Self::Objection => "OBJECTION",
            Self::Unlawful => "UNLAWFUL",
            Self::LegalObligation => "LEGAL_OBLIGATION",
        }
    }

    /// The article that demands it.
    #[must_use]
    pub const fn legal_basis(self) -> &'static str {
        match self {
            Self::RequestOfPerson => "GDPR Article 17(1)",
            Self::Expired => "GDPR Article 17(1)(a) and Article 5(1)(e)",
            Self::WithdrawnConsent => "GDPR Article 17(1)(b)",
            Self::Objection => "GDPR Article 17(1)(c) and Article 21",
            Self::Unlawful => "GDPR Article 17(1)(d)",
            Self::LegalObligation => "GDPR Article 17(1)(e)",
        }
    }
}

/// What stays of a person who is erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Remains {
    /// Ids, dates and codes in the ledger.
    Ids,
    /// Who did what and when.
    Audit,
    /// Companies, units and dates.
    Statistics,
    /// Purpose, legal basis and dates of consents.
    Consents,
    /// Notes declared free of personal content.
    FreeNotes,
    /// Kind, dates and unit of notes whose text dies, and the other contacts they name.
    NoteShells,
    /// Companies that are one person, of whom it is not said that it is this one.
    SoleProprietors,
    /// What bookkeeping law has kept, under a key of its own.
    Accounting,
}

impl Remains {
    /// All of it.
    pub const ALL: [Self; 8] = [
        Self::Ids,
        Self::Audit,
        Self::Statistics,
        Self::Consents,
        Self::FreeNotes,
        Self::NoteShells,
        Self::SoleProprietors,
        Self::Accounting,
    ];

    /// The name as API and certificates spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ids => "IDS",
            Self::Audit => "AUDIT",
            Self::Statistics => "STATISTICS",
            Self::Consents => "CONSENTS",
            Self::FreeNotes => "FREE_NOTES",
            Self::NoteShells => "NOTE_SHELLS",
            Self::SoleProprietors => "SOLE_PROPRIETORS",
            Self::Accounting => "ACCOUNTING",
        }
    }

    /// Why it stays, in a sentence.
    #[must_use]
    pub const fn why(self) -> &'static str {
        match self {
            Self::Ids => {
                "The ledger is append-only: it keeps ids, dates and codes, which say nothing about the person once the \
                 values sealed beside them cannot be opened."
            }
            Self::Audit => {
                "Who did what and when must be shown (GDPR Article 5(2)); it names users of the CRM, not the person."
            }
            Self::Statistics => {
                "Companies, units and dates are kept for statistics and cannot be traced to the person."
            }
            Self::Consents => {
                "That consent was given and withdrawn must be shown (GDPR Article 7(1)); wording, proof and notes are \
                 destroyed."
            }
            Self::FreeNotes => "Notes declared free of personal content survive the contact.",
            Self::NoteShells => {
                "A note about several people goes on justifying the others until its own date; its text is destroyed."
            }
            Self::SoleProprietors => {
                "A company that is one person, and not said to be this one, is a record of its own, with a key of its own; \
                 erasing it is another command."
            }
            Self::Accounting => {
                "Bookkeeping law has it kept for five years from the end of the financial year, under a key of its own."
            }
        }
    }
}

/// What is asked of a contact that is to be erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erase {
    /// How much of it stays.
    pub kind: ErasureKind,
    /// Why it goes.
    pub reason: ErasureReason,
    /// The day, Europe/Copenhagen.
    pub on: NaiveDate,
    /// What keeps it in the system.
    pub holds: Vec<Hold>,
    /// What becomes of what belongs to it.
    pub belongings: Vec<Fated>,
    /// What stays.
    pub remains: Vec<Remains>,
}

/// A contact was erased: the keys that opened its values are destroyed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erased {
    /// How much of it stays.
    pub kind: ErasureKind,
    /// Why.
    pub reason: ErasureReason,
    /// The day, Europe/Copenhagen.
    pub on: NaiveDate,
    /// What belonged to it, and what became of that.
    pub belongings: Vec<Fated>,
    /// The companies that were this person; their personal values died with it.
    pub companies: Vec<CompanyId>,
    /// What stays.
    pub remains: Vec<Remains>,
}

impl Erased {
    pub(super) fn changes(&self) -> Vec<Change> {
        [
            Change::set("status", "ERASED"),
            Change::set("kind", self.kind.name()),
            Change::set("reason", self.reason.name()),
            Change::set("legalBasis", self.reason.legal_basis()),
            Change::set("erasedOn", self.on),
        ]
        .into_iter()
        .chain(self.belongings.iter().map(Fated::shown))
        .chain(self.companies.iter().map(|company| Change::object("company", "Company", *company)))
        .chain(self.remains.iter().map(|remains| Change::set("remains", remains.name())))
        .collect()
    }
}

impl Fated {
    fn shown(&self) -> Change {
        Change::object(self.fate.field(), self.kind.facts().object, self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_and_shown_names_agree() {
        for reason in ErasureReason::ALL {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.name());
        }
        for kind in [ErasureKind::Anonymised, ErasureKind::Deleted] {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
        for remains in Remains::ALL {
            assert_eq!(serde_json::to_value(remains).unwrap(), remains.name());
        }
    }
}
