use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use lethe_kernel::UnitId;
use lethe_ledger::{Secrets, Stored};
use serde::{Deserialize, Serialize};

use super::{
    Finished, Forgotten, ImportCommand, ImportEvent, ImportKind, ImportRefusal, Progressed, RowOutcome,
    Started, Tally,
};

/// The state of an import that rules need. Every event replaces what it is about, except the one that says that its file
/// is forgotten, of which there is one at most: so the first and the last two events of a stream give it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Import {
    started: Option<Started>,
    through_row: u64,
    tally: Tally,
    finished: bool,
}

type Decision = Result<Vec<ImportEvent>, ImportRefusal>;

impl Import {
    /// The number of the last row that was dealt with.
    #[must_use]
    pub fn through_row(&self) -> u64 {
        self.through_row
    }

    /// What became of the rows so far.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// Whether the file's end was reached.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.finished
    }

    /// The unit that imports, once it is started.
    #[must_use]
    pub fn unit(&self) -> Option<UnitId> {
        self.started.as_ref().map(|started| started.unit)
    }

    /// What its rows are, once it is started.
    pub(super) fn kind(&self) -> Option<ImportKind> {
        self.started.as_ref().map(|started| started.kind)
    }

    fn decide(&self, command: ImportCommand) -> Decision {
        match (command, &self.started) {
            (ImportCommand::Start(event), None) => Ok(vec![ImportEvent::Started(event)]),
            (ImportCommand::Start(event), Some(started)) if !event.is_of_the_file_of(started) => {
                Err(ImportRefusal::AnotherFile)
            }
            (ImportCommand::Start(event), Some(_)) if self.finished => Ok(vec![ImportEvent::Started(event)]),
            (ImportCommand::Start(_), Some(_)) => Ok(Vec::new()),
            (_, None) => Err(ImportRefusal::Unknown),
            // Who has its key destroyed knows that it was there.
            (ImportCommand::Forget(because), Some(_)) => {
                Ok(vec![ImportEvent::Forgotten(Forgotten { because })])
            }
            // Another process may run the same import: what it has noted is not noted again.
            (_, Some(_)) if self.finished => Ok(Vec::new()),
            (ImportCommand::Progress { through_row, outcomes }, Some(_)) => {
                Ok(self.progress(through_row, outcomes))
            }
            (ImportCommand::Finish, Some(_)) => {
                Ok(vec![ImportEvent::Finished(Finished { rows: self.tally.rows(), tally: self.tally })])
            }
        }
    }

    fn progress(&self, through_row: u64, mut outcomes: Vec<RowOutcome>) -> Vec<ImportEvent> {
        outcomes.retain(|outcome| outcome.row > self.through_row);
        if outcomes.is_empty() {
            return Vec::new();
        }
        let mut tally = self.tally;
        tally.add(&outcomes);
        vec![ImportEvent::Progressed(Progressed { through_row, tally, outcomes })]
    }
}

impl Aggregate for Import {
    const TYPE: &'static str = "import";
    type Command = ImportCommand;
    type Event = ImportEvent;
    type Error = ImportRefusal;
    type Services = Secrets;

    async fn handle(
        &mut self,
        command: ImportCommand,
        _: &Secrets,
        sink: &EventSink<Self>,
    ) -> Result<(), ImportRefusal> {
        for event in self.decide(command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: ImportEvent) {
        match event {
            ImportEvent::Started(event) => *self = Self { started: Some(event), ..Self::default() },
            ImportEvent::Progressed(event) => {
                self.through_row = event.through_row;
                self.tally = event.tally;
                self.finished = false;
            }
            ImportEvent::Finished(event) => {
                self.through_row = 0;
                self.tally = event.tally;
                self.finished = true;
            }
            // Its rows go on as they do.
            ImportEvent::Forgotten(_) => {}
        }
    }
}

impl Stored for Import {}

#[cfg(test)]
mod tests;
