//! What an event changed, field by field.

use async_graphql::{Context, ID, Object, SimpleObject, Union};
use chrono::{DateTime, Utc};
use lethe_access::user::UserView;
use lethe_kernel::{Subject, SubjectKind};
use lethe_ledger::{Change, Recorded, Value};

use crate::contact::WithheldReason;
use crate::error::Result;
use crate::id::Kind;
use crate::keys::{is_erased, open_text};
use crate::loader::by_id;
use crate::scalar::Date;
use crate::visibility::Visibility;

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
    /// A field of an event that tells of another unit's affairs.
    pub(super) fn forbidden(Change { field, .. }: Change) -> Self {
        Self { field, value: Ok(None), withheld: Some(WithheldReason::Forbidden) }
    }

    pub(super) async fn of(context: &Context<'_>, change: Change, event: &Recorded) -> Result<Self> {
        let Change { field, value } = change;
        let shown = |value| Self { field, value: Ok(Some(value)), withheld: None };
        let withheld = |reason| Self { field, value: Ok(None), withheld: Some(reason) };
        let visibility = Visibility::of(context);
        Ok(match value {
            None => Self { field, value: Ok(None), withheld: None },
            Some(Value::Masked(subject)) => {
                let erased = is_erased(context, subject).await?;
                withheld(if erased { WithheldReason::Erased } else { WithheldReason::Masked })
            }
            Some(Value::Text(text)) => shown(FieldValue::Text(TextValue { text })),
            Some(Value::Number(number)) => shown(FieldValue::Number(NumberValue { number })),
            Some(Value::Flag(flag)) => shown(FieldValue::Flag(FlagValue { flag })),
            Some(Value::Date(date)) => shown(FieldValue::Date(DateValue { date: Date(date) })),
            Some(Value::Time(time)) => shown(FieldValue::Time(TimeValue { time })),
            Some(Value::Object(kind, object)) => {
                let known = Kind::from_name(kind).map(|kind| ObjectValue { object_id: kind.id(object) });
                let unknown = || event.unreadable("it names an object of a type that nobody knows").into();
                Self {
                    field,
                    value: known.map(FieldValue::Object).map(Some).ok_or_else(unknown),
                    withheld: None,
                }
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
