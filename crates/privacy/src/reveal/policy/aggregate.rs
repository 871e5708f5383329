use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use lethe_ledger::{Secrets, Stored};
use serde::{Deserialize, Serialize};

use super::error::{HIGHEST, MOST_PURPOSES, PolicyError};
use super::{LimitsSet, PolicyEvent, PurposesSet};
use crate::reveal::RevealError;

/// How many reveals of one user within an hour are usual, and how many are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// One more gives a warning.
    pub usual: u32,
    /// One more is refused.
    pub most: u32,
}

impl Default for Limits {
    /// What holds for a unit that has decided nothing: case work looks at a person every other minute at most.
    fn default() -> Self {
        Self { usual: 30, most: 100 }
    }
}

/// The purposes of a unit that has decided nothing.
#[must_use]
pub fn default_purposes() -> Vec<String> {
    ["CASE_WORK", "IDENTITY_CHECK", "DATA_SUBJECT_REQUEST", "SUPERVISION"].map(Into::into).into()
}

/// What a unit has decided about its reveals.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RevealPolicy {
    purposes: Option<Vec<String>>,
    limits: Option<Limits>,
}

/// What a unit can decide about its reveals.
#[derive(Clone, Debug)]
pub enum PolicyCommand {
    /// What a value may be revealed for.
    SetPurposes(Vec<String>),
    /// How many reveals are usual, and how many are allowed.
    SetLimits(Limits),
}

impl RevealPolicy {
    /// What a value may be revealed for.
    #[must_use]
    pub fn purposes(&self) -> Vec<String> {
        self.purposes.clone().unwrap_or_else(default_purposes)
    }

    /// How many reveals are usual, and how many are allowed.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limits.unwrap_or_default()
    }

    /// The purpose that a user gave, if it is one of the unit's.
    ///
    /// # Errors
    /// [`RevealError::Purpose`] with those there are.
    pub fn purpose(&self, given: &str) -> Result<String, RevealError> {
        let purposes = self.purposes();
        let known = purposes.iter().find(|purpose| *purpose == given).cloned();
        known.ok_or(RevealError::Purpose(purposes))
    }

    fn decide(&self, command: PolicyCommand) -> Result<Vec<PolicyEvent>, PolicyError> {
        let event = match command {
            PolicyCommand::SetPurposes(codes) if codes.is_empty() => return Err(PolicyError::NoPurpose),
            PolicyCommand::SetPurposes(codes) if codes.len() > MOST_PURPOSES => {
                return Err(PolicyError::TooManyPurposes(codes.len()));
            }
            PolicyCommand::SetPurposes(codes) if codes == self.purposes() => None,
            PolicyCommand::SetPurposes(codes) => Some(PolicyEvent::PurposesSet(PurposesSet { codes })),
            PolicyCommand::SetLimits(Limits { usual, most })
                if usual == 0 || most < usual || most > HIGHEST =>
            {
                return Err(PolicyError::Limits);
            }
            PolicyCommand::SetLimits(limits) if limits == self.limits() => None,
            PolicyCommand::SetLimits(Limits { usual, most }) => {
                Some(PolicyEvent::LimitsSet(LimitsSet { usual, most }))
            }
        };
        Ok(event.into_iter().collect())
    }
}

impl Aggregate for RevealPolicy {
    const TYPE: &'static str = "reveal_policy";
    type Command = PolicyCommand;
    type Event = PolicyEvent;
    type Error = PolicyError;
    type Services = Secrets;

    async fn handle(
        &mut self,
        command: PolicyCommand,
        _: &Secrets,
        sink: &EventSink<Self>,
    ) -> Result<(), PolicyError> {
        for event in self.decide(command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: PolicyEvent) {
        match event {
            PolicyEvent::PurposesSet(set) => self.purposes = Some(set.codes),
            PolicyEvent::LimitsSet(LimitsSet { usual, most }) => self.limits = Some(Limits { usual, most }),
        }
    }
}

impl Stored for RevealPolicy {}

#[cfg(test)]
mod tests {
    use cqrs_es::test::TestFramework;

    use super::*;

    fn codes(codes: &[&str]) -> Vec<String> {
        codes.iter().map(ToString::to_string).collect()
    }

    fn purposes(of: &[&str]) -> PolicyEvent {
        PolicyEvent::PurposesSet(PurposesSet { codes: codes(of) })
    }

    fn limits(usual: u32, most: u32) -> PolicyCommand {
        PolicyCommand::SetLimits(Limits { usual, most })
    }

    fn policy() -> TestFramework<RevealPolicy> {
        TestFramework::with(Secrets::default())
    }

    #[test]
    fn sets_purposes_and_limits() {
        policy()
            .given_no_previous_events()
            .when(PolicyCommand::SetPurposes(codes(&["AUDIT"])))
            .then_expect_events(vec![purposes(&["AUDIT"])]);
        policy()
            .given_no_previous_events()
            .when(limits(1, 1))
            .then_expect_events(vec![PolicyEvent::LimitsSet(LimitsSet { usual: 1, most: 1 })]);
    }

    #[test]
    fn stays_quiet_when_it_is_so_already() {
        let set = || PolicyCommand::SetPurposes(codes(&["AUDIT"]));
        policy().given(vec![purposes(&["AUDIT"])]).when(set()).then_expect_events(vec![]);
        let defaults = PolicyCommand::SetPurposes(default_purposes());
        policy().given_no_previous_events().when(defaults).then_expect_events(vec![]);
        policy().given_no_previous_events().when(limits(30, 100)).then_expect_events(vec![]);
    }

    #[test]
    fn refuses_what_makes_no_sense() {
        policy()
            .given_no_previous_events()
            .when(PolicyCommand::SetPurposes(Vec::new()))
            .then_expect_error(PolicyError::NoPurpose);
        let many = (0..51).map(|n| format!("P{n}")).collect();
        policy()
            .given_no_previous_events()
            .when(PolicyCommand::SetPurposes(many))
            .then_expect_error(PolicyError::TooManyPurposes(51));
        for (usual, most) in [(0, 10), (10, 9), (10, 10_001)] {
            policy()
                .given_no_previous_events()
                .when(limits(usual, most))
                .then_expect_error(PolicyError::Limits);
        }
    }

    #[test]
    fn a_purpose_is_one_of_the_units_own() {
        let mut policy = RevealPolicy::default();
        assert_eq!(policy.purpose("CASE_WORK").unwrap(), "CASE_WORK");
        policy.apply(purposes(&["AUDIT", "COURT"]));
        assert_eq!(policy.purpose("COURT").unwrap(), "COURT");
        for given in ["CASE_WORK", "", " ", "court", "COURT "] {
            let error = policy.purpose(given).unwrap_err();
            assert_eq!(error, RevealError::Purpose(codes(&["AUDIT", "COURT"])));
            assert!(error.to_string().contains("AUDIT, COURT"));
        }
    }
}
