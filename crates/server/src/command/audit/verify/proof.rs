//! The proof of one event.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::str::FromStr;

use chrono::DateTime;
use lethe_tlog::checkpoint::{Checkpoint, CheckpointError};
use lethe_tlog::note::{Note, NoteError, VerifierKey};
use lethe_tlog::proof::{Proof, ProofError, Proven};
use rustix::fs::OFlags;
use serde_json::{Value, json};

use super::{Arguments, Finding, witnessed, witnesses_json};
use crate::error::Error;
use crate::output::shown;

/// How long a file may be: a note of the largest size, and the proof before it.
const MAX_BYTES: usize = lethe_tlog::note::MAX_BYTES + (128 << 10);

/// Why a proof is not accepted.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("The file is longer than {MAX_BYTES} bytes or is not UTF-8.")]
    NotText,
    #[error(
        "A proof is worth nothing without the key of the log. Give the one that the installation publishes with --key."
    )]
    NoKey,
    #[error("The witness {0} has not cosigned the checkpoint.")]
    NoWitness(String),
    #[error(transparent)]
    Proof(#[from] ProofError),
}

/// Verifies a file.
///
/// # Errors
/// [`Error::File`] when it cannot be read.
pub(super) fn verify(arguments: &Arguments) -> Result<Finding, Error> {
    let mut bytes = Vec::new();
    let path = &arguments.path;
    open(path)
        .and_then(|file| file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes))
        .map_err(Error::file("read", path))?;
    Ok(check(&bytes, arguments).unwrap_or_else(|refusal| bad(&refusal)))
}

/// Opens a file, and nothing that would have to be waited for.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = File::options().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::other("it is neither a file nor a folder"))
    }
}

fn check(bytes: &[u8], arguments: &Arguments) -> Result<Finding, Refusal> {
    let text =
        std::str::from_utf8(bytes).ok().filter(|text| text.len() <= MAX_BYTES).ok_or(Refusal::NotText)?;
    let proof = Proof::from_str(text)?;
    // A proof carries no key; it is nothing without one.
    let key = arguments.key.as_ref().ok_or(Refusal::NoKey)?;
    let keys = std::slice::from_ref(key);
    // In the order of docs/log-format.md: who says it, and only then what is said.
    let (checkpoint, _) = Checkpoint::open(&proof.checkpoint, keys).map_err(ProofError::from)?;
    if let Some(origin) = &arguments.origin {
        checkpoint.expect_origin(origin).map_err(ProofError::from)?;
    }
    let witnesses = witnesses(&proof.checkpoint, &arguments.witnesses)?;
    let proven = proof.verify(keys)?;
    Ok(good(&proven, key, &witnesses))
}

fn witnesses(note: &Note, expected: &[VerifierKey]) -> Result<Vec<(String, u64)>, Refusal> {
    let mut found = Vec::new();
    for key in expected {
        let signed = note.verify(std::slice::from_ref(key)).map_err(|error| match error {
            NoteError::Unsigned(_) => Refusal::NoWitness(key.to_string()),
            error => ProofError::from(CheckpointError::from(error)).into(),
        })?;
        found.extend(signed.iter().map(|it| (key.name().to_owned(), it.time.unwrap_or_default())));
    }
    Ok(found)
}

fn good(proven: &Proven<'_, '_>, key: &VerifierKey, witnesses: &[(String, u64)]) -> Finding {
    Finding { good: true, text: told(proven, witnesses), json: listed(proven, key, witnesses) }
}

fn told(proven: &Proven<'_, '_>, witnesses: &[(String, u64)]) -> String {
    let (entry, checkpoint) = (&proven.entry, &proven.checkpoint);
    let recorded = DateTime::from_timestamp_micros(entry.recorded_at)
        .map_or_else(|| entry.recorded_at.to_string(), |time| time.to_string());
    format!(
        "The proof is good. This event is in the log, and the log is signed by the key you gave.\n\n\
         log           {}\ncheckpoint    {} events, root {}\nposition      {}\nstream        {}:{}, sequence {}\n\
         event         {} version {}, id {}\nrecorded      {recorded}\npayload       SHA-256 {}\nmetadata      SHA-256 {}{}",
        shown(&checkpoint.origin),
        checkpoint.size,
        checkpoint.root,
        entry.position,
        shown(entry.stream_type),
        shown(entry.stream_id),
        entry.sequence,
        shown(entry.event_type),
        shown(entry.event_version),
        entry.event_id,
        entry.payload,
        entry.metadata,
        witnessed(witnesses),
    )
}

fn listed(proven: &Proven<'_, '_>, key: &VerifierKey, witnesses: &[(String, u64)]) -> Value {
    let (entry, checkpoint) = (&proven.entry, &proven.checkpoint);
    json!({
        "intact": true,
        "key": key.to_string(),
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "root": checkpoint.root,
        "position": entry.position,
        "stream": format!("{}:{}", entry.stream_type, entry.stream_id),
        "sequence": entry.sequence,
        "eventId": entry.event_id,
        "type": entry.event_type,
        "version": entry.event_version,
        "recordedAt": entry.recorded_at,
        "payloadSha256": entry.payload,
        "metadataSha256": entry.metadata,
        "witnesses": witnesses_json(witnesses),
    })
}

fn bad(refusal: &Refusal) -> Finding {
    let (code, position) = match refusal {
        Refusal::NotText => ("BAD_PROOF", None),
        Refusal::NoKey => ("NO_KEY", None),
        Refusal::NoWitness(_) => ("NOT_WITNESSED", None),
        Refusal::Proof(error) => (error.code(), error.position()),
    };
    let message = shown(&refusal.to_string());
    let json = json!({ "intact": false, "code": code, "position": position, "message": message });
    Finding { good: false, text: format!("The proof is not good. {message}"), json }
}
