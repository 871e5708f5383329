//! What a witness knows, on the disk before it is told to anyone.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use lethe_tlog::checkpoint::Checkpoint;
use lethe_tlog::note::{Note, Signer, VerifierKey};
use lethe_tlog::sha256;
use lethe_tlog::witness::{AddCheckpoint, Refusal, Seen};
use serde_json::json;

use super::WitnessError;
use crate::error::Error;

/// Where evidence is kept.
const REFUSED: &str = "refused.jsonl";

/// How long that file may get, in bytes. By then everybody knows.
const MOST_EVIDENCE: u64 = 64 << 20;

/// Why a request is not answered with a cosignature.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotCosigned {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("What would be cosigned cannot be stored: {0}.")]
    Storage(#[from] io::Error),
    #[error("The cryptographic library refused to sign.")]
    Signing,
}

/// The witness's knowledge. One process has it at a time.
pub(super) struct Memory {
    folder: PathBuf,
    signer: Signer,
    logs: BTreeMap<String, Log>,
    evidence: File,
    /// Held as long as this value lives.
    _lock: File,
}

/// What is known of a log.
struct Log {
    keys: Vec<VerifierKey>,
    seen: Seen,
    /// The cosigned checkpoint.
    note: Option<String>,
    /// The checkpoint that was refused last, so that it is recorded once.
    refused: String,
}

impl Memory {
    /// Reads what was cosigned before.
    ///
    /// # Errors
    /// [`Error::InUse`], [`Error::File`], [`WitnessError::Damaged`].
    pub(super) fn open(folder: &Path, signer: Signer, keys: &[VerifierKey]) -> Result<Self, Error> {
        std::fs::create_dir_all(folder).map_err(Error::file("create", folder))?;
        let lock = lock(folder)?;
        let path = folder.join(REFUSED);
        let evidence = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(&path)
            .map_err(Error::file("open", &path))?;
        let mut logs: BTreeMap<String, Log> = BTreeMap::new();
        for key in keys {
            let log = logs.entry(key.name().to_owned()).or_insert_with(|| Log {
                keys: Vec::new(),
                seen: Seen::default(),
                note: None,
                refused: String::new(),
            });
            log.keys.push(key.clone());
        }
        for (origin, log) in &mut logs {
            log.load(&file(folder, origin), origin, signer.verifier())?;
        }
        Ok(Self { folder: folder.to_owned(), signer, logs, evidence, _lock: lock })
    }

    /// Cosigns a checkpoint if it continues what was cosigned last. The line is answered when that is on the disk.
    ///
    /// # Errors
    /// [`NotCosigned`]; nothing was cosigned then.
    pub(super) fn add(&mut self, request: &AddCheckpoint, now: DateTime<Utc>) -> Result<String, NotCosigned> {
        let origin = request.origin();
        let log = self.logs.get_mut(origin).ok_or(Refusal::UnknownLog)?;
        let checkpoint = request.open(&log.keys)?;
        if let Err(refusal) = request.continues(&checkpoint, log.seen) {
            if let Some(reason) = evidence(&refusal, &checkpoint, log.seen) {
                record(&mut self.evidence, log, request, reason, now)?;
            }
            return Err(refusal.into());
        }
        let time = u64::try_from(now.timestamp()).unwrap_or_default();
        let line = self.signer.sign(&request.checkpoint, time).map_err(|_| NotCosigned::Signing)?;
        let note = log.cosigned(&request.checkpoint, &line).ok_or(NotCosigned::Signing)?;
        replace(&self.folder, &file(&self.folder, origin), &note)?;
        log.seen = Seen { size: checkpoint.size, root: checkpoint.root };
        log.note = Some(note);
        Ok(line.to_string())
    }

    /// The checkpoint that was cosigned last of the log with that hash of its origin.
    pub(super) fn latest(&self, origin_hash: &str) -> Option<&str> {
        let log = self.logs.iter().find(|(origin, _)| name(origin) == origin_hash);
        log.and_then(|(_, log)| log.note.as_deref())
    }
}

