//! Stored events, as those who read history see them.

mod query;

pub(crate) use query::EventQuery;

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject, Union};
use chrono::{DateTime, Utc};
use lethe_access::user::UserView;
use lethe_kernel::{CompanyId, ContactId, Role, Subject, SubjectKind};
use lethe_ledger::{Change, Recorded, Value};
use lethe_mail::MailEvent;

use crate::contact::WithheldReason;
use crate::error::fault;
use crate::id::{self, Kind};
use crate::keys::{is_erased, open_text};
use crate::loader::by_id;
use crate::notary::{self, InclusionProof};
use crate::scalar::{Date, Position, TreeSize};
use crate::stream::changes;
use crate::unit::Unit;
use crate::visibility::Visibility;

#[derive(Clone)]
pub(crate) struct Event(pub(crate) Recorded);

/// A proof is three statements.
const PROOF: usize = 10;

/// The stream an event belongs to.
#[derive(SimpleObject)]
pub(crate) struct Stream {
    /// The type of the stream, for example `contact`.
    #[graphql(name = "type")]
    kind: String,
    /// The object whose stream it is.
    id: ID,
    /// The event's place in it, from 1.
    sequence: i64,
}

pub(crate) struct CallerRef(lethe_kernel::Caller);

/// A role.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(name = "Role", remote = "Role")]
pub(crate) enum RoleField {
    /// Works with contacts.
    Consultant,
    /// Defines fields and rules of one unit.
    UnitAdministrator,
    /// Runs the shared database.
    SystemAdministrator,
    /// The data protection manager of a unit.
    Dpm,
    /// Replays and verifies history.
    Auditor,
    /// A programme of a unit.
    Integration,
    /// Lethe itself.
    System,
}

/// Who caused an event.
#[Object]
impl CallerRef {
    /// The user.
    async fn user_id(&self) -> ID {
        Kind::User.id(self.0.user)
    }

    /// The unit in whose name.
    async fn unit(&self, context: &Context<'_>) -> Result<Option<Unit>> {
        Unit::by_id(context, self.0.unit.0).await
    }

    /// The role in which.
    async fn role(&self) -> RoleField {
        self.0.role.into()
    }
}

/// One stored event: what happened, who caused it and when.
#[Object]
impl Event {
    /// The event's id.
    pub(crate) async fn id(&self) -> ID {
        id::event(self.0.position)
    }

    /// Its place in the order of all events.
    async fn position(&self) -> Position {
        Position(self.0.position)
    }

    /// What happened, for example `contact.registered`.
    #[graphql(name = "type")]
    async fn kind(&self) -> &str {
        &self.0.event_type
    }

    /// The version of the event's form.
    async fn version(&self) -> &str {
        &self.0.version
    }

    /// The stream it belongs to.
    async fn stream(&self) -> Stream {
        Stream {
            kind: self.0.aggregate_type.clone(),
            id: stream_kind(&self.0.aggregate_type).id(self.0.stream),
            sequence: self.0.sequence,
        }
    }

    /// When the command was decided.
    #[expect(clippy::unused_async, reason = "resolvers are async")]
    async fn occurred_at(&self) -> Result<DateTime<Utc>> {
        Ok(self.0.metadata().map_err(|error| fault(&error))?.occurred)
    }

    /// When the ledger took it.
    async fn recorded_at(&self) -> DateTime<Utc> {
        self.0.recorded_at
    }

    /// Who caused it.
    #[expect(clippy::unused_async, reason = "resolvers are async")]
    async fn caller(&self) -> Result<CallerRef> {
        Ok(CallerRef(self.0.metadata().map_err(|error| fault(&error))?.caller()))
    }

    /// Its leaf in the log: SHA-256(`00` ‖ entry), in base64. `docs/log-format.md` says what an entry is.
    async fn leaf_hash(&self, context: &Context<'_>) -> Result<String> {
        notary::leaf_hash(context, self.0.position).await
    }

    /// The proof that it is in the log: in the tree of this size, or of the newest checkpoint. Null as long as no
    /// checkpoint covers it, which is for about a second.
    #[graphql(complexity = "PROOF + child_complexity")]
    async fn inclusion_proof(
        &self,
        context: &Context<'_>,
        tree_size: Option<TreeSize>,
    ) -> Result<Option<InclusionProof>> {
        notary::inclusion_proof(context, self.0.position, tree_size).await
    }

    /// The same as a file `.tlog-proof` (C2SP `tlog-proof`), with the signed checkpoint: it is verified without a server.
    #[graphql(complexity = "PROOF")]
    async fn tlog_proof(&self, context: &Context<'_>) -> Result<Option<String>> {
        notary::tlog_proof(context, self.0.position).await
    }

    /// What it changed, field by field. CPR numbers and the texts of notes are masked; what was erased since, and what
    /// is another unit's alone, is withheld.
    async fn changes(&self, context: &Context<'_>) -> Result<Vec<FieldChange>> {
        let mut shown = Vec::new();
        for change in changes(&self.0).map_err(|error| fault(&error))? {
            shown.push(FieldChange::of(context, change, &self.0).await?);
        }
        Ok(shown)
    }
}

pub(crate) fn stream_kind(aggregate_type: &str) -> Kind {
    match aggregate_type {
        "contact" => Kind::Contact,
        "company" | "company_reference" => Kind::Company,
        "prospect" => Kind::Prospect,
        "note" => Kind::Note,
        "consent" => Kind::Consent,
        "import" => Kind::Operation,
        "user" => Kind::User,
        "device" => Kind::Device,
        "user_group" => Kind::UserGroup,
        "mail" => Kind::OutgoingMail,
        "vault" => Kind::Installation,
        "reveals" => Kind::Reveals,
        _ => Kind::Unit,
    }
}

