//! What expires when, and the policies that say so.

use async_graphql::connection::Connection;
use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};
use lethe_crm::contact::ItemKind;
use lethe_crm::expiry::{Effect, PolicyRow, PolicySet, PolicyView, SetPolicy};
use lethe_crm::note::NoteView;
use lethe_kernel::UnitId;
use lethe_ledger::rows;
use lethe_privacy::consent::ConsentView;
use lethe_privacy::retention::{Due, DueKind, ScheduleFilter, ScheduleView, schedule_page};
use uuid::Uuid;

use crate::app::{app, parts};
use crate::argument::{count, wait_for};
use crate::code::code;
use crate::connection::{Opaque, PageArguments};
use crate::consent::Consent;
use crate::error::{Result, refused};
use crate::id::Kind;
use crate::kind::{Shown, ShownView, shown};
use crate::loader::{Identified, by_id};
use crate::mutate::{changed, execute, payload};
use crate::note::Note;
use crate::permission::allowed;
use crate::scalar::{Date, Position};
use crate::unit::Unit;
use crate::visibility::Visibility;

code! {
    /// What happens to an item that expires.
    EffectField: "ExpiryEffect" = Effect
}

/// The kinds of items that expire.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(name = "ItemKind", remote = "ItemKind")]
pub(crate) enum ItemKindField {
    /// A note.
    Note,
}

code! {
    /// The kinds of what falls due.
    DueKindField: "DueKind" = DueKind
}

#[derive(Clone)]
pub(crate) struct ScheduleEntry(Due);

/// Something that falls due: a note that will expire, or a consent that will end.
#[Object]
impl ScheduleEntry {
    /// What it is.
    async fn kind(&self) -> DueKindField {
        self.0.kind.into()
    }

    /// The first day on which it has expired.
    async fn expires_on(&self) -> Date {
        Date(self.0.due)
    }

    /// What then happens to a note; null for a consent, which ends.
    async fn effect(&self) -> Option<EffectField> {
        self.0.effect.map(Into::into)
    }

    /// Whose it is.
    async fn unit(&self, context: &Context<'_>) -> Result<Option<Unit>> {
        Unit::by_id(context, self.0.unit_id.0).await
    }

    /// The note, if it is one.
    async fn note(&self, context: &Context<'_>) -> Result<Option<Note>> {
        if self.0.kind != DueKind::Note {
            return Ok(None);
        }
        Ok(by_id::<NoteView>(context, self.0.id).await?.map(Note))
    }

    /// The consent, if it is one.
    async fn consent(&self, context: &Context<'_>) -> Result<Option<Consent>> {
        if self.0.kind != DueKind::Consent {
            return Ok(None);
        }
        Ok(by_id::<ConsentView>(context, self.0.id).await?.map(Consent))
    }
}

/// What is wanted; everything given must hold.
#[derive(InputObject, Default)]
pub(crate) struct ScheduleFilterInput {
    /// Those of a unit.
    unit: Option<ID>,
    /// Those that expire on this day or later.
    from: Option<Date>,
    /// Those that expire before this day.
    until: Option<Date>,
    /// Those of a kind.
    kind: Option<DueKindField>,
    /// Notes with an effect.
    effect: Option<EffectField>,
}

/// How long items live where nothing else is set: a policy of a unit.
#[derive(SimpleObject, Clone)]
pub(crate) struct ExpiryPolicy {
    /// The kind of item.
    kind: ItemKindField,
    /// The months from creation.
    months: u32,
    /// What then happens.
    effect: EffectField,
    /// The first day of creation it applies to.
    effective_from: Date,
}

impl From<PolicySet> for ExpiryPolicy {
    fn from(set: PolicySet) -> Self {
        Self {
            kind: set.kind.into(),
            months: set.months,
            effect: set.effect.into(),
            effective_from: Date(set.effective_from),
        }
    }
}

impl Shown for ExpiryPolicy {
    const VIEWS: &'static [ShownView] = &[shown::<PolicyView>()];
}

impl Identified for PolicyRow {
    fn id(&self) -> Uuid {
        self.id
    }

