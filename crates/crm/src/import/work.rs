//! The commands on the import's own stream. It grows with the file, so it is not read again for each of them.

use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use lethe_access::unit::{own_unit, storing_unit};
use lethe_kernel::ImportId;
use lethe_ledger::{Answer, Committed, Context, Failure, Ledger, Unit, Work};

use super::file::MappedFile;
use super::recognition::{Known, subject};
use super::{Import, ImportCommand, ImportKind, Started};

/// What to note.
pub(super) enum Step {
    /// That the import of a file begins or goes on.
    Start { kind: ImportKind, digest: [u8; 32], rows: u64 },
    /// What comes after.
    Next(ImportCommand),
}

impl Step {
    pub(super) fn start(file: &MappedFile) -> Self {
        Self::Start { kind: file.kind, digest: file.digest, rows: file.rows }
    }
}

/// Notes something in an import's stream.
pub(super) struct Note {
    import: ImportId,
    step: Step,
    /// The stream as this process knows it; used up by the first attempt.
    before: Mutex<Option<Known>>,
    after: Mutex<Known>,
}

impl Note {
    pub(super) fn new(import: ImportId, step: Step, known: Known) -> Self {
        Self { import, step, before: Mutex::new(Some(known)), after: Mutex::default() }
    }

    async fn command(&self, unit: &mut Unit<'_>) -> Result<ImportCommand, Failure> {
        match &self.step {
            Step::Next(command) => Ok(command.clone()),
            Step::Start { kind, digest, rows } => {
                match kind {
                    ImportKind::Contacts => storing_unit(unit).await?,
                    ImportKind::Companies => own_unit(unit).await?,
                };
                let fingerprint =
                    BASE64_STANDARD.encode(unit.keyed_digest(subject(self.import), digest).await?);
                let unit = unit.caller().unit;
                Ok(ImportCommand::Start(Started { kind: *kind, unit, fingerprint, rows: *rows }))
            }
        }
    }
}

impl Work for Note {
    async fn run(&self, unit: &mut Unit<'_>) -> Result<Answer, Failure> {
        let before = self.before.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Known { state, version }) = before {
            unit.assume(self.import, state, version);
        }
        let command = self.command(unit).await?;
        let version = unit.version::<Import>(self.import).await?;
        let changed = unit.handle::<Import>(self.import, command).await?;
        let state = unit.load::<Import>(self.import).await?.clone();
        let after = Known { state, version: version + i64::from(changed) };
        *self.after.lock().unwrap_or_else(PoisonError::into_inner) = after;
        Ok(Answer::of(self.import))
    }
}

/// Notes something and answers the stream as it then is.
pub(super) async fn note(
    ledger: &Ledger,
    context: &Context,
    note: Note,
) -> Result<(Known, Committed), Failure> {
    let committed = ledger.execute(context, &note).await?;
    Ok((note.after.into_inner().unwrap_or_else(PoisonError::into_inner), committed))
}
