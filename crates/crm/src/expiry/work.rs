use lethe_access::unit::own_unit;
use lethe_kernel::{ErrorCode, Role, UserError};
use lethe_ledger::{Answer, Failure, UnitOfWork, Work};

use super::{ExpiryPolicies, Longest, PolicySet};

/// Sets the caller's unit's policy for a kind of item, from a day on. Answers the unit.
#[derive(Clone, Copy, Debug)]
pub struct SetPolicy {
    /// The policy.
    pub policy: PolicySet,
    /// How long items may live.
    pub longest: Longest,
}

impl Work for SetPolicy {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
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
        unit.handle::<ExpiryPolicies>(own, *self).await?;
        Ok(Answer::of(own))
    }
}