    fn is_seen(&self, by: Visibility) -> bool {
        by.is_own(UnitId(self.id))
    }
}

impl Identified for Due {
    fn id(&self) -> Uuid {
        self.id
    }

    fn is_seen(&self, by: Visibility) -> bool {
        by.is_own(self.unit_id)
    }
}

/// Queries about expiry.
#[derive(Default)]
pub(crate) struct ExpiryQuery;

#[Object]
impl ExpiryQuery {
    /// What expires when, the next first.
    #[doc = allowed!(expirySchedule)]
    #[graphql(complexity = "crate::connection::weight(first, last, child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn expiry_schedule(
        &self,
        context: &Context<'_>,
        filter: Option<ScheduleFilterInput>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        min_position: Option<Position>,
    ) -> Result<Connection<Opaque, ScheduleEntry>> {
        wait_for(context, &[shown::<ScheduleView>()], min_position).await?;
        let slice = PageArguments { first, after, last, before };
        let filter = filter.unwrap_or_default();
        let unit = filter.unit.map(|id| Kind::Unit.read(&id, "filter.unit").map(UnitId)).transpose();
        let filter = ScheduleFilter {
            units: Visibility::of(context).narrowed(unit.map_err(refused)?),
            from: filter.from.map(|date| date.0),
            until: filter.until.map(|date| date.0),
            kind: filter.kind.map(Into::into),
            effect: filter.effect.map(Into::into),
        };
        let found = schedule_page(&parts(context).pool, &filter, &slice.page()?).await;
        slice.connection(found?, ScheduleEntry)
    }

    /// The expiry policies of a unit, the earliest first. Where none is in force, items expire after three years.
    #[doc = allowed!(expiryPolicies)]
    async fn expiry_policies(
        &self,
        context: &Context<'_>,
        unit: ID,
        min_position: Option<Position>,
    ) -> Result<Vec<ExpiryPolicy>> {
        wait_for(context, &[shown::<PolicyView>()], min_position).await?;
        let unit = Kind::Unit.read(&unit, "unit").map_err(refused)?;
        let found = rows::<PolicyView>(&parts(context).pool, &[unit]).await?;
        Ok(found.into_iter().flat_map(policies).collect())
    }
}

fn policies(row: PolicyRow) -> Vec<ExpiryPolicy> {
    row.policies.into_iter().map(|policy| policy.set.into()).collect()
}

/// A policy of your unit.
#[derive(InputObject)]
pub(crate) struct ExpiryPolicySetInput {
    /// The kind of item.
    kind: ItemKindField,
    /// The months from creation; at least one, and no more than the longest period of this server, 30 years by default.
    months: i32,
    /// What then happens.
    effect: EffectField,
    /// The first day of creation it applies to.
    effective_from: Date,
    /// A UUID of your choice; see `contactRegister`.
    idempotency_key: Option<ID>,
}

payload! {
    /// The answer to `expiryPolicySet`.
    ExpiryPolicySetPayload { policies: Vec<ExpiryPolicy> },
}

/// Mutations of expiry policies.
#[derive(Default)]
pub(crate) struct ExpiryMutation;

#[Object]
impl ExpiryMutation {
    /// Sets how long items of your unit live where nothing else is set. Unit administrators and DPMs only.
    #[doc = allowed!(expiryPolicySet)]
    async fn expiry_policy_set(
        &self,
        context: &Context<'_>,
        input: ExpiryPolicySetInput,
    ) -> Result<ExpiryPolicySetPayload> {
        let policy = PolicySet {
            kind: input.kind.into(),
            months: count(input.months),
            effect: input.effect.into(),
            effective_from: input.effective_from.0,
        };
        let work = SetPolicy { policy, longest: app(context).longest };
        let key = input.idempotency_key.as_ref();
        let outcome =
            execute(context, "expiryPolicySet", key, Ok(work), ExpiryPolicySetPayload::VIEWS).await?;
        let set = changed::<PolicyView>(context, &outcome).await?.map(policies);
        Ok(ExpiryPolicySetPayload::new(outcome, set))
    }
}
