use lethe_kernel::{ErrorCode, Role, UnitId, UserError, text};
use lethe_ledger::{Answer, Failure, Work};

use super::{Registered, Unit};

/// Registers a unit. System administrators only.
pub struct RegisterUnit {
    /// The id it gets; a new one if left out.
    pub id: Option<UnitId>,
    /// What is registered.
    pub unit: Registered,
}

impl Work for RegisterUnit {
    async fn run(&self, unit: &mut lethe_ledger::Unit<'_>) -> Result<Answer, Failure> {
        if !matches!(unit.caller().role, Role::SystemAdministrator | Role::System) {
            return Err(UserError::new(
                ErrorCode::Forbidden,
                "Only a system administrator may register a unit.",
            )
            .into());
        }
        let name = text::line("name", &self.unit.name)?
            .ok_or_else(|| UserError::at(ErrorCode::Required, "name", "A unit needs a name."))?;
        let id = self.id.unwrap_or_else(|| UnitId(unit.new_id()));
        unit.handle::<Unit>(id, Registered { name, ..self.unit.clone() }).await?;
        Ok(Answer::of(id))
    }
}

/// The unit in whose name the caller acts.
///
/// # Errors
/// `NOT_FOUND` if nobody registered it, and what can fail in loading.
pub async fn own_unit(unit: &mut lethe_ledger::Unit<'_>) -> Result<Registered, Failure> {
    let id = unit.caller().unit;
    let state = unit.load::<Unit>(id).await?;
    state.registered().cloned().ok_or_else(|| {
        UserError::new(
            ErrorCode::NotFound,
            "The unit you act for is not registered. A system administrator registers it with unitRegister.",
        )
        .into()
    })
}
