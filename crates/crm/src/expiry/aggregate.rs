use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use lethe_kernel::{ErrorCode, Rule};
use lethe_ledger::{Secrets, Stored};
use serde::{Deserialize, Serialize};

use super::{PolicyEvent, PolicySet, SetPolicy};

/// The expiry policies of one unit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ExpiryPolicies {
    set: Vec<PolicySet>,
}

/// Why a policy is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The number of months makes no sense.
    #[error("An expiry policy has 1 to {0} months.")]
    Months(u32),
}

impl Rule for PolicyError {
    fn code(&self) -> ErrorCode {
        ErrorCode::InvalidValue
    }

    fn field(&self) -> Vec<String> {
        vec!["months".to_owned()]
    }
}

impl ExpiryPolicies {
    /// The policies, in the order in which they were set; a later one replaces an earlier one of the same day.
    #[must_use]
    pub fn all(&self) -> &[PolicySet] {
        &self.set
    }

    fn decide(&self, SetPolicy { policy, longest }: SetPolicy) -> Result<Vec<PolicyEvent>, PolicyError> {
        let most = longest.in_months();
        if !(1..=most).contains(&policy.months) {
            return Err(PolicyError::Months(most));
        }
        Ok(if self.set.contains(&policy) { Vec::new() } else { vec![PolicyEvent::Set(policy)] })
    }
}

impl Aggregate for ExpiryPolicies {
    const TYPE: &'static str = "expiry_policy";
    type Command = SetPolicy;
    type Event = PolicyEvent;
    type Error = PolicyError;
    type Services = Secrets;

    async fn handle(
        &mut self,
        command: SetPolicy,
        _: &Secrets,
        sink: &EventSink<Self>,
    ) -> Result<(), PolicyError> {
        for event in self.decide(command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: PolicyEvent) {
        let PolicyEvent::Set(set) = event;
        self.set.retain(|old| (old.kind, old.effective_from) != (set.kind, set.effective_from));
        self.set.push(set);
    }
}

impl Stored for ExpiryPolicies {}

#[cfg(test)]
mod tests {
    use cqrs_es::test::TestFramework;

    use super::*;
    use crate::contact::ItemKind;
    use crate::expiry::{Effect, Longest};

    fn policy(months: u32) -> PolicySet {
        let effective_from = "2026-01-01".parse().unwrap();
        PolicySet { kind: ItemKind::Note, months, effect: Effect::Delete, effective_from }
    }

    fn set(months: u32) -> SetPolicy {
        SetPolicy { policy: policy(months), longest: Longest::default() }
    }

    fn policies() -> TestFramework<ExpiryPolicies> {
        TestFramework::with(Secrets::default())
    }

    #[test]
    fn sets_and_replaces() {
        policies()
            .given_no_previous_events()
            .when(set(12))
            .then_expect_events(vec![PolicyEvent::Set(policy(12))]);
        policies()
            .given(vec![PolicyEvent::Set(policy(12))])
            .when(set(24))
            .then_expect_events(vec![PolicyEvent::Set(policy(24))]);
    }

    #[test]
    fn stays_quiet_when_it_is_set_already() {
        policies().given(vec![PolicyEvent::Set(policy(12))]).when(set(12)).then_expect_events(vec![]);
    }

    #[test]
    fn refuses_no_months_and_too_many() {
        policies().given_no_previous_events().when(set(0)).then_expect_error(PolicyError::Months(360));
        policies().given_no_previous_events().when(set(361)).then_expect_error(PolicyError::Months(360));
    }
}
