//! Contacts.

mod erasure;
mod list;
mod mutation;
mod nested;

pub(crate) use erasure::{ErasureMutation, ErasureQuery, ErasureReasonField};
pub(crate) use list::ContactQuery;
pub(crate) use mutation::ContactMutation;
pub(crate) use nested::{Nested, notes_at};

use std::sync::Arc;

use async_graphql::connection::Connection;
use async_graphql::{ComplexObject, Context, Enum, ID, OutputType, SimpleObject};
use chrono::{DateTime, Utc};
use lethe_crm::contact::{ContactRow, ContactStatus, ContactView};
use lethe_kernel::ContactId;
use lethe_ledger::Reads;
use uuid::Uuid;

use self::erasure::Erasure;
use crate::app::{app, parts, request};
use crate::code::code;
use crate::company::Company;
use crate::connection::{Opaque, PageArguments};
use crate::consent::Consent;
use crate::error::Result;
use crate::event::Event;
use crate::history::history;
use crate::id::Kind;
use crate::keys::{is_erased, open};
use crate::loader::{Identified, by_ids};
use crate::note::Note;
use crate::permission::permits;
use crate::reveal::ContactReveals;
use crate::scalar::{Date, MaskedCpr, Position};
use crate::unit::Unit;
use crate::visibility::Visibility;

/// A natural person. A personal field is null when it is empty or withheld; `withheld` names each withheld field and
/// why. Once erased, `status` is `ERASED`, and `erasure` says when, why and how final.
#[derive(SimpleObject, Clone)]
#[graphql(complex)]
pub(crate) struct Contact {
    #[graphql(skip)]
    row: ContactRow,
    /// The position the contact is shown at, if it is shown as of the past.
    as_of: Option<Position>,
    #[graphql(skip)]
    nested: Arc<Nested>,
}

impl Identified for ContactRow {
    fn id(&self) -> Uuid {
        self.id.0
    }

    fn shown() -> Reads {
        Reads::lists(&["companies"])
    }

    fn is_seen(&self, by: Visibility) -> bool {
        by.unit().is_none_or(|own| self.units.contains(&own))
    }
}

/// A field whose value is not shown.
#[derive(SimpleObject, Clone)]
pub(crate) struct Withheld {
    /// The field.
    pub(crate) field: &'static str,
    /// Why it is not shown.
    pub(crate) reason: WithheldReason,
}

/// Why a value is not shown.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum WithheldReason {
    /// It can only be revealed, and every reveal is logged.
    Masked,
    /// Its key was destroyed; nobody can read it any more.
    Erased,
    /// Your role or unit may not see it.
    Forbidden,
}

code! {
    /// Whether a contact was erased.
    ContactStatusField: "ContactStatus" = ContactStatus
}

/// The fields of a contact that are sealed for it.
const PERSONAL: [&str; 8] = ["firstName", "lastName", "title", "email", "phone", "mobile", "remark", "cpr"];

/// These fields, withheld because their key was destroyed.
pub(crate) fn erased(fields: &'static [&'static str]) -> Vec<Withheld> {
    withheld(fields, WithheldReason::Erased)
}

/// These fields, withheld if the caller's role sees no personal values.
pub(crate) fn forbidden(context: &Context<'_>, fields: &'static [&'static str]) -> Option<Vec<Withheld>> {
    (!Visibility::of(context).reads_values()).then(|| withheld(fields, WithheldReason::Forbidden))
}

fn withheld(fields: &'static [&'static str], reason: WithheldReason) -> Vec<Withheld> {
    fields.iter().map(|field| Withheld { field, reason }).collect()
}

impl Contact {
    pub(crate) fn now(row: ContactRow) -> Self {
        Self { row, as_of: None, nested: Arc::default() }
    }

    pub(crate) fn with(row: ContactRow, nested: Arc<Nested>) -> Self {
        Self { row, as_of: None, nested }
    }

    fn contact(&self) -> ContactId {
        self.row.id
    }
}

/// The contact as it was at a position, without what was erased since.
pub(crate) async fn contact_at(context: &Context<'_>, id: Uuid, position: i64) -> Result<Option<Contact>> {
    let parts = parts(context);
    let mut then = parts.rows_at::<ContactView>(&[id], position).await?;
    let Some(row) = then.remove(&id) else { return Ok(None) };
    let mut now = app(context).views.rows_at::<ContactView>(&[id], i64::MAX, &Reads::nothing()).await?;
    // Who has it today sees its past, and nobody else.
    let Some(now) = now.remove(&id).filter(|now| now.is_seen(Visibility::of(context))) else {
        return Ok(None);
    };
    let row = row.without_erased(&now);
    Ok(Some(Contact { row, as_of: Some(Position(position)), nested: Arc::default() }))
}

#[ComplexObject]
impl Contact {
    /// The contact's id.
    pub(crate) async fn id(&self) -> ID {
        Kind::Contact.id(self.row.id)
    }

    /// The number of its events; pass it as `expectedVersion`.
    async fn version(&self) -> i64 {
        self.row.version
    }

    /// Whether it was erased; so it is told also as of a moment before that.
    async fn status(&self) -> ContactStatusField {
        self.row.status.into()
    }

    /// When, why and how finally it was erased, if it was.
    async fn erasure(&self, context: &Context<'_>) -> Result<Option<Erasure>> {
        Erasure::of(context, &self.row, &self.nested).await
    }

