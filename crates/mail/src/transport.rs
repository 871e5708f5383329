//! Who takes the mails: a mail server, or a folder.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use lethe_kernel::{MailId, Subject};
use lethe_vault::Keyring;
use lettre::message::Mailbox;

use super::letter::{Rendered, domain_to_ascii};
use super::smtp::{Line, Smtp};
use super::{Outcome, Reason, SmtpAddress, folder};

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
    /// The sender's domain is none.
    #[error("The domain of the setting mail_from is none that mails can come from.")]
    Sender,
}

/// Who takes the mails.
pub(crate) enum Transport {
    Smtp(Box<Smtp>),
    Folder(PathBuf),
}

/// Who takes the mails, as the settings say.
#[derive(Clone, Debug)]
pub enum Destination {
    /// A mail server, and how long it may take for an answer.
    Server(SmtpAddress, Duration),
    /// Files in a folder, sealed.
    Folder(PathBuf),
}

/// A way to it that is open.
pub(crate) enum Way {
    Smtp(Box<Line>),
    Folder,
}

impl Transport {
    /// Sets it up; nothing is connected yet.
    pub(crate) fn new(to: Destination, from: &Mailbox) -> Result<(Self, String), TransportError> {
        let domain = domain_to_ascii(from.email.domain()).ok_or(TransportError::Sender)?;
        let transport = match to {
            Destination::Server(address, patience) => {
                Self::Smtp(Box::new(Smtp::new(address, domain.clone(), patience)?))
            }
            Destination::Folder(folder) => Self::Folder(folder),
        };
        Ok((transport, domain))
    }

    /// Opens a way, which may serve for several mails.
    pub(crate) async fn open(&self) -> Result<Way, TransportError> {
        match self {
            Self::Smtp(smtp) => Ok(Way::Smtp(Box::new(smtp.connect().await?))),
            Self::Folder(path) => match folder::prepare(path) {
                Ok(()) => Ok(Way::Folder),
                Err(error) => {
                    Err(TransportError::Folder { path: path.clone(), reason: error.kind().to_string() })
                }
            },
        }
    }

    /// Hands a letter over.
    pub(crate) async fn deliver(
        &self,
        way: &mut Way,
        (mail, about): (MailId, Subject),
        letter: &Rendered,
        keyring: &Arc<Keyring>,
    ) -> Outcome {
        match (self, way) {
            (Self::Smtp(smtp), Way::Smtp(line)) => smtp.deliver(line, letter).await,
            (Self::Folder(path), _) => match folder::keep(path, (mail, about), &letter.bytes, keyring) {
                Ok(()) => Outcome::Sent(None),
                Err(error) => {
                    tracing::error!(kind = %error.kind(), "a mail could not be written to its folder");
                    Outcome::NotYet(Reason::NotWritten, None)
                }
            },
            (Self::Smtp(_), Way::Folder) => Outcome::NotYet(Reason::ConnectionLost, None),
        }
    }
}

impl Way {
    /// Ends it as is polite.
    pub(crate) async fn close(self) {
        if let Self::Smtp(line) = self {
            line.close().await;
        }
    }
}
