use chrono::{DateTime, Utc};
use lethe_kernel::{MailId, UnitId, codes};
use lethe_ledger::{Found, LedgerError, Order, Page, Projection, Recorded, page};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use uuid::Uuid;

use super::{MailEvent, Queued, Reason};

/// The outgoing mails, without what they say and to whom.
pub struct OutgoingMailView;

codes! {
    /// Where a mail stands.
    pub enum MailStatus {
        /// It waits for its first attempt.
        Queued = "QUEUED",
        /// It is being sent, or was when the server ended.
        Sending = "SENDING",
        /// It was not taken, and waits for its next attempt.
        Deferred = "DEFERRED",
        /// It may have been taken, and waits for its next attempt.
        Doubtful = "DOUBTFUL",
        /// It was taken.
        Sent = "SENT",
        /// It was not taken, and is not tried again by itself.
        Failed = "FAILED",
        /// The person it was about was erased before it was sent.
        Withdrawn = "WITHDRAWN",
    }
}

/// One outgoing mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutgoingMailRow {
    /// The mail's id.
    pub id: MailId,
    /// The number of its events.
    pub version: i64,
    /// What kind of mail it is: a code.
    pub kind: String,
    /// The unit whose mail it is.
    pub unit_id: UnitId,
    /// Whose key seals it: the kind of the subject.
    pub subject_kind: String,
    /// And its id.
    pub subject_id: Uuid,
    /// Where it stands.
    pub status: MailStatus,
    /// Whether an attempt ended without an answer, so that it may have been delivered, or twice.
    pub in_doubt: bool,
    /// How often it was tried.
    pub attempts: i64,
    /// What it calls itself, from the first attempt on.
    pub message_id: Option<String>,
    /// Why the last attempt did not succeed.
    pub reason: Option<Reason>,
    /// The mail server's last code.
    pub code: Option<i64>,
    /// When it is tried next, unless it has ended.
    pub due_at: Option<DateTime<Utc>>,
    /// When it was queued.
    pub queued_at: DateTime<Utc>,
    /// When it was taken.
    pub sent_at: Option<DateTime<Utc>>,
    /// When it last changed.
    pub changed_at: DateTime<Utc>,
}

impl Projection for OutgoingMailView {
    const NAME: &'static str = "outgoing_mail";
    const VERSION: i32 = 1;
    const SQL: &'static str = include_str!("view.sql");
    const SOURCES: &'static [&'static str] = &["mail"];
    type Row = OutgoingMailRow;

    fn fold(
        row: Option<OutgoingMailRow>,
        id: Uuid,
        event: &Recorded,
    ) -> Result<Option<OutgoingMailRow>, LedgerError> {
        let row = match (row, event.decode()?) {
            (_, MailEvent::Queued(queued)) => Some(OutgoingMailRow::new(MailId(id), &queued, event)),
            (Some(row), changed) => Some(row.after(changed, event)),
            (None, _) => None,
        };
        Ok(row.map(|row| OutgoingMailRow { version: event.sequence, changed_at: event.recorded_at, ..row }))
    }
}

impl OutgoingMailRow {
    fn new(id: MailId, queued: &Queued, event: &Recorded) -> Self {
        Self {
            id,
            version: event.sequence,
            kind: queued.kind.clone(),
            unit_id: queued.unit,
            subject_kind: queued.about.kind.name().to_owned(),
            subject_id: queued.about.id,
            status: MailStatus::Queued,
            in_doubt: false,
            attempts: 0,
            message_id: None,
            reason: None,
            code: None,
            due_at: Some(event.recorded_at),
            queued_at: event.recorded_at,
            sent_at: None,
            changed_at: event.recorded_at,
        }
    }

