use lethe_kernel::{ErrorCode, Rule};

/// The most contacts one note may name (R27).
pub(super) const MOST_CONTACTS: usize = 500;

/// The rules a note's command can break.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// There is no such note.
    #[error("No note has this id. Check the id, or query for the note again.")]
    Unknown,
    /// The note was removed or has expired.
    #[error("The note was removed or has expired and takes no more changes. Write a new one.")]
    Ended,
    /// A contact it named was erased, and its text with it.
    #[error(
        "A contact that this note named was erased, and with it the text and its key; a text and declarations about it \
         cannot be written again. Write a new note."
    )]
    TextErased,
    /// It concerns nobody.
    #[error("A note concerns at least one contact or a company. Name one.")]
    Nobody,
    /// It names too many.
    #[error("A note names at most {MOST_CONTACTS} contacts, not {0}. Write several notes.")]
    TooManyContacts(usize),
    /// It never expires although it may contain personal data.
    #[error(
        "Only a note declared to contain neither personal nor sensitive data may go without expiry. Give a date, or \
         leave the expiry out for the default."
    )]
    NeedsExpiry,
    /// Nobody may read its text without a trace by declaring it harmless.
    #[error("A note declared to contain sensitive data stays so. Write a new note, and remove this one.")]
    StaysSensitive,
    /// The date has passed.
    #[error("The expiry date must lie after today. Give a later date, or remove the note.")]
    ExpiryPassed,
    /// The date is as good as none.
    #[error("A note is kept for at most {0} years. Give an earlier date.")]
    ExpiryTooLate(u32),
}

impl Rule for NoteError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Unknown => ErrorCode::NotFound,
            Self::Ended => ErrorCode::Ended,
            Self::TextErased => ErrorCode::Erased,
            Self::Nobody => ErrorCode::Required,
            Self::TooManyContacts(_) | Self::ExpiryPassed | Self::ExpiryTooLate(_) => ErrorCode::InvalidValue,
            Self::NeedsExpiry | Self::StaysSensitive => ErrorCode::RuleViolated,
        }
    }

    fn field(&self) -> Vec<String> {
        let field = match self {
            Self::Unknown | Self::Ended => "noteId",
            Self::TextErased => "text",
            Self::Nobody | Self::TooManyContacts(_) => "contactIds",
            Self::NeedsExpiry | Self::ExpiryPassed | Self::ExpiryTooLate(_) => "expiry",
            Self::StaysSensitive => "containsSensitive",
        };
        vec![field.to_owned()]
    }
}
