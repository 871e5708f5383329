//! Notes.

mod kind;
mod mutation;

pub(crate) use kind::{NoteKindMutation, NoteRules};
pub(crate) use mutation::NoteMutation;

use async_graphql::connection::Connection;
use async_graphql::{Context, ID, InputObject, Object};
use chrono::{DateTime, Utc};
use lethe_crm::company::CompanyView;
use lethe_crm::contact::ContactView;
use lethe_crm::note::{NoteFilter, NoteOrder, NoteRow, NoteStatus, NoteView, note_page};
use lethe_kernel::{CompanyId, ContactId, Subject, UnitId};
use uuid::Uuid;

use self::kind::NatureField;
use crate::app::parts;
use crate::argument::{AsOf, TimeRange, wait_for};
use crate::code::code;
use crate::company::Company;
use crate::connection::{Opaque, PageArguments};
use crate::contact::{Contact, Withheld, WithheldReason, erased, forbidden, notes_at};
use crate::error::{Result, refused};
use crate::event::Event;
use crate::expiry::EffectField;
use crate::history::history;
use crate::id::Kind;
use crate::keys::{self, is_erased, open};
use crate::kind::shown;
use crate::loader::{Identified, asked, by_id, by_ids};
use crate::permission::allowed;
use crate::reveal::NoteReveals;
use crate::scalar::{Date, Position};
use crate::unit::Unit;
use crate::visibility::Visibility;

#[derive(Clone)]
pub(crate) struct Note(pub(crate) NoteRow);

code! {
    /// Whether a note is still there.
    NoteStatusField: "NoteStatus" = NoteStatus
}

impl Identified for NoteRow {
    fn id(&self) -> Uuid {
        self.id.0
    }

    fn is_seen(&self, by: Visibility) -> bool {
        by.is_own(self.unit_id)
    }
}

/// Free text about contacts or a company.
#[Object]
impl Note {
    /// The note's id.
    pub(crate) async fn id(&self) -> ID {
        Kind::Note.id(self.0.id)
    }

    /// The number of its events; pass it as `expectedVersion`.
    async fn version(&self) -> i64 {
        self.0.version
    }

    /// Whether it is still there.
    async fn status(&self) -> NoteStatusField {
        self.0.status.into()
    }

    /// Whose note it is.
    async fn unit(&self, context: &Context<'_>) -> Result<Option<Unit>> {
        Unit::by_id(context, self.0.unit_id.0).await
    }

    /// What its unit calls it: a code from the unit's `noteKinds` at the time.
    async fn kind(&self) -> Option<&str> {
        self.0.kind.as_deref()
    }

    /// What it is by nature, whatever its unit calls it.
    async fn nature(&self) -> Option<NatureField> {
        self.0.nature.map(Into::into)
    }

    /// The text; null if it is withheld. `noteReveal` shows a masked one, and logs it.
    async fn text(&self, context: &Context<'_>) -> Result<Option<String>> {
        if self.0.contains_sensitive {
            return Ok(None);
        }
        Ok(open(context, self.0.text.as_ref(), self.0.id).await?.map(|text| text.0))
    }

    /// The fields whose values are not shown, and why. The text of a note with sensitive data is masked; that of a note
    /// that has ended, or that named a contact who was erased, is erased.
    async fn withheld(&self, context: &Context<'_>) -> Result<Vec<Withheld>> {
        if self.0.text.is_none() || is_erased(context, self.0.id).await? {
            return Ok(erased(&["text"]));
        }
        if let Some(withheld) = forbidden(context, &["text"]) {
            return Ok(withheld);
        }
        let hidden = self.0.contains_sensitive;
        Ok(hidden.then_some(Withheld { field: "text", reason: WithheldReason::Masked }).into_iter().collect())
    }

    #[graphql(flatten)]
    #[expect(clippy::unused_async, reason = "the macro takes a flattened field as it takes every other")]
    async fn reveals(&self) -> NoteReveals<'_> {
        NoteReveals(&self.0)
    }

    /// Whether it is declared to contain personal data.
    async fn contains_personal(&self) -> bool {
        self.0.contains_personal
    }

    /// Whether it is declared to contain sensitive data.
    async fn contains_sensitive(&self) -> bool {
        self.0.contains_sensitive
    }

    /// The first day on which it has expired, from 00:00 Europe/Copenhagen; null if it never does.
    async fn expires_on(&self) -> Option<Date> {
        self.0.expires_on.map(Date)
    }

    /// What then happens.
    async fn effect(&self) -> Option<EffectField> {
        self.0.effect.map(Into::into)
    }

    /// The contacts it concerns; at most 500.
    #[graphql(complexity = "crate::connection::cost(100, child_complexity)")]
    async fn contacts(&self, context: &Context<'_>) -> Result<Vec<Contact>> {
        let ids: Vec<Uuid> = self.0.contacts.iter().map(|named| named.contact_id.0).collect();
        let named = by_ids::<ContactView>(context, &ids).await?.into_iter();
        Ok(named.filter(|contact| !contact.is_deleted()).map(Contact::now).collect())
    }

    /// The company it concerns.
    async fn company(&self, context: &Context<'_>) -> Result<Option<Company>> {
        let Some(company) = self.0.company_id else { return Ok(None) };
        Ok(by_id::<CompanyView>(context, company.0).await?.map(Company))
    }

    /// When it was written.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When it last changed.
    async fn changed_at(&self) -> DateTime<Utc> {
        self.0.changed_at
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
        history(context, "note", self.0.id.0, None, &PageArguments { first, after, last, before }).await
    }
}

