use chrono::{DateTime, SecondsFormat, SubsecRound, TimeDelta, Utc};
use lethe_kernel::{Detail, ErrorCode, Rule};

/// The rules a reveal can break.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RevealError {
    /// The purpose is not one of the unit's.
    #[error("A reveal needs one of the purposes of your unit: {}. Give one of these codes.", .0.join(", "))]
    Purpose(Vec<String>),
    /// There is a text about the purpose, and it says nothing.
    #[error(
        "The text about the purpose is blank. Write what the value is needed for, or leave the text out."
    )]
    BlankPurposeText,
    /// The built-in CPR field belongs to business hubs (R9).
    #[error("Only business hubs may use the built-in CPR field.")]
    NotBusinessHub,
    /// There is no number to show.
    #[error("This contact has no CPR number, so there is nothing to reveal.")]
    NoCpr,
    /// The number hides nothing.
    #[error("The number of this company is public. Read it with a query.")]
    PublicNumber,
    /// Another unit registered the company.
    #[error(
        "Only the unit that registered this company may reveal the personnummer that is its number. Ask that unit."
    )]
    NotItsUnit,
    /// The note hides nothing.
    #[error("This note is not declared to contain sensitive data. Read its text with a query.")]
    NotSensitive,
    /// The note was removed or has expired.
    #[error("This note was removed or has expired, and its text is gone for good.")]
    NoteEnded,
    /// A contact it named was erased.
    #[error("A contact that this note named was erased, and the note's text with it.")]
    TextErased,
    /// Too many values within an hour.
    #[error(
        "You have revealed {most} values within an hour, the most that your unit allows. Try again at {}.",
        whole_second(*.again)
    )]
    TooMany {
        /// How many are allowed.
        most: u32,
        /// From when on the next one is.
        again: DateTime<Utc>,
    },
}

/// The first whole second that is not before a time.
fn whole_second(time: DateTime<Utc>) -> String {
    let cut = time.trunc_subsecs(0);
    let second = if cut < time { cut + TimeDelta::seconds(1) } else { cut };
    second.to_rfc3339_opts(SecondsFormat::Secs, true)
}

impl Rule for RevealError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Purpose(_) | Self::BlankPurposeText => ErrorCode::InvalidValue,
            Self::NotBusinessHub | Self::NotItsUnit => ErrorCode::Forbidden,
            Self::NoCpr | Self::PublicNumber | Self::NotSensitive => ErrorCode::RuleViolated,
            Self::NoteEnded => ErrorCode::Ended,
            Self::TextErased => ErrorCode::Erased,
            Self::TooMany { .. } => ErrorCode::RateLimited,
        }
    }

    fn field(&self) -> Vec<String> {
        let field = match self {
            Self::Purpose(_) => "purpose",
            Self::BlankPurposeText => "purposeText",
            Self::NotBusinessHub | Self::NoCpr => "contactId",
            Self::PublicNumber | Self::NotItsUnit => "companyId",
            Self::NotSensitive | Self::NoteEnded | Self::TextErased => "noteId",
            Self::TooMany { .. } => return Vec::new(),
        };
        vec![field.to_owned()]
    }

    fn detail(&self) -> Detail {
        match self {
            Self::TooMany { again, .. } => Detail::RetryAt(*again),
            _ => Detail::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_to_try_again_is_not_told_too_early() {
        for (time, told) in [("12:00:00Z", "12:00:00Z"), ("12:00:00.000001Z", "12:00:01Z")] {
            let again = format!("2026-06-01T{time}").parse().unwrap();
            let message = RevealError::TooMany { most: 3, again }.to_string();
            assert!(message.contains("revealed 3 values") && message.contains(told), "{message}");
        }
    }
}
