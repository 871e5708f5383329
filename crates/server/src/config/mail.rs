//! The settings of outgoing mail.

use lethe_mail::{Mailbox, SmtpAddress, SmtpAddressError};

use super::value::Value;

/// The mail server. Its password is never shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SmtpUrl(pub(crate) SmtpAddress);

impl Value for SmtpUrl {
    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map(Self).map_err(|error: SmtpAddressError| error.to_string())
    }

    fn shown(&self) -> String {
        self.0.to_string()
    }
}

/// Whom mails come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MailFrom(pub(crate) Mailbox);

impl Value for MailFrom {
    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map(Self).map_err(|_| {
            "Write an address, with or without a name: \"Business hub North <lethe@north.example>\"."
                .to_owned()
        })
    }

    fn shown(&self) -> String {
        self.0.to_string()
    }
}