    /// The given name.
    async fn first_name(&self, context: &Context<'_>) -> Result<Option<String>> {
        Ok(open(context, self.row.first_name.as_ref(), self.contact()).await?.map(|value| value.0))
    }

    /// The family name.
    async fn last_name(&self, context: &Context<'_>) -> Result<Option<String>> {
        Ok(open(context, self.row.last_name.as_ref(), self.contact()).await?.map(|value| value.0))
    }

    /// The title or position.
    async fn title(&self, context: &Context<'_>) -> Result<Option<String>> {
        Ok(open(context, self.row.title.as_ref(), self.contact()).await?.map(|value| value.0))
    }

    /// The e-mail address.
    async fn email(&self, context: &Context<'_>) -> Result<Option<String>> {
        Ok(open(context, self.row.email.as_ref(), self.contact()).await?.map(|value| value.0))
    }

    /// The phone number: 8 digits if Danish, otherwise with the country's prefix.
    async fn phone(&self, context: &Context<'_>) -> Result<Option<String>> {
        Ok(open(context, self.row.phone.as_ref(), self.contact()).await?.map(|value| value.0))
    }

    /// The mobile number, likewise.
    async fn mobile(&self, context: &Context<'_>) -> Result<Option<String>> {
        Ok(open(context, self.row.mobile.as_ref(), self.contact()).await?.map(|value| value.0))
    }

    /// The remark on the card.
    async fn remark(&self, context: &Context<'_>) -> Result<Option<String>> {
        Ok(open(context, self.row.remark.as_ref(), self.contact()).await?.map(|value| value.0))
    }

    /// Masked, `DDMMYY-****`. No query shows the last four digits; `cprReveal` does, and logs it.
    async fn cpr(&self, context: &Context<'_>) -> Result<Option<MaskedCpr>> {
        let date = open(context, self.row.cpr_date.as_ref(), self.contact()).await?;
        Ok(date.map(|date| MaskedCpr(format!("{}-****", date.0))))
    }

    /// The fields whose values are not shown, and why.
    async fn withheld(&self, context: &Context<'_>) -> Result<Vec<Withheld>> {
        // A list may be a moment behind; the key tells.
        if self.row.status == ContactStatus::Erased || is_erased(context, self.contact()).await? {
            return Ok(erased(&PERSONAL));
        }
        if let Some(withheld) = forbidden(context, &PERSONAL) {
            return Ok(withheld);
        }
        let cpr =
            self.row.cpr_date.as_ref().map(|_| Withheld { field: "cpr", reason: WithheldReason::Masked });
        Ok(cpr.into_iter().collect())
    }

    #[graphql(flatten)]
    #[expect(clippy::unused_async, reason = "the macro takes a flattened field as it takes every other")]
    async fn reveals(&self) -> ContactReveals<'_> {
        ContactReveals { contact: &self.row, past: self.as_of.is_some(), nested: &self.nested }
    }

    /// Whether your role may erase it; a preview tells whether something keeps it.
    async fn viewer_can_erase(&self, context: &Context<'_>) -> bool {
        let role = request(context).session.caller.role;
        self.row.status == ContactStatus::Active && permits("contactAnonymise", role)
    }

    /// The stable reference under which another system knows the contact.
    async fn external_reference(&self) -> Option<&str> {
        self.row.external_reference.as_deref()
    }

    /// The unit that registered it; null once it was deleted.
    async fn unit(&self, context: &Context<'_>) -> Result<Option<Unit>> {
        let Some(unit) = self.row.unit_id else { return Ok(None) };
        Unit::by_id(context, unit.0).await
    }

    /// The units that have it: the one that registered it, and those with an item about it. Once it is anonymised,
    /// those that had it then.
    async fn units(&self, context: &Context<'_>) -> Result<Vec<Unit>> {
        let ids: Vec<Uuid> = self.row.units.iter().map(|unit| unit.0).collect();
        Ok(by_ids::<lethe_access::unit::UnitView>(context, &ids).await?.into_iter().map(Unit).collect())
    }

    /// When it was registered.
    async fn created_at(&self) -> DateTime<Utc> {
        self.row.created_at
    }

    /// When it last changed.
    async fn changed_at(&self) -> DateTime<Utc> {
        self.row.changed_at
    }

    /// When the first of its items expires.
    async fn next_expiry(&self) -> Option<Date> {
        self.row.next_expiry.map(Date)
    }

    /// The companies it belongs to.
    #[graphql(complexity = "crate::connection::weight(first, last, child_complexity)")]
    async fn companies(
        &self,
        context: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<Opaque, Company>> {
        nested::companies(context, self, &PageArguments { first, after, last, before }).await
    }

    /// The notes about it, the newest first.
    #[graphql(complexity = "crate::connection::weight(first, last, child_complexity)")]
    async fn notes(
        &self,
        context: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<Opaque, Note>> {
        nested::notes(context, self, &PageArguments { first, after, last, before }).await
    }

    /// Its consents, the newest first.
    #[graphql(complexity = "crate::connection::weight(first, last, child_complexity)")]
    async fn consents(
        &self,
        context: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<Opaque, Consent>> {
        nested::consents(context, self, &PageArguments { first, after, last, before }).await
    }

    /// Everything that happened to it, the oldest first.
    #[graphql(complexity = "crate::connection::weight(first, last, child_complexity)")]
    async fn history(
        &self,
        context: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<Opaque, Event>> {
        let slice = PageArguments { first, after, last, before };
        let until = self.as_of.map(|_| self.row.version);
        history(context, "contact", self.row.id.0, until, &slice).await
    }
}
