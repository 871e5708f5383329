//! Who takes the mails: a mail server, or a folder.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use lethe_kernel::{MailId, Subject};
use lethe_vault::Keyring;
use lettre::message::Mailbox;

use super::letter::{Rendered, domain_to_ascii};
use super::smtp::{Line, Smtp};
use super::{Outcome, Reason, SmtpAddress, TransportError, folder};

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
