use chrono::{DateTime, Utc};
use lethe_kernel::{Personal, Subject, UnitId, codes, personal_text};
use lethe_ledger::{Audience, Change, Described, domain_event};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

personal_text! {
    /// The address it goes to.
    MailTo = "mail.to",
    /// What stands above it.
    MailTitle = "mail.title",
    /// What it says.
    MailText = "mail.text",
}

/// What happened to an outgoing mail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum MailEvent {
    /// It was queued.
    Queued(Queued),
    /// It is about to be sent: from here on it may have been delivered.
    Attempted(Attempted),
    /// Whoever takes mail has taken it.
    Sent(Sent),
    /// It was not sent, and will be tried again.
    Deferred(Deferred),
    /// Nobody knows whether it was sent; it will be tried again.
    Doubtful(Doubtful),
    /// It was not sent, and will not be tried again.
    Failed(Failed),
    /// The key that sealed it was destroyed before it was sent.
    Withdrawn(Withdrawn),
    /// An administrator wants it to be tried again.
    Requeued(Requeued),
}

/// A mail was queued.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Queued {
    /// What kind of mail it is: a code such as `DEVICE_APPROVAL`.
    pub kind: String,
    /// The unit whose mail it is.
    pub unit: UnitId,
    /// Whose key seals it.
    pub about: Subject,
    /// The address it goes to.
    pub to: Personal<MailTo>,
    /// What stands above it.
    pub title: Personal<MailTitle>,
    /// What it says.
    pub text: Personal<MailText>,
}

/// A mail is about to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempted {
    /// Which attempt it is, from 1.
    pub attempt: i64,
    /// What the mail calls itself, at every attempt: the id of the mail and the domain of the sender.
    pub message_id: String,
}

/// A mail was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// At which attempt.
    pub attempt: i64,
    /// The mail server's code; none if there is no server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i64>,
}

/// A mail was not sent, and will be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deferred {
    /// At which attempt.
    pub attempt: i64,
    /// Why not.
    pub reason: Reason,
    /// The mail server's code, if it gave one. Its words are not kept: they may quote the address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i64>,
    /// When it is tried again.
    pub next_attempt: DateTime<Utc>,
}

/// Nobody knows whether a mail was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubtful {
    /// At which attempt.
    pub attempt: i64,
    /// Why nobody knows.
    pub reason: Reason,
    /// When it is tried again.
    pub next_attempt: DateTime<Utc>,
}

/// A mail was not sent, and will not be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// At which attempt.
    pub attempt: i64,
    /// Why not.
    pub reason: Reason,
    /// The mail server's code, if it gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i64>,
}

/// The key that sealed a mail was destroyed before it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withdrawn {
    /// How often it had been tried.
    pub attempts: i64,
}

/// A mail is to be tried again, as often as a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requeued {
    /// From when on.
    pub next_attempt: DateTime<Utc>,
}

codes! {
    /// Why a mail was not sent, or nobody knows whether it was.
    pub enum Reason {
        /// The mail server answered so; its code tells more.
        Refused = "REFUSED",
        /// The mail server cannot take an address that is not ASCII.
        AddressUnsupported = "ADDRESS_UNSUPPORTED",
        /// The connection to the mail server ended, or it kept silent for too long.
        ConnectionLost = "CONNECTION_LOST",
        /// The server process that was sending it ended.
        Interrupted = "INTERRUPTED",
        /// The folder for mails could not be written.
        NotWritten = "NOT_WRITTEN",
        /// It was tried as often as is allowed.
        TooOften = "TOO_OFTEN",
    }
}

domain_event!(MailEvent {
    Queued = "mail.queued" v "1",
    Attempted = "mail.attempted" v "1",
    Sent = "mail.sent" v "1",
    Deferred = "mail.deferred" v "1",
    Doubtful = "mail.doubtful" v "1",
    Failed = "mail.failed" v "1",
    Withdrawn = "mail.withdrawn" v "1",
    Requeued = "mail.requeued" v "1",
});

impl Described for MailEvent {
    fn changes(&self, _: Uuid) -> Vec<Change> {
        let status = |status: &str| Change::set("status", status);
        match self {
            Self::Queued(event) => queued(event),
            Self::Attempted(event) => vec![
                status("SENDING"),
                Change::set("attempts", event.attempt),
                Change::set("messageId", event.message_id.as_str()),
            ],
            Self::Sent(event) => {
                [status("SENT")].into_iter().chain(Change::some("code", event.code)).collect()
            }
            Self::Deferred(event) => [status("DEFERRED"), Change::set("reason", event.reason.name())]
                .into_iter()
                .chain(Change::some("code", event.code))
                .chain([Change::set("nextAttemptAt", event.next_attempt)])
                .collect(),
            Self::Doubtful(event) => vec![
                status("DOUBTFUL"),
                Change::set("reason", event.reason.name()),
                Change::set("nextAttemptAt", event.next_attempt),
            ],
            Self::Failed(event) => [status("FAILED"), Change::set("reason", event.reason.name())]
                .into_iter()
                .chain(Change::some("code", event.code))
                .collect(),
            Self::Withdrawn(_) => vec![status("WITHDRAWN")],
            Self::Requeued(event) => {
                vec![status("QUEUED"), Change::set("nextAttemptAt", event.next_attempt)]
            }
        }
    }

    fn audience(&self) -> Audience {
        match self {
            Self::Queued(_)
            | Self::Attempted(_)
            | Self::Sent(_)
            | Self::Deferred(_)
            | Self::Doubtful(_)
            | Self::Failed(_)
            | Self::Withdrawn(_)
            | Self::Requeued(_) => Audience::Everybody,
        }
    }
}

/// A mail may hold what lets its reader in, so its history shows it to nobody.
fn queued(event: &Queued) -> Vec<Change> {
    let masked = |field| Change::masked(field, event.about);
    vec![
        Change::set("status", "QUEUED"),
        Change::set("kind", event.kind.as_str()),
        Change::object("unit", "Unit", event.unit),
        masked("to"),
        masked("title"),
        masked("text"),
    ]
}
