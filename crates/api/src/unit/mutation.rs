use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object};
use lethe_access::unit::{AmendUnit, AppointDpm, RegisterUnit, Registered, UnitView};
use lethe_kernel::{UnitId, UserError, UserId};
use lethe_ledger::Work;

use super::{CountryField, Unit, UnitKindField};
use crate::argument::patch;
use crate::error::Result;
use crate::id::Kind;
use crate::kind::Shown;
use crate::mutate::{Outcome, changed, execute_access, payload};
use crate::permission::allowed;

/// A unit to register.
#[derive(InputObject)]
pub(crate) struct UnitRegisterInput {
    /// Its name.
    name: String,
    /// Where it is.
    country: CountryField,
    /// What it is.
    kind: UnitKindField,
    /// Its data protection manager, a registered user; without one it stores no contacts.
    dpm_id: Option<ID>,
    /// A UUID of your choice; see `contactRegister`.
    idempotency_key: Option<ID>,
}

/// What to change of a unit: a field that is absent stays.
#[derive(InputObject)]
pub(crate) struct UnitAmendInput {
    /// The unit.
    unit_id: ID,
    /// The version you have read; if it changed since, nothing is done.
    expected_version: Option<i64>,
    /// Its name.
    name: Option<String>,
    /// The number of its production unit, 10 digits; null empties it.
    p_number: MaybeUndefined<String>,
    /// A UUID of your choice; see `contactRegister`.
    idempotency_key: Option<ID>,
}

/// A data protection manager for a unit.
#[derive(InputObject)]
pub(crate) struct UnitDpmAppointInput {
    /// The unit.
    unit_id: ID,
    /// The user who becomes its data protection manager.
    user_id: ID,
    /// A UUID of your choice; see `contactRegister`.
    idempotency_key: Option<ID>,
}

payload! {
    /// The answer to `unitRegister`.
    UnitRegisterPayload { unit: Unit },
    /// The answer to `unitAmend`.
    UnitAmendPayload { unit: Unit },
    /// The answer to `unitDpmAppoint`.
    UnitDpmAppointPayload { unit: Unit },
}

/// Mutations of units.
#[derive(Default)]
pub(crate) struct UnitMutation;

#[Object]
impl UnitMutation {
    /// Registers a unit.
    #[doc = allowed!(unitRegister)]
    async fn unit_register(
        &self,
        context: &Context<'_>,
        input: UnitRegisterInput,
    ) -> Result<UnitRegisterPayload> {
        let unit = Registered { name: input.name, country: input.country.into(), kind: input.kind.into() };
        let dpm = input.dpm_id.map(|id| Kind::User.read(&id, "dpmId").map(UserId)).transpose();
        let work = dpm.map(|dpm| RegisterUnit { id: None, unit, dpm });
        let (outcome, unit) = act(context, "unitRegister", input.idempotency_key, work).await?;
        Ok(UnitRegisterPayload::new(outcome, unit))
    }

    /// Changes a unit's name or P-number.
    #[doc = allowed!(unitAmend)]
    async fn unit_amend(&self, context: &Context<'_>, input: UnitAmendInput) -> Result<UnitAmendPayload> {
        let work = Kind::Unit.read(&input.unit_id, "unitId").map(|unit| AmendUnit {
            unit: UnitId(unit),
            expected_version: input.expected_version,
            name: input.name,
            p_number: patch(input.p_number),
        });
        let (outcome, unit) = act(context, "unitAmend", input.idempotency_key, work).await?;
        Ok(UnitAmendPayload::new(outcome, unit))
    }

    /// Makes a user the data protection manager of a unit, in the place of the one it has: there is never more than one,
    /// and never again none. The first one is appointed by a system administrator, and nobody appoints themself.
    #[doc = allowed!(unitDpmAppoint)]
    async fn unit_dpm_appoint(
        &self,
        context: &Context<'_>,
        input: UnitDpmAppointInput,
    ) -> Result<UnitDpmAppointPayload> {
        let unit = Kind::Unit.read(&input.unit_id, "unitId").map(UnitId);
        let user = Kind::User.read(&input.user_id, "userId").map(UserId);
        let work = unit.and_then(|unit| Ok(AppointDpm { unit, user: user? }));
        let (outcome, unit) = act(context, "unitDpmAppoint", input.idempotency_key, work).await?;
        Ok(UnitDpmAppointPayload::new(outcome, unit))
    }
}

async fn act(
    context: &Context<'_>,
    mutation: &'static str,
    key: Option<ID>,
    work: std::result::Result<impl Work, UserError>,
) -> Result<(Outcome, Option<Unit>)> {
    let outcome = execute_access(context, mutation, key.as_ref(), work, Unit::VIEWS).await?;
    let unit = changed::<UnitView>(context, &outcome).await?.map(Unit);
    Ok((outcome, unit))
}
