//! What the codes of an erasure mean, in words that stay readable in a file.

use super::Remaining;

/// The article of the GDPR that a reason of an erasure stands on.
#[must_use]
pub fn legal_basis(reason: &str) -> &'static str {
    match reason {
        "EXPIRED" => "GDPR Article 17(1)(a) and Article 5(1)(e)",
        "WITHDRAWN_CONSENT" => "GDPR Article 17(1)(b)",
        "OBJECTION" => "GDPR Article 17(1)(c) and Article 21",
        "UNLAWFUL" => "GDPR Article 17(1)(d)",
        "LEGAL_OBLIGATION" => "GDPR Article 17(1)(e)",
        _ => "GDPR Article 17(1)",
    }
}

/// What a code of `contact.erased` says that remains, and why. A code that is not known is shown as it is.
#[must_use]
pub fn remaining(code: &str) -> Remaining {
    let (what, why) = match code {
        "IDS" => (
            "Ids, dates and codes in the ledger",
            "The ledger is append-only; they say nothing about the person once the values sealed beside them cannot be \
             opened.",
        ),
        "AUDIT" => (
            "Who did what and when",
            "It must be shown (GDPR Article 5(2)); it names users of the CRM, not the person.",
        ),
        "STATISTICS" => ("Companies, units and dates", "They are kept for statistics."),
        "CONSENTS" => (
            "Purpose, legal basis and dates of consents",
            "That consent was given and withdrawn must be shown (GDPR Article 7(1)); wording, proof and notes are \
             destroyed.",
        ),
        "FREE_NOTES" => {
            ("Notes declared free of personal content", "They were declared to say nothing about the person.")
        }
        "NOTE_SHELLS" => (
            "Kind, dates and unit of notes, and the other contacts they name",
            "A note about several people goes on justifying the others until its own date; its text is destroyed.",
        ),
        "SOLE_PROPRIETORS" => (
            "Companies that are one person",
            "Such a company is a record of its own, under a key of its own.",
        ),
        "ACCOUNTING" => (
            "Bookkeeping data",
            "The law has them kept for five years from the end of the financial year, under a key of their own.",
        ),
        _ => (code, ""),
    };
    Remaining { what: what.to_owned(), why: why.to_owned() }
}
