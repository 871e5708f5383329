use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use lethe_kernel::{ErrorCode, Rule};
use lethe_ledger::{Secrets, Stored};
use serde::{Deserialize, Serialize};

use super::{Registered, UnitEvent};

/// The state of a unit that rules need.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Unit {
    registered: Option<Registered>,
}

/// Why a unit's command is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// A unit's name, country and kind are fixed when it is registered.
    #[error("A unit with this id is registered already, with other data. Use the registered unit.")]
    AlreadyRegistered,
}

impl Rule for UnitError {
    fn code(&self) -> ErrorCode {
        ErrorCode::AlreadyExists
    }
}

impl Unit {
    /// What was registered, if the unit exists.
    #[must_use]
    pub fn registered(&self) -> Option<&Registered> {
        self.registered.as_ref()
    }

    fn decide(&self, register: Registered) -> Result<Vec<UnitEvent>, UnitError> {
        match &self.registered {
            None => Ok(vec![UnitEvent::Registered(register)]),
            Some(registered) if *registered == register => Ok(Vec::new()),
            Some(_) => Err(UnitError::AlreadyRegistered),
        }
    }
}

impl Aggregate for Unit {
    const TYPE: &'static str = "unit";
    type Command = Registered;
    type Event = UnitEvent;
    type Error = UnitError;
    type Services = Secrets;

    async fn handle(
        &mut self,
        command: Registered,
        _: &Secrets,
        sink: &EventSink<Self>,
    ) -> Result<(), UnitError> {
        for event in self.decide(command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: UnitEvent) {
        let UnitEvent::Registered(registered) = event;
        self.registered = Some(registered);
    }
}

impl Stored for Unit {}

#[cfg(test)]
mod tests {
    use cqrs_es::test::TestFramework;
    use lethe_nordic::Country;

    use super::*;
    use crate::UnitKind;

    fn north() -> Registered {
        Registered { name: "North".into(), country: Country::Denmark, kind: UnitKind::BusinessHub }
    }

    fn unit() -> TestFramework<Unit> {
        TestFramework::with(Secrets::default())
    }

    #[test]
    fn registers() {
        unit()
            .given_no_previous_events()
            .when(north())
            .then_expect_events(vec![UnitEvent::Registered(north())]);
    }

    #[test]
    fn stays_quiet_when_registered_again_alike() {
        unit().given(vec![UnitEvent::Registered(north())]).when(north()).then_expect_events(vec![]);
    }

    #[test]
    fn refuses_other_data_for_the_same_unit() {
        let other = Registered { kind: UnitKind::Other, ..north() };
        unit()
            .given(vec![UnitEvent::Registered(north())])
            .when(other)
            .then_expect_error(UnitError::AlreadyRegistered);
    }
}