/// Which notes are wanted; everything given must hold.
#[derive(InputObject, Default)]
pub(crate) struct NoteFilterInput {
    /// Those of a unit.
    unit: Option<ID>,
    /// Those that name a contact.
    contact: Option<ID>,
    /// Those about a company.
    company: Option<ID>,
    /// Those with a status.
    status: Option<NoteStatusField>,
    /// By when they were written.
    created: Option<TimeRange>,
    /// By when they last changed.
    changed: Option<TimeRange>,
    /// Those that expire on this day or later.
    expires_from: Option<Date>,
    /// Those that expire before this day.
    expires_before: Option<Date>,
}

/// What a list of notes is ordered by.
#[derive(InputObject, Clone, Copy, Default)]
pub(crate) struct NoteOrderInput {
    /// The field.
    #[graphql(default)]
    by: NoteOrderField,
    /// Whether the latest comes first.
    #[graphql(default)]
    descending: bool,
}

code! {
    /// The fields a list of notes can be ordered by.
    NoteOrderField: "NoteOrderField" = NoteOrder
}

/// Queries about notes.
#[derive(Default)]
pub(crate) struct NoteQuery;

#[Object]
impl NoteQuery {
    /// One note, now or as of a moment of the past; what was erased since stays erased.
    #[doc = allowed!(note)]
    async fn note(
        &self,
        context: &Context<'_>,
        id: ID,
        as_of: Option<AsOf>,
        min_position: Option<Position>,
    ) -> Result<Option<Note>> {
        let id = Kind::Note.read(&id, "id").map_err(refused)?;
        wait_for(context, &[shown::<NoteView>()], min_position).await?;
        let row = match as_of {
            Some(moment) => notes_at(context, &[id], moment.position(context).await?).await?.remove(&id),
            None => by_id::<NoteView>(context, id).await?,
        };
        Ok(row.map(Note))
    }

    /// A list of notes.
    #[doc = allowed!(notes)]
    #[graphql(complexity = "crate::connection::weight(first, last, child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn notes(
        &self,
        context: &Context<'_>,
        filter: Option<NoteFilterInput>,
        order_by: Option<NoteOrderInput>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        min_position: Option<Position>,
    ) -> Result<Connection<Opaque, Note>> {
        wait_for(context, &[shown::<NoteView>()], min_position).await?;
        let slice = PageArguments { first, after, last, before };
        let filter = filter.unwrap_or_default().read(Visibility::of(context)).map_err(refused)?;
        let order = order_by.unwrap_or_default();
        let order = NoteOrder::from(order.by).sql(order.descending);
        let reads = asked(&context.look_ahead(), &["contacts"]);
        let found = note_page(&parts(context).pool, &reads, &filter, order, &slice.page()?).await?;
        let documents: Vec<Subject> = found.iter().map(|found| found.row.id.into()).collect();
        keys::load(context, &documents).await?;
        slice.connection(found, Note)
    }
}

impl NoteFilterInput {
    fn read(self, seen: Visibility) -> Result<NoteFilter, lethe_kernel::UserError> {
        let created = self.created.unwrap_or_default();
        let changed = self.changed.unwrap_or_default();
        Ok(NoteFilter {
            units: seen
                .narrowed(self.unit.map(|id| Kind::Unit.read(&id, "filter.unit").map(UnitId)).transpose()?),
            contact: self
                .contact
                .map(|id| Kind::Contact.read(&id, "filter.contact").map(ContactId))
                .transpose()?,
            company: self
                .company
                .map(|id| Kind::Company.read(&id, "filter.company").map(CompanyId))
                .transpose()?,
            status: self.status.map(Into::into),
            created_from: created.from,
            created_until: created.until,
            changed_from: changed.from,
            changed_until: changed.until,
            expires_from: self.expires_from.map(|date| date.0),
            expires_before: self.expires_before.map(|date| date.0),
        })
    }
}
