use lethe_access::unit::own_unit;
use lethe_kernel::{ErrorCode, Role, UserError};
use lethe_ledger::{Answer, Failure, Unit, Work};

use super::{ExpiryPolicies, PolicySet};

/// Sets the caller's unit's policy for a kind of item, from a day on. Answers the unit.
pub struct SetPolicy(pub PolicySet);

impl Work for SetPolicy {
    async fn run(&self, unit: &mut Unit<'_>) -> Result<Answer, Failure> {
        own_unit(unit).await?;
        if !matches!(
            unit.caller().role,
            Role::UnitAdministrator | Role::Dpm | Role::SystemAdministrator | Role::System
        ) {
            return Err(UserError::new(
                ErrorCode::Forbidden,
                "Only a unit administrator or the DPM may set when the unit's items expire.",
            )
            .into());
        }
        let own = unit.caller().unit;
        unit.handle::<ExpiryPolicies>(own, self.0).await?;
        Ok(Answer::of(own))
    }
}
