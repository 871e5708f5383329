//! Consents.

mod mutation;

pub(crate) use mutation::ConsentMutation;

use async_graphql::connection::Connection;
use async_graphql::{Context, ID, InputObject, Object};
use chrono::{DateTime, Utc};
use lethe_crm::contact::ContactView;
use lethe_kernel::{ContactId, Subject, UnitId, UserError};
use lethe_privacy::consent::{
    ConsentFilter, ConsentOrder, ConsentRow, ConsentStatus, ConsentView, LegalBasis, consent_page,
};
use uuid::Uuid;

use crate::app::parts;
use crate::argument::{TimeRange, wait_for};
use crate::code::code;
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
use crate::scalar::{Date, Position};
use crate::unit::Unit;
use crate::visibility::Visibility;

#[derive(Clone)]
pub(crate) struct Consent(pub(crate) ConsentRow);

code! {
    /// Whether a consent stands.
    ConsentStatusField: "ConsentStatus" = ConsentStatus
}

code! {
    /// A legal basis of Article 6(1) of the GDPR.
    LegalBasisField: "LegalBasis" = LegalBasis
}

impl Identified for ConsentRow {
    fn id(&self) -> Uuid {
        self.id.0
    }

    fn is_seen(&self, by: Visibility) -> bool {
        by.is_own(self.unit_id)
    }
}

/// On what legal basis a unit may use a contact's data for one purpose, and whether that was withdrawn.
#[Object]
impl Consent {
    /// The consent's id.
    pub(crate) async fn id(&self) -> ID {
        Kind::Consent.id(self.0.id)
    }

    /// The number of its events; pass it as `expectedVersion`.
    async fn version(&self) -> i64 {
        self.0.version
    }

    /// Whether it stands.
    async fn status(&self) -> ConsentStatusField {
        self.0.status.into()
    }

    /// The contact.
    async fn contact(&self, context: &Context<'_>) -> Result<Option<Contact>> {
        Ok(by_id::<ContactView>(context, self.0.contact_id.0).await?.map(Contact::now))
    }

    /// The unit it was given to.
    async fn unit(&self, context: &Context<'_>) -> Result<Option<Unit>> {
        Unit::by_id(context, self.0.unit_id.0).await
    }

    /// What for: a code such as `NEWSLETTER`.
    async fn purpose(&self) -> &str {
        &self.0.purpose
    }

    /// The basis in law.
    async fn legal_basis(&self) -> LegalBasisField {
        self.0.legal_basis.into()
    }

    /// Where it comes from: a code such as `WEB_FORM`.
    async fn source(&self) -> &str {
        &self.0.source
    }

    /// The wording the person agreed to.
    async fn wording(&self, context: &Context<'_>) -> Result<Option<String>> {
        Ok(open(context, self.0.wording.as_ref(), self.0.contact_id).await?.map(|value| value.0))
    }

    /// What proves it.
    async fn proof(&self, context: &Context<'_>) -> Result<Option<String>> {
        Ok(open(context, self.0.proof.as_ref(), self.0.contact_id).await?.map(|value| value.0))
    }

    /// The fields whose values are not shown, and why: those sealed for a contact who was erased.
    async fn withheld(&self, context: &Context<'_>) -> Result<Vec<Withheld>> {
        const PERSONAL: [&str; 3] = ["wording", "proof", "withdrawalNote"];
        if self.0.status == ConsentStatus::Erased || is_erased(context, self.0.contact_id).await? {
            return Ok(erased(&PERSONAL));
        }
        Ok(forbidden(context, &PERSONAL).unwrap_or_default())
    }

    /// When it took effect.
    async fn effective_at(&self) -> DateTime<Utc> {
        self.0.effective_at
    }

    /// When it was recorded.
    async fn recorded_at(&self) -> DateTime<Utc> {
        self.0.recorded_at
    }

    /// Who recorded it.
    async fn recorded_by(&self) -> ID {
        Kind::User.id(self.0.recorded_by)
    }