    fn after(self, changed: MailEvent, event: &Recorded) -> Self {
        let at = event.recorded_at;
        match changed {
            MailEvent::Queued(_) => self,
            MailEvent::Attempted(attempted) => Self {
                status: MailStatus::Sending,
                attempts: attempted.attempt,
                message_id: Some(attempted.message_id),
                due_at: Some(at),
                ..self
            },
            MailEvent::Sent(sent) => Self {
                status: MailStatus::Sent,
                reason: None,
                code: sent.code,
                due_at: None,
                sent_at: Some(at),
                ..self
            },
            MailEvent::Deferred(deferred) => Self {
                status: MailStatus::Deferred,
                reason: Some(deferred.reason),
                code: deferred.code,
                due_at: Some(deferred.next_attempt),
                ..self
            },
            MailEvent::Doubtful(doubtful) => Self {
                status: MailStatus::Doubtful,
                in_doubt: true,
                reason: Some(doubtful.reason),
                code: None,
                due_at: Some(doubtful.next_attempt),
                ..self
            },
            MailEvent::Failed(failed) => Self {
                status: MailStatus::Failed,
                reason: Some(failed.reason),
                code: failed.code,
                due_at: None,
                ..self
            },
            MailEvent::Withdrawn(_) => Self { status: MailStatus::Withdrawn, due_at: None, ..self },
            MailEvent::Requeued(requeued) => {
                Self { status: MailStatus::Queued, due_at: Some(requeued.next_attempt), ..self }
            }
        }
    }
}

/// Which mails are wanted; everything given must hold.
#[derive(Clone, Copy, Debug, Default)]
pub struct MailFilter {
    /// Those queued in the name of a unit.
    pub unit: Option<UnitId>,
    /// Those that stand so.
    pub status: Option<MailStatus>,
}

/// A page of the outgoing mails, in the order in which they were queued.
///
/// # Errors
/// [`LedgerError::ForeignCursor`], and errors of the database.
pub async fn mail_page(
    pool: &PgPool,
    filter: MailFilter,
    wanted: &Page,
) -> Result<Vec<Found<OutgoingMailRow>>, LedgerError> {
    page::<OutgoingMailView>(
        pool,
        |sql| {
            if let Some(unit) = filter.unit {
                sql.push(" AND r.unit_id = ").push_bind(unit.0);
            }
            if let Some(status) = filter.status {
                sql.push(" AND r.status = ").push_bind(status.name());
            }
        },
        Order { by: "r.queued_at", sql_type: "timestamptz", descending: false },
        wanted,
    )
    .await
}

/// A mail that something must be done about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Due {
    pub(crate) id: Uuid,
    pub(crate) unit_id: Uuid,
    pub(crate) attempts: i64,
    /// Whether an attempt has begun that nobody has told the end of.
    pub(crate) begun: bool,
}

/// Those that are to be tried, those whose attempt has no end, and those whose key is gone; the oldest first.
pub(crate) async fn due(pool: &PgPool, now: DateTime<Utc>, limit: i64) -> Result<Vec<Due>, LedgerError> {
    Ok(sqlx::query_as(
        "SELECT id, unit_id, attempts, status = 'SENDING' AS begun FROM view.outgoing_mail m \
         WHERE due_at IS NOT NULL AND (due_at <= $1 OR status = 'SENDING' OR EXISTS ( \
             SELECT FROM vault.tombstones t WHERE t.subject_id = m.subject_id \
             AND t.subject_kind = m.subject_kind AND t.class = 'crm')) \
         ORDER BY due_at, id LIMIT $2",
    )
    .bind(now)
    .bind(limit)
    .fetch_all(pool)
    .await?)
}

/// How the outgoing mails stand as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct MailCounts {
    /// How many have not ended.
    pub waiting: i64,
    /// How many of them may have been delivered.
    pub doubtful: i64,
    /// How many failed within the last thirty days.
    pub failed: i64,
    /// Since when the oldest that should have been sent is due.
    pub due_since: Option<DateTime<Utc>>,
}

/// Counts the outgoing mails.
///
/// # Errors
/// Errors of the database.
pub async fn mail_counts(pool: &PgPool, now: DateTime<Utc>) -> Result<MailCounts, LedgerError> {
    Ok(sqlx::query_as(
        "SELECT (SELECT count(*) FROM view.outgoing_mail WHERE due_at IS NOT NULL) AS waiting, \
         (SELECT count(*) FROM view.outgoing_mail WHERE status = 'DOUBTFUL') AS doubtful, \
         (SELECT count(*) FROM view.outgoing_mail \
          WHERE status = 'FAILED' AND changed_at > $1 - interval '30 days') AS failed, \
         (SELECT min(due_at) FROM view.outgoing_mail WHERE due_at <= $1) AS due_since",
    )
    .bind(now)
    .fetch_one(pool)
    .await?)
}
