//! Outgoing mail: a durable outbox, sealed for the person it is about, and how it is sent.
//!
//! A mail is queued in the unit of work that has a reason for it, so both happen or neither does. It is sent at least once,
//! always with the same Message-ID; what may have been delivered is flagged. See `docs/mail.md`.

mod aggregate;
mod command;
mod error;
mod event;
mod folder;
mod input;
mod letter;
mod queued;
mod retry;
mod sender;
mod smtp;
mod transport;
mod view;
mod work;

pub use aggregate::Mail;
pub use command::{MailCommand, Outcome, Retry};
pub use error::{MailError, TransportError};
pub use event::{
    Attempted, Deferred, Doubtful, Failed, MailEvent, MailText, MailTitle, MailTo, Queued, Reason, Requeued,
    Sent, Withdrawn,
};
pub use folder::{Eml, ShowError, show};
pub use lettre::message::Mailbox;
pub(crate) use queued::queued;
pub use retry::Policy;
pub use sender::Sender;
pub use smtp::{Security, SmtpAddress, SmtpAddressError};
pub use transport::Destination;
pub use view::{
    MailCounts, MailFilter, MailStatus, OutgoingMailRow, OutgoingMailView, mail_counts, mail_page,
};
pub use work::{Outgoing, Resend, queue, queue_for};