    /// When the withdrawal took effect.
    async fn withdrawn_at(&self) -> Option<DateTime<Utc>> {
        self.0.withdrawn_at
    }

    /// When the withdrawal was recorded.
    async fn withdrawal_recorded_at(&self) -> Option<DateTime<Utc>> {
        self.0.withdrawal_recorded_at
    }

    /// The code of the reason for the withdrawal.
    async fn withdrawal_reason(&self) -> Option<&str> {
        self.0.withdrawal_reason.as_deref()
    }

    /// What was noted about the withdrawal.
    async fn withdrawal_note(&self, context: &Context<'_>) -> Result<Option<String>> {
        Ok(open(context, self.0.withdrawal_note.as_ref(), self.0.contact_id).await?.map(|value| value.0))
    }

    /// Since when it stands no longer: it was withdrawn, its day came, or its contact was erased.
    async fn ended_at(&self) -> Option<DateTime<Utc>> {
        self.0.ended_at
    }

    /// The first day on which the data is no longer kept for this purpose. On that day the consent expires.
    async fn kept_until(&self) -> Option<Date> {
        self.0.kept_until.map(Date)
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
        history(context, "consent", self.0.id.0, None, &PageArguments { first, after, last, before }).await
    }
}

/// Which consents are wanted; everything given must hold.
#[derive(InputObject, Default)]
pub(crate) struct ConsentFilterInput {
    /// Those given to a unit.
    unit: Option<ID>,
    /// Those of a contact.
    contact: Option<ID>,
    /// Those for a purpose.
    purpose: Option<String>,
    /// Those that stand, or that ended in some way.
    status: Option<ConsentStatusField>,
    /// By when they were first recorded.
    created: Option<TimeRange>,
    /// By when they last changed.
    changed: Option<TimeRange>,
}

/// What a list of consents is ordered by.
#[derive(InputObject, Clone, Copy, Default)]
pub(crate) struct ConsentOrderInput {
    /// The field.
    #[graphql(default)]
    by: ConsentOrderField,
    /// Whether the latest comes first.
    #[graphql(default)]
    descending: bool,
}

code! {
    /// The fields a list of consents can be ordered by.
    ConsentOrderField: "ConsentOrderField" = ConsentOrder
}

/// Queries about consents.
#[derive(Default)]
pub(crate) struct ConsentQuery;

#[Object]
impl ConsentQuery {
    /// A list of consents.
    #[doc = allowed!(consents)]
    #[graphql(complexity = "crate::connection::weight(first, last, child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn consents(
        &self,
        context: &Context<'_>,
        filter: Option<ConsentFilterInput>,
        order_by: Option<ConsentOrderInput>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        min_position: Option<Position>,
    ) -> Result<Connection<Opaque, Consent>> {
        wait_for(context, &[shown::<ConsentView>()], min_position).await?;
        let slice = PageArguments { first, after, last, before };
        let filter = filter.unwrap_or_default().read(Visibility::of(context)).map_err(refused)?;
        let order = order_by.unwrap_or_default();
        let order = ConsentOrder::from(order.by).sql(order.descending);
        let found = consent_page(&parts(context).pool, &filter, order, &slice.page()?).await?;
        let owners: Vec<Subject> = found.iter().map(|found| found.row.contact_id.into()).collect();
        keys::load(context, &owners).await?;
        slice.connection(found, Consent)
    }
}

impl ConsentFilterInput {
    fn read(self, seen: Visibility) -> Result<ConsentFilter, UserError> {
        let created = self.created.unwrap_or_default();
        let changed = self.changed.unwrap_or_default();
        Ok(ConsentFilter {
            units: seen
                .narrowed(self.unit.map(|id| Kind::Unit.read(&id, "filter.unit").map(UnitId)).transpose()?),
            contact: self
                .contact
                .map(|id| Kind::Contact.read(&id, "filter.contact").map(ContactId))
                .transpose()?,
            purpose: self.purpose,
            status: self.status.map(Into::into),
            created_from: created.from,
            created_until: created.until,
            changed_from: changed.from,
            changed_until: changed.until,
        })
    }
}
