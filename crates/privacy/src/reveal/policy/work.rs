use lethe_access::unit::own_unit;
use lethe_crm::reference;
use lethe_ledger::{Answer, Failure, UnitOfWork, Work};

use super::{Limits, PolicyCommand, RevealPolicy};

/// Sets what values may be revealed for in the caller's unit. Answers the unit.
pub struct SetPurposes(pub Vec<String>);

impl Work for SetPurposes {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        let mut codes: Vec<String> = Vec::new();
        for given in &self.0 {
            let code = reference::code("codes", given)?;
            if !codes.contains(&code) {
                codes.push(code);
            }
        }
        decide(unit, PolicyCommand::SetPurposes(codes)).await
    }
}

/// Sets how many reveals an hour are usual, and how many are allowed, in the caller's unit. Answers the unit.
pub struct SetLimits(pub Limits);

impl Work for SetLimits {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        decide(unit, PolicyCommand::SetLimits(self.0)).await
    }
}

async fn decide(unit: &mut UnitOfWork<'_>, command: PolicyCommand) -> Result<Answer, Failure> {
    own_unit(unit).await?;
    let own = unit.caller().unit;
    unit.handle::<RevealPolicy>(own, command).await?;
    Ok(Answer::of(own))
}
