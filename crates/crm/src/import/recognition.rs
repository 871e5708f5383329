//! Tells whether a file was imported before, without a hash of it that anybody else could compare; and has it forgotten.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cqrs_es::Aggregate;
use lethe_kernel::{ImportId, Subject, UnitId};
use lethe_ledger::{Failure, LedgerError, Parts, UnitOfWork};
use lethe_vault::{DestroyedKey, VaultError};
use uuid::Uuid;

use super::file::MappedFile;
use super::{Because, FilesCommand, Import, ImportCommand, ImportEvent, RecognisedFiles, Started};

/// An import's state and version.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    pub(super) state: Import,
    pub(super) version: i64,
}

/// The subject whose key an import's fingerprint dies with.
pub(super) fn subject(import: ImportId) -> Subject {
    Subject::document(import.0)
}

/// The earlier import of this file. It is looked for in the ledger itself, which a view may lag behind.
pub(super) async fn recognise(
    parts: &Parts,
    file: &MappedFile,
    unit: UnitId,
) -> Result<Option<(ImportId, Known)>, LedgerError> {
    let mut recognised = RecognisedFiles::default();
    for event in parts.stream_until(RecognisedFiles::TYPE, &[unit.0], None).await? {
        recognised.apply(event.decode()?);
    }
    let mut candidates = Vec::new();
    for event in parts.openings(Import::TYPE).await? {
        let import = ImportId(event.stream);
        match event.decode()? {
            ImportEvent::Started(started) if started.kind == file.kind && recognised.has(import) => {
                candidates.push((import, started));
            }
            _ => {}
        }
    }
    let subjects: Vec<Subject> = candidates.iter().map(|(import, _)| subject(*import)).collect();
    let keyring = parts.vault.keyring(&subjects).await?;
    for (import, Started { fingerprint, .. }) in candidates {
        let mac = BASE64_STANDARD.decode(fingerprint).unwrap_or_default();
        match keyring.input_is(subject(import), &file.digest, &mac) {
            Ok(true) => return Ok(Some((import, known(parts, import.0).await?))),
            // Its key was destroyed, and with it what could tell that it was this file.
            Ok(false) | Err(VaultError::Erased(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

/// Destroys the key of an import, and with it what can tell which file it was of, if the unit of work is appended. What
/// has it destroyed says so with [`note_forgotten`].
pub(super) async fn destroy_key(
    unit: &mut UnitOfWork<'_>,
    import: ImportId,
) -> Result<Vec<DestroyedKey>, LedgerError> {
    unit.destroy(subject(import), |_| true).await
}

/// Has the import's stream say that its key is destroyed, and the unit's that its file is not recognised any more.
///
/// # Errors
/// What can fail in loading.
pub async fn note_forgotten(
    unit: &mut UnitOfWork<'_>,
    import: ImportId,
    because: Because,
) -> Result<(), Failure> {
    // Nothing began it, in a ledger that was restored: there is nobody to tell.
    let Some(of) = unit.load::<Import>(import).await?.unit() else { return Ok(()) };
    unit.handle::<Import>(import, ImportCommand::Forget(because)).await?;
    unit.handle::<RecognisedFiles>(of, FilesCommand::Forget(import)).await?;
    Ok(())
}

/// An import's state, from the first and the last two events of its stream.
async fn known(parts: &Parts, import: Uuid) -> Result<Known, LedgerError> {
    let mut known = Known::default();
    for end in [(1, false), (2, true)] {
        for event in parts.stream_page(Import::TYPE, import, (known.version, i64::MAX), end).await? {
            known.version = event.sequence;
            known.state.apply(event.decode()?);
        }
    }
    Ok(known)
}
