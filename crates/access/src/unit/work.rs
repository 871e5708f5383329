//! The commands on units, over every aggregate they touch.

use lethe_kernel::{Caller, ErrorCode, Patch, Role, UnitId, UserError, UserId, text};
use lethe_ledger::{Answer, Failure, Work};
use lethe_nordic::PNumber;

use super::{Amended, Registered, Unit, UnitCommand, UnitError};
use crate::user::{User, UserCommand, administers, forbidden};

/// Registers a unit, with its first DPM if one is named. System administrators only. Answers the unit.
pub struct RegisterUnit {
    /// The id it gets; a new one if left out.
    pub id: Option<UnitId>,
    /// What is registered.
    pub unit: Registered,
    /// Its first DPM: a registered user. Without one the unit stores no contacts (R51).
    pub dpm: Option<UserId>,
}

impl Work for RegisterUnit {
    async fn run(&self, unit: &mut lethe_ledger::UnitOfWork<'_>) -> Result<Answer, Failure> {
        if !is_system(unit.caller()) {
            return Err(forbidden("Only a system administrator may register a unit.").into());
        }
        let name = text::line("name", &self.unit.name)?
            .ok_or_else(|| UserError::at(ErrorCode::Required, "name", "A unit needs a name."))?;
        let id = self.id.unwrap_or_else(|| UnitId(unit.new_id()));
        unit.handle::<Unit>(id, UnitCommand::Register(Registered { name, ..self.unit.clone() })).await?;
        if let Some(dpm) = self.dpm {
            AppointDpm { unit: id, user: dpm }.run(unit).await.map_err(|failure| failure.at("dpmId"))?;
        }
        Ok(Answer::of(id))
    }
}

/// Changes a unit's name or P-number. Its own administrators, and system administrators. Answers the unit.
pub struct AmendUnit {
    /// The unit.
    pub unit: UnitId,
    /// The version the caller has seen.
    pub expected_version: Option<i64>,
    /// The new name.
    pub name: Option<String>,
    /// The number of its production unit.
    pub p_number: Patch<String>,
}

impl Work for AmendUnit {
    async fn run(&self, unit: &mut lethe_ledger::UnitOfWork<'_>) -> Result<Answer, Failure> {
        existing_unit(unit, self.unit).await?;
        if !administers(unit.caller(), self.unit) {
            return Err(forbidden("Only an administrator of the unit may change it.").into());
        }
        unit.expect::<Unit>(self.unit, self.expected_version).await?;
        let required = || UserError::at(ErrorCode::Required, "name", "A unit needs a name.");
        let name = match &self.name {
            Some(name) => Some(text::line("name", name)?.ok_or_else(required)?),
            None => None,
        };
        let checked = |text: String| PNumber::parse(&text).map(|number| number.as_str().to_owned());
        let p_number = self
            .p_number
            .clone()
            .try_map(checked)
            .map_err(|error| UserError::at(ErrorCode::InvalidValue, "pNumber", error.to_string()))?;
        unit.handle::<Unit>(self.unit, UnitCommand::Amend(Amended { name, p_number })).await?;
        Ok(Answer::of(self.unit))
    }
}

/// Makes a user the DPM of a unit, in the place of the one it has: the unit never has two, and never again none.
/// System administrators; its own administrators once it has one. Answers the unit.
pub struct AppointDpm {
    /// The unit.
    pub unit: UnitId,
    /// The user.
    pub user: UserId,
}

impl Work for AppointDpm {
    async fn run(&self, unit: &mut lethe_ledger::UnitOfWork<'_>) -> Result<Answer, Failure> {
        let caller = unit.caller();
        let former = existing_unit(unit, self.unit).await?.dpm();
        if !(is_system(caller) || former.is_some() && administers(caller, self.unit)) {
            return Err(forbidden(
                "Only a system administrator may appoint a unit's first DPM, and only an administrator of the unit \
                 another one.",
            )
            .into());
        }
        if caller.user == self.user {
            return Err(forbidden("Nobody appoints themself. Ask another administrator.").into());
        }
        if former == Some(self.user) {
            return Ok(Answer::of(self.unit));
        }
        // Both streams say it, in one step: the user's, so that a DPM is not off-boarded without a successor.
        unit.handle::<User>(self.user, UserCommand::BecomeDpm(self.unit)).await?;
        if let Some(former) = former {
            unit.handle::<User>(former, UserCommand::CeaseAsDpm(self.unit)).await?;
        }
        unit.handle::<Unit>(self.unit, UnitCommand::AppointDpm(self.user)).await?;
        Ok(Answer::of(self.unit))
    }
}

/// A unit that must be registered, be it in this very step.
///
/// # Errors
/// `NOT_FOUND`, and what can fail in loading.
pub(crate) async fn existing_unit<'u>(
    unit: &'u mut lethe_ledger::UnitOfWork<'_>,
    id: UnitId,
) -> Result<&'u Unit, Failure> {
    let found = unit.load::<Unit>(id).await?;
    if found.registered().is_some() { Ok(found) } else { Err(UserError::from(UnitError::Unknown).into()) }
}

/// The unit in whose name the caller acts.
///
/// # Errors
/// `NOT_FOUND` if nobody registered it, and what can fail in loading.
pub async fn own_unit(unit: &mut lethe_ledger::UnitOfWork<'_>) -> Result<Registered, Failure> {
    let id = unit.caller().unit;
    let registered = unit.load::<Unit>(id).await?.registered().cloned();
    registered.ok_or_else(|| UserError::from(UnitError::OwnUnknown).into())
}

/// The unit in whose name the caller acts, which is to store data of persons and so needs a DPM (R51).
///
/// # Errors
/// `RULE_VIOLATED` if it has no DPM, and as [`own_unit`].
pub async fn storing_unit(unit: &mut lethe_ledger::UnitOfWork<'_>) -> Result<Registered, Failure> {
    let own = own_unit(unit).await?;
    let id = unit.caller().unit;
    match unit.load::<Unit>(id).await?.dpm() {
        Some(_) => Ok(own),
        None => Err(UserError::from(UnitError::NoDpm).into()),
    }
}

fn is_system(caller: Caller) -> bool {
    matches!(caller.role, Role::SystemAdministrator | Role::System)
}