impl Log {
    fn load(&mut self, path: &Path, origin: &str, own: &VerifierKey) -> Result<(), Error> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(Error::file("read", path)(error)),
        };
        let damaged = |reason: String| WitnessError::Damaged { path: path.to_owned(), reason };
        let note: Note = text.parse().map_err(|error| damaged(format!("{error}")))?;
        let (checkpoint, _) = Checkpoint::open(&note, std::slice::from_ref(own))
            .and_then(|(checkpoint, keys)| checkpoint.expect_origin(origin).map(|()| (checkpoint, keys)))
            .map_err(|error| damaged(error.to_string()))?;
        self.seen = Seen { size: checkpoint.size, root: checkpoint.root };
        self.note = Some(text);
        Ok(())
    }

    /// The checkpoint with the signatures that were verified, and the witness's own.
    fn cosigned(&self, note: &Note, line: &lethe_tlog::note::Signature) -> Option<String> {
        let mut cosigned = Note::new(note.text()).ok()?;
        let known = |name: &str, id| self.keys.iter().any(|key| key.name() == name && key.id() == id);
        for signature in note.signatures().iter().filter(|it| known(&it.name, it.id)) {
            cosigned.push(signature.clone());
        }
        cosigned.push(line.clone());
        Some(cosigned.to_string())
    }
}

/// What a refused checkpoint tells about the log that signed it, if anything.
fn evidence(refusal: &Refusal, checkpoint: &Checkpoint, seen: Seen) -> Option<&'static str> {
    match refusal {
        // Two signed roots of one size are proof of a fork. A smaller tree is what a ledger that was put back shows.
        _ if checkpoint.size == seen.size && checkpoint.root != seen.root => Some("FORK"),
        Refusal::Inconsistent => Some("INCONSISTENT"),
        Refusal::OtherSize(_) if checkpoint.size < seen.size => Some("BEHIND"),
        _ => None,
    }
}

/// Keeps what tells against a log, with all that is needed to check it.
fn record(
    file: &mut File,
    log: &mut Log,
    request: &AddCheckpoint,
    reason: &str,
    now: DateTime<Utc>,
) -> io::Result<()> {
    let submitted = request.checkpoint.to_string();
    if log.refused == submitted || file.metadata()?.len() > MOST_EVIDENCE {
        return Ok(());
    }
    tracing::warn!(origin = request.origin(), reason, size = log.seen.size, "a checkpoint was refused");
    let line = json!({
        "time": now,
        "reason": reason,
        "origin": request.origin(),
        "cosigned": log.note,
        "submitted": submitted,
        "old": request.old,
        "proof": request.proof,
    });
    // A line that was cut by a crash stays alone.
    let begin = if ends_with_line(file)? { "" } else { "\n" };
    file.write_all(format!("{begin}{line}\n").as_bytes())?;
    file.sync_data()?;
    log.refused = submitted;
    Ok(())
}

fn ends_with_line(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

/// Replaces a file as a whole, and answers when that is on the disk.
fn replace(folder: &Path, path: &Path, text: &str) -> io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = File::create(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    File::open(folder)?.sync_all()
}

fn lock(folder: &Path) -> Result<File, Error> {
    let path = folder.join("witness.lock");
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
    let file = file.map_err(Error::file("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::InUse { folder: folder.to_owned(), pid: None }),
        Err(TryLockError::Error(source)) => Err(Error::File { action: "lock", path, source }),
    }
}

/// The name of a log where text must be plain: the SHA-256 of its origin, in hexadecimal.
fn name(origin: &str) -> String {
    sha256(origin.as_bytes()).hex()
}

fn file(folder: &Path, origin: &str) -> PathBuf {
    folder.join(format!("{}.checkpoint", name(origin)))
}

#[cfg(test)]
mod tests;
