use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use lethe_privacy::reveal::{Limits, RevealPolicyRow, RevealPolicyView, SetLimits, SetPurposes};
use uuid::Uuid;

use crate::app::request;
use crate::argument::count;
use crate::error::Result;
use crate::kind::{Shown, ShownView, shown};
use crate::loader::{Identified, by_id};
use crate::mutate::{changed, execute, payload};
use crate::permission::allowed;
use crate::visibility::Visibility;

/// What holds for the reveals of a unit.
#[derive(SimpleObject)]
pub(crate) struct RevealRules {
    /// What a masked value may be revealed for, in the order in which it is offered.
    reveal_purposes: Vec<String>,
    /// How many reveals of one user within an hour are usual, and how many are allowed.
    reveal_limits: RevealLimits,
}

/// How many reveals of one user within an hour are usual, and how many are allowed.
#[derive(SimpleObject)]
pub(crate) struct RevealLimits {
    /// One more gives a warning, once an hour.
    usual: u32,
    /// One more is refused.
    most: u32,
}

impl Identified for RevealPolicyRow {
    fn id(&self) -> Uuid {
        self.id
    }

    fn is_seen(&self, _: Visibility) -> bool {
        true
    }
}

impl Shown for RevealRules {
    const VIEWS: &'static [ShownView] = &[shown::<RevealPolicyView>()];
}

impl From<RevealPolicyRow> for RevealRules {
    fn from(row: RevealPolicyRow) -> Self {
        let reveal_limits = RevealLimits { usual: row.usual, most: row.most };
        Self { reveal_purposes: row.purposes, reveal_limits }
    }
}

impl RevealRules {
    /// The rules of a unit; the defaults if it has decided nothing.
    pub(crate) async fn of(context: &Context<'_>, unit: Uuid) -> Result<Self> {
        let decided = by_id::<RevealPolicyView>(context, unit).await?;
        Ok(decided.unwrap_or_else(|| RevealPolicyRow::undecided(unit)).into())
    }
}

/// What your unit's reveals may be for.
#[derive(InputObject)]
pub(crate) struct RevealPurposesSetInput {
    /// The codes, in the order in which they are offered; at most 50. They replace the present ones.
    codes: Vec<String>,
    /// A UUID of your choice; see `contactRegister`.
    idempotency_key: Option<ID>,
}

/// How much your unit's users may reveal.
#[derive(InputObject)]
pub(crate) struct RevealLimitsSetInput {
    /// How many reveals of one user within an hour are usual; one more gives a warning.
    usual: i32,
    /// How many are allowed; one more is refused. At most 10,000.
    most: i32,
    /// A UUID of your choice; see `contactRegister`.
    idempotency_key: Option<ID>,
}

payload! {
    /// The answer to `revealPurposesSet`.
    RevealPurposesSetPayload { rules: RevealRules },
    /// The answer to `revealLimitsSet`.
    RevealLimitsSetPayload { rules: RevealRules },
}

/// Mutations of what a unit decides about its reveals.
#[derive(Default)]
pub(crate) struct RevealPolicyMutation;

#[Object]
impl RevealPolicyMutation {
    /// Sets what masked values may be revealed for in your unit.
    #[doc = allowed!(revealPurposesSet)]
    async fn reveal_purposes_set(
        &self,
        context: &Context<'_>,
        input: RevealPurposesSetInput,
    ) -> Result<RevealPurposesSetPayload> {
        let (key, work) = (input.idempotency_key.as_ref(), SetPurposes(input.codes));
        let outcome =
            execute(context, "revealPurposesSet", key, Ok(work), RevealPurposesSetPayload::VIEWS).await?;
        let rules = decided(context, &outcome).await?;
        Ok(RevealPurposesSetPayload::new(outcome, rules))
    }

    /// Sets how many reveals of one user within an hour are usual, and how many are allowed, in your unit.
    #[doc = allowed!(revealLimitsSet)]
    async fn reveal_limits_set(
        &self,
        context: &Context<'_>,
        input: RevealLimitsSetInput,
    ) -> Result<RevealLimitsSetPayload> {
        let key = input.idempotency_key.as_ref();
        let work = SetLimits(Limits { usual: count(input.usual), most: count(input.most) });
        let outcome =
            execute(context, "revealLimitsSet", key, Ok(work), RevealLimitsSetPayload::VIEWS).await?;
        let rules = decided(context, &outcome).await?;
        Ok(RevealLimitsSetPayload::new(outcome, rules))
    }
}

/// What holds now; also if nothing had to be changed and nothing was ever decided.
async fn decided(context: &Context<'_>, outcome: &crate::mutate::Outcome) -> Result<Option<RevealRules>> {
    if outcome.object().is_none() {
        return Ok(None);
    }
    let row = changed::<RevealPolicyView>(context, outcome).await?;
    let unit = request(context).session.caller.unit.0;
    Ok(Some(row.unwrap_or_else(|| RevealPolicyRow::undecided(unit)).into()))
}
