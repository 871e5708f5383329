//! Tells whether a file was imported before, without a hash of it that anybody else could compare.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cqrs_es::Aggregate;
use lethe_kernel::{ImportId, Subject, UnitId};
use lethe_ledger::{LedgerError, Parts};
use lethe_vault::VaultError;
use uuid::Uuid;

use super::file::MappedFile;
use super::{Import, ImportEvent, Started};

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
    let mut candidates = Vec::new();
    for event in parts.openings(Import::TYPE).await? {
        let import = ImportId(event.stream);
        match event.decode()? {
            ImportEvent::Started(started) if started.kind == file.kind && started.unit == unit => {
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

/// An import's state, from the first and the last event of its stream.
async fn known(parts: &Parts, import: Uuid) -> Result<Known, LedgerError> {
    let mut known = Known::default();
    for from_end in [false, true] {
        for event in parts.stream_page(Import::TYPE, import, (known.version, i64::MAX), (1, from_end)).await?
        {
            known.version = event.sequence;
            known.state.apply(event.decode()?);
        }
    }
    Ok(known)
}
