//! Prospects.

mod mutation;

pub(crate) use mutation::ProspectMutation;

use async_graphql::connection::Connection;
use async_graphql::{Context, ID, InputObject, Object};
use chrono::{DateTime, Utc};
use lethe_crm::company::CompanyView;
use lethe_crm::contact::ContactView;
use lethe_crm::prospect::{ProspectFilter, ProspectOrder, ProspectRow, ProspectView, prospect_page};
use lethe_kernel::{CompanyId, ContactId, Subject, UnitId, UserError};
use uuid::Uuid;

use crate::app::parts;
use crate::argument::{TimeRange, wait_for};
use crate::code::code;
use crate::company::{Company, NaceVersionField};
use crate::connection::{Opaque, PageArguments};
use crate::contact::{Contact, Withheld, erased, forbidden};
use crate::error::{Result, refused};
use crate::event::Event;
use crate::history::history;
use crate::id::Kind;
use crate::keys::{self, is_erased, open};
use crate::kind::shown;
use crate::loader::{Identified, by_id};
use crate::permission::allowed;
use crate::scalar::Position;
use crate::unit::Unit;
use crate::visibility::Visibility;

#[derive(Clone)]
pub(crate) struct Prospect(pub(crate) ProspectRow);

impl Identified for ProspectRow {
    fn id(&self) -> Uuid {
        self.id.0
    }

    fn is_seen(&self, by: Visibility) -> bool {
        by.is_own(self.unit_id)
    }
}

/// A business idea without a company number, of exactly one contact. It is never converted into a company, but linked
/// to the one it founds.
#[Object]
impl Prospect {
    /// The prospect's id.
    pub(crate) async fn id(&self) -> ID {
        Kind::Prospect.id(self.0.id)
    }

    /// The number of its events; pass it as `expectedVersion`.
    async fn version(&self) -> i64 {
        self.0.version
    }

    /// What it is called; sealed for its contact.
    async fn title(&self, context: &Context<'_>) -> Result<Option<String>> {
        Ok(open(context, self.0.title.as_ref(), self.0.contact_id).await?.map(|title| title.0))
    }

    /// The fields whose values are not shown, and why: the title, once its contact was erased.
    async fn withheld(&self, context: &Context<'_>) -> Result<Vec<Withheld>> {
        let gone = self.0.title.is_none() || is_erased(context, self.0.contact_id).await?;
        Ok(if gone { erased(&["title"]) } else { forbidden(context, &["title"]).unwrap_or_default() })
    }

    /// The contact whose idea it is.
    async fn contact(&self, context: &Context<'_>) -> Result<Option<Contact>> {
        Ok(by_id::<ContactView>(context, self.0.contact_id.0).await?.map(Contact::now))
    }

    /// The company it founded.
    async fn company(&self, context: &Context<'_>) -> Result<Option<Company>> {
        let Some(company) = self.0.company_id else { return Ok(None) };
        Ok(by_id::<CompanyView>(context, company.0).await?.map(Company))
    }

    /// Its industry code, with dots.
    async fn nace_code(&self) -> Option<&str> {
        self.0.nace_code.as_deref()
    }

    /// The list the industry code is from.
    async fn nace_version(&self) -> Option<NaceVersionField> {
        self.0.nace_version.map(Into::into)
    }

    /// The stable reference under which another system knows it.
    async fn external_reference(&self) -> Option<&str> {
        self.0.external_reference.as_deref()
    }

    /// The unit that registered it.
    async fn unit(&self, context: &Context<'_>) -> Result<Option<Unit>> {
        Unit::by_id(context, self.0.unit_id.0).await
    }

    /// When it was registered.
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
        history(context, "prospect", self.0.id.0, None, &PageArguments { first, after, last, before }).await
    }
}

/// Which prospects are wanted; everything given must hold.
#[derive(InputObject, Default)]
pub(crate) struct ProspectFilterInput {
    /// Those that a unit registered.
    unit: Option<ID>,
    /// Those of a contact.
    contact: Option<ID>,
    /// Those that founded a company.
    company: Option<ID>,
    /// By when they were registered.
    created: Option<TimeRange>,
    /// By when they last changed.
    changed: Option<TimeRange>,
}

/// What a list of prospects is ordered by.
#[derive(InputObject, Clone, Copy, Default)]
pub(crate) struct ProspectOrderInput {
    /// The field.
    #[graphql(default)]
    by: ProspectOrderField,
    /// Whether the latest comes first.
    #[graphql(default)]
    descending: bool,
}

code! {
    /// The fields a list of prospects can be ordered by.
    ProspectOrderField: "ProspectOrderField" = ProspectOrder
}

/// Queries about prospects.
#[derive(Default)]
pub(crate) struct ProspectQuery;

#[Object]
impl ProspectQuery {
    /// A list of prospects.
    #[doc = allowed!(prospects)]
    #[graphql(complexity = "crate::connection::weight(first, last, child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn prospects(
        &self,
        context: &Context<'_>,
        filter: Option<ProspectFilterInput>,
        order_by: Option<ProspectOrderInput>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        min_position: Option<Position>,
    ) -> Result<Connection<Opaque, Prospect>> {
        wait_for(context, &[shown::<ProspectView>()], min_position).await?;
        let slice = PageArguments { first, after, last, before };
        let filter = filter.unwrap_or_default().read(Visibility::of(context)).map_err(refused)?;
        let order = order_by.unwrap_or_default();
        let order = ProspectOrder::from(order.by).sql(order.descending);
        let found = prospect_page(&parts(context).pool, &filter, order, &slice.page()?).await?;
        let owners: Vec<Subject> = found.iter().map(|found| found.row.contact_id.into()).collect();
        keys::load(context, &owners).await?;
        slice.connection(found, Prospect)
    }
}

impl ProspectFilterInput {
    fn read(self, seen: Visibility) -> Result<ProspectFilter, UserError> {
        let created = self.created.unwrap_or_default();
        let changed = self.changed.unwrap_or_default();
        Ok(ProspectFilter {
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
            created_from: created.from,
            created_until: created.until,
            changed_from: changed.from,
            changed_until: changed.until,
        })
    }
}
