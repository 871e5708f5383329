use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use lethe_kernel::{Patch, UserId};
use lethe_ledger::{Secrets, Stored};
use serde::{Deserialize, Serialize};

use super::{Amended, DpmAppointed, Registered, UnitCommand, UnitError, UnitEvent};

/// The state of a unit that rules need.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Unit {
    registered: Option<Registered>,
    p_number: Option<String>,
    dpm: Option<UserId>,
}

type Decision = Result<Vec<UnitEvent>, UnitError>;

impl Unit {
    /// What is registered of it, if the unit exists.
    #[must_use]
    pub fn registered(&self) -> Option<&Registered> {
        self.registered.as_ref()
    }

    /// Its DPM, if it has had one since it exists; it then always has exactly one (R51).
    #[must_use]
    pub fn dpm(&self) -> Option<UserId> {
        self.dpm
    }

    fn decide(&self, command: UnitCommand) -> Decision {
        match (command, &self.registered) {
            (UnitCommand::Register(register), None) => Ok(vec![UnitEvent::Registered(register)]),
            (UnitCommand::Register(register), Some(registered)) if *registered == register => Ok(Vec::new()),
            (UnitCommand::Register(_), Some(_)) => Err(UnitError::AlreadyRegistered),
            (_, None) => Err(UnitError::Unknown),
            (UnitCommand::Amend(change), Some(registered)) => {
                let change = self.real(change, registered);
                let is_real = change != Amended::default();
                Ok(is_real.then_some(UnitEvent::Amended(change)).into_iter().collect())
            }
            (UnitCommand::AppointDpm(user), Some(_)) if self.dpm == Some(user) => Ok(Vec::new()),
            (UnitCommand::AppointDpm(user), Some(_)) => {
                Ok(vec![UnitEvent::DpmAppointed(DpmAppointed { user })])
            }
        }
    }

    /// What of a change is really one.
    fn real(&self, change: Amended, registered: &Registered) -> Amended {
        let p_number = match change.p_number {
            Patch::Clear if self.p_number.is_none() => Patch::Keep,
            Patch::Set(number) if self.p_number.as_ref() == Some(&number) => Patch::Keep,
            patch => patch,
        };
        Amended { name: change.name.filter(|name| *name != registered.name), p_number }
    }
}

impl Aggregate for Unit {
    const TYPE: &'static str = "unit";
    type Command = UnitCommand;
    type Event = UnitEvent;
    type Error = UnitError;
    type Services = Secrets;

    async fn handle(
        &mut self,
        command: UnitCommand,
        _: &Secrets,
        sink: &EventSink<Self>,
    ) -> Result<(), UnitError> {
        for event in self.decide(command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: UnitEvent) {
        match event {
            UnitEvent::Registered(registered) => self.registered = Some(registered),
            UnitEvent::Amended(Amended { name, p_number }) => {
                if let (Some(registered), Some(name)) = (&mut self.registered, name) {
                    registered.name = name;
                }
                p_number.apply(&mut self.p_number);
            }
            UnitEvent::DpmAppointed(DpmAppointed { user }) => self.dpm = Some(user),
        }
    }
}

impl Stored for Unit {}

#[cfg(test)]
mod tests;
