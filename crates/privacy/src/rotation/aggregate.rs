use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use lethe_kernel::{ErrorCode, Rule};
use lethe_ledger::{Answer, Failure, Secrets, Stored, UnitOfWork, Work};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{RootDestroyed, VaultEvent};

/// The keys of the installation as a whole; its stream has the id of the installation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyVault {
    /// The newest root that is known to be gone.
    destroyed: i64,
}

/// What can be said of the vault.
#[derive(Clone, Debug)]
pub enum VaultCommand {
    /// A root is gone everywhere.
    TellDestroyed(RootDestroyed),
}

/// The vault breaks no rule: what is said of it has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultRule {}

impl Rule for VaultRule {
    fn code(&self) -> ErrorCode {
        match *self {}
    }
}

impl Aggregate for KeyVault {
    const TYPE: &'static str = "vault";
    type Command = VaultCommand;
    type Event = VaultEvent;
    type Error = VaultRule;
    type Services = Secrets;

    async fn handle(
        &mut self,
        command: VaultCommand,
        _: &Secrets,
        sink: &EventSink<Self>,
    ) -> Result<(), VaultRule> {
        match command {
            VaultCommand::TellDestroyed(event) if event.epoch > self.destroyed => {
                sink.write(VaultEvent::RootDestroyed(event), self).await;
            }
            VaultCommand::TellDestroyed(_) => {}
        }
        Ok(())
    }

    fn apply(&mut self, event: VaultEvent) {
        match event {
            VaultEvent::RootDestroyed(event) => self.destroyed = event.epoch,
            VaultEvent::KeysRotated(_) | VaultEvent::Restored(_) | VaultEvent::ErasureReconciled(_) => {}
        }
    }
}

impl Stored for KeyVault {}

/// Says something of the vault; once, however often it is tried.
pub(super) struct Tell {
    pub(super) installation: Uuid,
    pub(super) command: VaultCommand,
}

impl Work for Tell {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        unit.handle::<KeyVault>(self.installation, self.command.clone()).await?;
        Ok(Answer::of(self.installation))
    }
}

#[cfg(test)]
mod tests {
    use cqrs_es::test::TestFramework;

    use super::*;

    fn destroyed(epoch: i64) -> RootDestroyed {
        RootDestroyed { epoch, switched_position: 9, custodians: vec!["file:root.key".into()] }
    }

    #[test]
    fn the_end_of_a_root_is_told_once() {
        let vault = || TestFramework::<KeyVault>::with(Secrets::default());
        let told = vec![VaultEvent::RootDestroyed(destroyed(1))];
        let tell = |epoch| VaultCommand::TellDestroyed(destroyed(epoch));
        vault().given_no_previous_events().when(tell(1)).then_expect_events(told.clone());
        vault().given(told.clone()).when(tell(1)).then_expect_events(vec![]);
        vault().given(told).when(tell(2)).then_expect_events(vec![VaultEvent::RootDestroyed(destroyed(2))]);
    }
}
