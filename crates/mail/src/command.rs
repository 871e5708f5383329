use chrono::{DateTime, Utc};

use super::{Queued, Reason};

/// What can be asked of an outgoing mail.
#[derive(Clone, Debug)]
pub enum MailCommand {
    /// It was queued.
    Queue(Queued),
    /// It is about to be sent.
    Attempt {
        /// What it calls itself, unless an earlier attempt has named it.
        message_id: String,
    },
    /// What became of an attempt.
    Report {
        /// Of which.
        attempt: i64,
        /// What became of it.
        outcome: Outcome,
        /// When it would be tried again, and how often at most.
        retry: Retry,
    },
    /// Its key was destroyed.
    Withdraw,
    /// An administrator wants it to be tried again.
    Resend {
        /// The moment of asking.
        now: DateTime<Utc>,
    },
}

/// What became of an attempt to send a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was taken, with this code.
    Sent(Option<i64>),
    /// It was not taken; later it may be.
    NotYet(Reason, Option<i64>),
    /// It may have been taken.
    Unknown(Reason),
    /// It was not taken and never will be.
    Never(Reason, Option<i64>),
}

/// When a mail is tried again, and how often it is tried at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// The moment of the next attempt.
    pub next: DateTime<Utc>,
    /// The most attempts.
    pub most: i64,
}
