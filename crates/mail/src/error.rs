use lethe_kernel::{ErrorCode, Rule};

/// The rules a mail's command can break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// Nobody queued it.
    #[error("No mail has this id. Check the id, or query for the outgoing mails again.")]
    Unknown,
    /// It is being sent, so nobody else may.
    #[error("The mail is being sent at this moment. Wait until that has ended and look again.")]
    BeingSent,
    /// It was sent; sending it again is not meant.
    #[error(
        "The mail was sent. Only one that failed, or that waits for its next attempt, can be sent again."
    )]
    AlreadySent,
    /// Its key was destroyed, so there is nothing left to send.
    #[error("The person this mail was about was erased, and the mail with them. It cannot be sent.")]
    Withdrawn,
}

impl Rule for MailError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Unknown => ErrorCode::NotFound,
            Self::BeingSent => ErrorCode::RuleViolated,
            Self::AlreadySent => ErrorCode::Ended,
            Self::Withdrawn => ErrorCode::Erased,
        }
    }

    fn field(&self) -> Vec<String> {
        vec!["mailId".to_owned()]
    }
}