/// Whose key sealed the values of an event that are masked.
fn masked_subject(event: &Recorded) -> Option<Subject> {
    match event.aggregate_type.as_str() {
        "contact" => Some(ContactId(event.stream).into()),
        "company" => Some(Subject::sole_proprietor(CompanyId(event.stream))),
        "note" => Some(Subject::document(event.stream)),
        "mail" => mail_subject(event),
        _ => None,
    }
}

/// Whose key sealed a mail, if this event queued it.
fn mail_subject(event: &Recorded) -> Option<Subject> {
    match event.decode() {
        Ok(MailEvent::Queued(queued)) => Some(queued.about),
        _ => None,
    }
}

/// Whether the caller may know who a user is; what is no user's is not asked here.
async fn reads_user(context: &Context<'_>, subject: Subject) -> Result<bool> {
    if subject.kind != SubjectKind::User {
        return Ok(true);
    }
    let user = by_id::<UserView>(context, subject.id).await?;
    Ok(user.is_some_and(|user| Visibility::of(context).reads_user(&user)))
}

/// One field that an event set or emptied.
pub(crate) struct FieldChange {
    field: &'static str,
    /// One that does not open is an error of its own, and not of the page of events that it stands on.
    value: Result<Option<FieldValue>>,
    withheld: Option<WithheldReason>,
}

/// One field that an event set or emptied.
#[Object]
impl FieldChange {
    /// The field's name.
    async fn field(&self) -> &str {
        self.field
    }

    /// The new value; null when the field was emptied, or when the value is withheld.
    #[expect(clippy::unused_async, reason = "resolvers are async")]
    async fn value(&self) -> Result<Option<&FieldValue>> {
        self.value.as_ref().map(Option::as_ref).map_err(Clone::clone)
    }

    /// Why the value is not shown, if it is not.
    async fn withheld(&self) -> Option<WithheldReason> {
        self.withheld
    }
}

impl FieldChange {
    async fn of(context: &Context<'_>, change: Change, event: &Recorded) -> Result<Self> {
        let Change { field, value } = change;
        let shown = |value| Self { field, value: Ok(Some(value)), withheld: None };
        let withheld = |reason| Self { field, value: Ok(None), withheld: Some(reason) };
        let visibility = Visibility::of(context);
        if !visibility.reads_event(event).map_err(|error| fault(&error))? {
            return Ok(withheld(WithheldReason::Forbidden));
        }
        Ok(match value {
            None => Self { field, value: Ok(None), withheld: None },
            Some(Value::Masked) => {
                let erased = match masked_subject(event) {
                    Some(subject) => is_erased(context, subject).await?,
                    None => false,
                };
                withheld(if erased { WithheldReason::Erased } else { WithheldReason::Masked })
            }
            Some(Value::Text(text)) => shown(FieldValue::Text(TextValue { text })),
            Some(Value::Number(number)) => shown(FieldValue::Number(NumberValue { number })),
            Some(Value::Flag(flag)) => shown(FieldValue::Flag(FlagValue { flag })),
            Some(Value::Date(date)) => shown(FieldValue::Date(DateValue { date: Date(date) })),
            Some(Value::Time(time)) => shown(FieldValue::Time(TimeValue { time })),
            Some(Value::Object(kind, object)) => {
                let kind = Kind::from_name(kind).unwrap_or(Kind::Unit);
                shown(FieldValue::Object(ObjectValue { object_id: kind.id(object) }))
            }
            Some(Value::Personal { subject, .. }) if !visibility.reads(subject) => {
                withheld(WithheldReason::Forbidden)
            }
            Some(Value::Personal { subject, .. }) if !reads_user(context, subject).await? => {
                withheld(WithheldReason::Forbidden)
            }
            Some(Value::Personal { subject, label, sealed }) => {
                match open_text(context, &sealed, subject, label, event.id).await {
                    Ok(Some(text)) => shown(FieldValue::Text(TextValue { text })),
                    Ok(None) => withheld(WithheldReason::Erased),
                    Err(error) => Self { field, value: Err(error), withheld: None },
                }
            }
        })
    }
}

/// The new value of a field.
#[derive(Union)]
pub(crate) enum FieldValue {
    Text(TextValue),
    Number(NumberValue),
    Flag(FlagValue),
    Date(DateValue),
    Time(TimeValue),
    Object(ObjectValue),
}

/// A text.
#[derive(SimpleObject)]
pub(crate) struct TextValue {
    /// The text.
    text: String,
}

/// A whole number.
#[derive(SimpleObject)]
pub(crate) struct NumberValue {
    /// The number.
    number: i64,
}

/// Yes or no.
#[derive(SimpleObject)]
pub(crate) struct FlagValue {
    /// Yes or no.
    flag: bool,
}

/// A day.
#[derive(SimpleObject)]
pub(crate) struct DateValue {
    /// The day.
    date: Date,
}

/// A moment.
#[derive(SimpleObject)]
pub(crate) struct TimeValue {
    /// The moment.
    time: DateTime<Utc>,
}

/// Another object; ask `node` for it.
#[derive(SimpleObject)]
pub(crate) struct ObjectValue {
    /// Its id.
    object_id: ID,
}
