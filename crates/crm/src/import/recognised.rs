//! Which files of a unit are recognised, in a stream with the unit's id. Whoever erases a contact of the unit, or a company
//! that is one person, loads it in the same unit of work, so that no import begins, or comes to its end, behind the erasure's back.

use std::collections::BTreeMap;

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use lethe_kernel::{ErrorCode, ImportId, Rule};
use lethe_ledger::{Audience, Change, Described, Secrets, Stored, domain_event};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The imports of a unit whose files are recognised: those whose keys are there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RecognisedFiles {
    files: BTreeMap<ImportId, Names>,
}

/// Whom a file names, as far as the ledger knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Names {
    /// The contacts and sole proprietors whose streams name the import, and nobody else.
    Known,
    /// Perhaps somebody else too: not all rows are dealt with, or one was refused.
    Anybody,
}

/// What can be asked of the recognised files of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilesCommand {
    /// An import of this file begins, or begins again.
    Add(ImportId),
    /// Every row of it has become a record.
    Settle(ImportId),
    /// Its key is destroyed.
    Forget(ImportId),
}

/// What happened to the recognised files of a unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum FilesEvent {
    /// A file is recognised; it may name anybody.
    Added(Added),
    /// Whom a file names is known.
    Settled(Settled),
    /// A file is not recognised any more.
    Forgotten(NoLonger),
}

/// A file is recognised from now on. Until it is settled, it may name anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Added {
    /// Its import.
    pub import: ImportId,
}

/// Every row of a file has become a record: it names the contacts and sole proprietors whose streams name the import,
/// and nobody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// Its import.
    pub import: ImportId,
}

/// A file is not recognised any more: the key of its import is destroyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoLonger {
    /// Its import.
    pub import: ImportId,
}

/// No rule: what is asked twice is done once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoRule {}

impl Rule for NoRule {
    fn code(&self) -> ErrorCode {
        match *self {}
    }
}

domain_event!(FilesEvent {
    Added = "recognised_files.added" v "1",
    Settled = "recognised_files.settled" v "1",
    Forgotten = "recognised_files.forgotten" v "1",
});

impl Described for FilesEvent {
    fn changes(&self, _: Uuid) -> Vec<Change> {
        let (import, recognised) = match self {
            Self::Added(event) => (event.import, true),
            Self::Settled(event) => (event.import, true),
            Self::Forgotten(event) => (event.import, false),
        };
        vec![Change::object("import", "Operation", import), Change::set("recognised", recognised)]
    }

    fn audience(&self) -> Audience {
        match self {
            Self::Added(_) | Self::Settled(_) | Self::Forgotten(_) => Audience::Everybody,
        }
    }
}

impl RecognisedFiles {
    /// Whether the file of an import is recognised.
    #[must_use]
    pub fn has(&self, import: ImportId) -> bool {
        self.files.contains_key(&import)
    }

    /// The imports whose files may name anybody: those that have not come to their end, and those that refused rows.
    pub fn of_anybody(&self) -> impl Iterator<Item = ImportId> {
        self.files.iter().filter(|(_, names)| **names == Names::Anybody).map(|(import, _)| *import)
    }

    fn decide(&self, command: FilesCommand) -> Vec<FilesEvent> {
        match (command, self.files.get(&command.import())) {
            (FilesCommand::Add(import), None | Some(Names::Known)) => {
                vec![FilesEvent::Added(Added { import })]
            }
            (FilesCommand::Settle(import), Some(Names::Anybody)) => {
                vec![FilesEvent::Settled(Settled { import })]
            }
            (FilesCommand::Forget(import), Some(_)) => vec![FilesEvent::Forgotten(NoLonger { import })],
            _ => Vec::new(),
        }
    }
}

impl FilesCommand {
    fn import(self) -> ImportId {
        match self {
            Self::Add(import) | Self::Settle(import) | Self::Forget(import) => import,
        }
    }
}

impl Aggregate for RecognisedFiles {
    const TYPE: &'static str = "recognised_files";
    type Command = FilesCommand;
    type Event = FilesEvent;
    type Error = NoRule;
    type Services = Secrets;

    async fn handle(
        &mut self,
        command: FilesCommand,
        _: &Secrets,
        sink: &EventSink<Self>,
    ) -> Result<(), NoRule> {
        for event in self.decide(command) {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: FilesEvent) {
        match event {
            FilesEvent::Added(event) => self.files.insert(event.import, Names::Anybody),
            FilesEvent::Settled(event) => self.files.insert(event.import, Names::Known),
            FilesEvent::Forgotten(event) => self.files.remove(&event.import),
        };
    }
}

impl Stored for RecognisedFiles {}

#[cfg(test)]
mod tests {
    use cqrs_es::test::TestFramework;

    use super::*;

    const ONE: ImportId = ImportId(Uuid::from_u128(1));
    const OTHER: ImportId = ImportId(Uuid::from_u128(2));

    fn files() -> TestFramework<RecognisedFiles> {
        TestFramework::with(Secrets::default())
    }

    fn added() -> FilesEvent {
        FilesEvent::Added(Added { import: ONE })
    }

    fn settled() -> FilesEvent {
        FilesEvent::Settled(Settled { import: ONE })
    }

    fn forgotten() -> FilesEvent {
        FilesEvent::Forgotten(NoLonger { import: ONE })
    }

    #[test]
    fn a_file_is_added_settled_added_again_and_forgotten() {
        let (add, settle, forget) =
            (FilesCommand::Add(ONE), FilesCommand::Settle(ONE), FilesCommand::Forget(ONE));
        files().given_no_previous_events().when(add).then_expect_events(vec![added()]);
        files().given(vec![added()]).when(settle).then_expect_events(vec![settled()]);
        files().given(vec![added(), settled()]).when(add).then_expect_events(vec![added()]);
        files().given(vec![added()]).when(forget).then_expect_events(vec![forgotten()]);
        files().given(vec![added(), settled()]).when(forget).then_expect_events(vec![forgotten()]);
    }

    #[test]
    fn what_is_asked_twice_or_of_a_file_that_is_forgotten_stays_quiet() {
        let (add, settle, forget) =
            (FilesCommand::Add(ONE), FilesCommand::Settle(ONE), FilesCommand::Forget(ONE));
        files().given(vec![added()]).when(add).then_expect_events(vec![]);
        files().given(vec![added(), settled()]).when(settle).then_expect_events(vec![]);
        for command in [settle, forget] {
            files().given_no_previous_events().when(command).then_expect_events(vec![]);
            files().given(vec![added(), forgotten()]).when(command).then_expect_events(vec![]);
        }
    }

    #[test]
    fn a_file_may_name_anybody_until_it_is_settled() {
        let mut state = RecognisedFiles::default();
        let anybody = |state: &RecognisedFiles| state.of_anybody().collect::<Vec<_>>();
        state.apply(added());
        state.apply(FilesEvent::Added(Added { import: OTHER }));
        assert_eq!(anybody(&state), [ONE, OTHER]);
        state.apply(settled());
        assert_eq!((anybody(&state), state.has(ONE)), (vec![OTHER], true));
        state.apply(added());
        assert_eq!(anybody(&state), [ONE, OTHER]);
        state.apply(forgotten());
        assert_eq!((anybody(&state), state.has(ONE)), (vec![OTHER], false));
    }
}
