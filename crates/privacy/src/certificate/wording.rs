//! What remains, in words for a file that others read: none of them says that it is anonymous.

use lethe_crm::contact::Remains;

use super::Remaining;

/// What an erasure has left, and why.
#[must_use]
pub fn remaining(remains: Remains) -> Remaining {
    let (what, why) = match remains {
        Remains::Ids => (
            "Ids, dates and codes in the ledger",
            "The ledger is append-only. They refer to the person by an id only; the values sealed beside them cannot be \
             opened.",
        ),
        Remains::Audit => (
            "Who did what and when",
            "It must be shown (GDPR Article 5(2)); it names users of the CRM, not the person.",
        ),
        Remains::Statistics => ("Companies, units and dates", "They are kept for statistics."),
        Remains::Consents => (
            "Purpose, legal basis and dates of consents",
            "That consent was given and withdrawn must be shown (GDPR Article 7(1)); wording, proof and notes are \
             destroyed.",
        ),
        Remains::FreeNotes => {
            ("Notes declared free of personal content", "They were declared to say nothing about the person.")
        }
        Remains::NoteShells => (
            "Kind, dates and unit of notes, and the other contacts they name",
            "A note about several people goes on justifying the others until its own date; its text is destroyed.",
        ),
        Remains::SoleProprietors => (
            "Companies that are one person",
            "Such a company is a record of its own, under a key of its own.",
        ),
        Remains::Accounting => (
            "Bookkeeping data",
            "The law has them kept for five years from the end of the financial year, under a key of their own.",
        ),
    };
    Remaining { what: what.to_owned(), why: why.to_owned() }
}
