use std::path::PathBuf;

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

/// Why no mail can be sent at the moment. No mail was tried.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// The mail server does not answer, or not as one.
    #[error("The mail server {place} cannot be used: {reason}. Check the setting smtp_url and the server.")]
    Unreachable {
        /// Host and port.
        place: String,
        /// Why, in words of our own.
        reason: String,
    },
    /// The mail server does not encrypt.
    #[error(
        "The mail server {0} offers no STARTTLS, and nothing is sent in clear. Use smtps://, or mend the server."
    )]
    NotEncrypted(String),
    /// Its certificate is not to be trusted.
    #[error(
        "The certificate of the mail server {0} is not trusted, or is that of another host. If an authority of your own \
         has signed it, name it with ca=FILE in the setting smtp_url."
    )]
    Untrusted(String),
    /// It does not accept the credentials.
    #[error(
        "The mail server {place} does not accept the credentials (code {code:?}). Check the setting smtp_url."
    )]
    Login {
        /// Host and port.
        place: String,
        /// Its code.
        code: Option<i64>,
    },
    /// The file with the authority to trust cannot be used.
    #[error("{} holds no certificate in PEM form. Check ca= in the setting smtp_url.", .0.display())]
    Authority(PathBuf),
    /// The cryptographic library does not do it.
    #[error("TLS cannot be set up for the mail server of the setting smtp_url.")]
    Tls,
    /// The folder cannot be written.
    #[error("The folder {} for mails cannot be written: {reason}. Check its owner and its permissions.", path.display())]
    Folder {
        /// Which one.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The sender's domain is not a domain.
    #[error("Mails cannot come from the domain of the setting mail_from.")]
    Sender,
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
