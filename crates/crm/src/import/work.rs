//! The commands on the import's own stream. It grows with the file, so it is not read again for each of them.

use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use lethe_access::unit::{own_unit, storing_unit};
use lethe_kernel::{ErrorCode, ImportId};
use lethe_ledger::{Answer, Committed, Context, Failure, Ledger, UnitOfWork, Work};

use super::file::MappedFile;
use super::recognition::{Known, destroy_key, note_forgotten, subject};
use super::{Because, FilesCommand, Import, ImportCommand, ImportKind, RecognisedFiles, RowOutcome, Started};

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

    async fn command(&self, unit: &mut UnitOfWork<'_>) -> Result<ImportCommand, Failure> {
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

impl Note {
    /// Has the unit's recognised files follow: a file that begins may name anybody; one whose rows all became records
    /// names those. One that names somebody who is erased already is forgotten. Tells whether it was.
    async fn settle(
        &self,
        unit: &mut UnitOfWork<'_>,
        state: &Import,
        finds_erased: bool,
    ) -> Result<bool, Failure> {
        let Some(own) = state.unit() else { return Ok(false) };
        match &self.step {
            Step::Start { .. } => {
                unit.handle::<RecognisedFiles>(own, FilesCommand::Add(self.import)).await?;
            }
            Step::Next(ImportCommand::Finish) if state.tally().refused == 0 => {
                unit.handle::<RecognisedFiles>(own, FilesCommand::Settle(self.import)).await?;
            }
            Step::Next(_) if finds_erased => {
                let recognised = unit.load::<RecognisedFiles>(own).await?.has(self.import);
                if recognised {
                    destroy_key(unit, self.import).await?;
                    note_forgotten(unit, self.import, Because::Erasure).await?;
                }
                return Ok(recognised);
            }
            Step::Next(_) => {}
        }
        Ok(false)
    }
}

/// Whether a row is about somebody who is erased: a contact to whom its reference, or the row itself, leads, or a company
/// that was one person. The reference of a company may also have ended because it was closed.
fn any_erased(kind: Option<ImportKind>, outcomes: &[RowOutcome]) -> bool {
    let ended = (kind == Some(ImportKind::Contacts)).then_some(ErrorCode::ReferenceEnded.name());
    let of_erased = |code: &str| code == ErrorCode::Erased.name() || Some(code) == ended;
    outcomes.iter().any(|outcome| outcome.code.as_deref().is_some_and(of_erased))
}

impl Work for Note {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        let before = self.before.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Known { state, version }) = before {
            unit.assume(self.import, state, version);
        }
        let command = self.command(unit).await?;
        let version = unit.version::<Import>(self.import).await?;
        let kind = unit.load::<Import>(self.import).await?.kind();
        let finds_erased =
            matches!(&command, ImportCommand::Progress { outcomes, .. } if any_erased(kind, outcomes));
        let changed = unit.handle::<Import>(self.import, command).await?;
        let state = unit.load::<Import>(self.import).await?.clone();
        let forgotten = changed && self.settle(unit, &state, finds_erased).await?;
        let after = Known { state, version: version + i64::from(changed) + i64::from(forgotten) };
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
