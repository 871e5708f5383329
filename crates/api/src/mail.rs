//! Outgoing mails, for those who see to it that they arrive. Nobody reads here to whom they go and what they say.

use async_graphql::connection::Connection;
use async_graphql::{Context, ID, InputObject, Object};
use chrono::{DateTime, Utc};
use lethe_kernel::{MailId, UserError};
use lethe_mail::{MailFilter, MailStatus, OutgoingMailRow, OutgoingMailView, Reason, Resend, mail_page};
use uuid::Uuid;

use crate::app::parts;
use crate::argument::wait_for;
use crate::code::code;
use crate::connection::{Opaque, PageArguments};
use crate::error::Result;
use crate::event::Event;
use crate::history::history;
use crate::id::Kind;
use crate::kind::{Shown, shown};
use crate::loader::Identified;
use crate::mutate::{changed, execute, payload};
use crate::permission::allowed;
use crate::scalar::Position;
use crate::unit::Unit;
use crate::visibility::Visibility;

#[derive(Clone)]
pub(crate) struct OutgoingMail(pub(crate) OutgoingMailRow);

code! {
    /// Where an outgoing mail stands.
    MailStatusField: "OutgoingMailStatus" = MailStatus
}

code! {
    /// Why the last attempt to send a mail did not succeed.
    ReasonField: "OutgoingMailReason" = Reason
}

impl Identified for OutgoingMailRow {
    fn id(&self) -> Uuid {
        self.id.0
    }

    fn is_seen(&self, by: Visibility) -> bool {
        by.administers(self.unit_id)
    }
}

/// A mail that Lethe sends, without address, title and text. Only administrators see it: those of its unit, and of the
/// system.
#[Object]
impl OutgoingMail {
    /// The mail's id.
    pub(crate) async fn id(&self) -> ID {
        Kind::OutgoingMail.id(self.0.id)
    }

    /// The number of its events; pass it as `expectedVersion`.
    async fn version(&self) -> i64 {
        self.0.version
    }

    /// What kind of mail it is: a code such as `DEVICE_APPROVAL`.
    async fn kind(&self) -> &str {
        &self.0.kind
    }

    /// The unit whose mail it is; its administrators see it.
    async fn unit(&self, context: &Context<'_>) -> Result<Option<Unit>> {
        Unit::by_id(context, self.0.unit_id.0).await
    }

    /// Where it stands.
    async fn status(&self) -> MailStatusField {
        self.0.status.into()
    }

    /// Whether an attempt ended without an answer, so that it may have been delivered, or will be twice. Both copies carry
    /// the same Message-ID.
    async fn in_doubt(&self) -> bool {
        self.0.in_doubt
    }

    /// How often it was tried.
    async fn attempts(&self) -> i64 {
        self.0.attempts
    }

    /// Why the last attempt did not succeed.
    async fn reason(&self) -> Option<ReasonField> {
        self.0.reason.map(Into::into)
    }

    /// The mail server's last code, for example 550.
    async fn code(&self) -> Option<i64> {
        self.0.code
    }

    /// What it calls itself in the mail server's log, from the first attempt on.
    async fn message_id(&self) -> Option<&str> {
        self.0.message_id.as_deref()
    }

    /// When it was queued.
    async fn queued_at(&self) -> DateTime<Utc> {
        self.0.queued_at
    }

    /// When it was taken.
    async fn sent_at(&self) -> Option<DateTime<Utc>> {
        self.0.sent_at
    }

    /// When it is tried next.
    async fn next_attempt_at(&self) -> Option<DateTime<Utc>> {
        self.0.due_at
    }

    /// Everything that happened to it, the oldest first; what it says is masked.
    #[graphql(complexity = "crate::connection::weight(first, last, child_complexity)")]
    async fn history(
        &self,
        context: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<Opaque, Event>> {
        history(context, "mail", self.0.id.0, None, &PageArguments { first, after, last, before }).await
    }
}

/// Which outgoing mails are wanted.
#[derive(InputObject, Default)]
pub(crate) struct OutgoingMailFilterInput {
    /// Those that stand so.
    status: Option<MailStatusField>,
}

/// Queries about outgoing mails.
#[derive(Default)]
pub(crate) struct MailQuery;

#[Object]
impl MailQuery {
    /// The outgoing mails in the order in which they were queued; for administrators, of their unit or of the system.
    #[doc = allowed!(outgoingMails)]
    #[graphql(complexity = "crate::connection::weight(first, last, child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn outgoing_mails(
        &self,
        context: &Context<'_>,
        filter: Option<OutgoingMailFilterInput>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        min_position: Option<Position>,
    ) -> Result<Connection<Opaque, OutgoingMail>> {
        wait_for(context, &[shown::<OutgoingMailView>()], min_position).await?;
        let slice = PageArguments { first, after, last, before };
        let unit = Visibility::of(context).unit();
        let status = filter.unwrap_or_default().status.map(Into::into);
        let found = mail_page(&parts(context).pool, MailFilter { unit, status }, &slice.page()?).await;
        slice.connection(found?, OutgoingMail)
    }
}

/// A mail to be sent again.
#[derive(InputObject)]
pub(crate) struct OutgoingMailResendInput {
    /// The mail.
    mail_id: ID,
    /// The version you have read; if it changed since, nothing is done.
    expected_version: Option<i64>,
    /// A UUID of your choice; see `contactRegister`.
    idempotency_key: Option<ID>,
}

payload! {
    /// The answer to `outgoingMailResend`.
    OutgoingMailResendPayload { mail: OutgoingMail },
}

/// Mutations of outgoing mails.
#[derive(Default)]
pub(crate) struct MailMutation;

#[Object]
impl MailMutation {
    /// Has a mail tried again at once that failed, or that waits for its next attempt. One that may have been delivered may
    /// so be delivered twice.
    #[doc = allowed!(outgoingMailResend)]
    async fn outgoing_mail_resend(
        &self,
        context: &Context<'_>,
        input: OutgoingMailResendInput,
    ) -> Result<OutgoingMailResendPayload> {
        let key = input.idempotency_key.clone();
        let outcome = execute(
            context,
            "outgoingMailResend",
            key.as_ref(),
            input.work(),
            OutgoingMailResendPayload::VIEWS,
        )
        .await?;
        let mail = changed::<OutgoingMailView>(context, &outcome).await?.map(OutgoingMail);
        Ok(OutgoingMailResendPayload::new(outcome, mail))
    }
}

impl OutgoingMailResendInput {
    fn work(self) -> Result<Resend, UserError> {
        let mail = MailId(Kind::OutgoingMail.read(&self.mail_id, "mailId")?);
        Ok(Resend { mail, expected_version: self.expected_version })
    }
}
