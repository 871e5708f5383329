//! The proof of one event.

use std::fs::File;
use std::io::Read;
use std::str::FromStr;

use chrono::DateTime;
use lethe_tlog::checkpoint::CheckpointError;
use lethe_tlog::note::{Note, NoteError, VerifierKey};
use lethe_tlog::proof::{Proof, ProofError, Proven};
use serde_json::{Value, json};

use super::{Arguments, Finding, witnessed, witnesses_json};
use crate::error::Error;

/// How long a file may be: a note of the largest size, and the proof before it.
const MAX_BYTES: usize = lethe_tlog::note::MAX_BYTES + (128 << 10);

/// Why a proof is none.
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
    File::open(path)
        .and_then(|file| file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes))
        .map_err(Error::file("read", path))?;
    Ok(check(&bytes, arguments).unwrap_or_else(|refusal| bad(&refusal)))
}

fn check(bytes: &[u8], arguments: &Arguments) -> Result<Finding, Refusal> {
    let text =
        std::str::from_utf8(bytes).ok().filter(|text| text.len() <= MAX_BYTES).ok_or(Refusal::NotText)?;
    let proof = Proof::from_str(text)?;
    // A proof carries no key; it is nothing without one.
    let key = arguments.key.as_ref().ok_or(Refusal::NoKey)?;
    let proven = proof.verify(std::slice::from_ref(key))?;
    if let Some(origin) = &arguments.origin {
        proven.checkpoint.expect_origin(origin).map_err(ProofError::from)?;
    }
    let witnesses = witnesses(&proof.checkpoint, &arguments.witnesses)?;
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
        checkpoint.origin,
        checkpoint.size,
        checkpoint.root,
        entry.position,
        entry.stream_type,
        entry.stream_id,
        entry.sequence,
        entry.event_type,
        entry.event_version,
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
    let position = match refusal {
        Refusal::Proof(ProofError::NotIncluded(position) | ProofError::Position { position, .. }) => {
            Some(*position)
        }
        _ => None,
    };
    let json = json!({ "intact": false, "position": position, "message": refusal.to_string() });
    Finding { good: false, text: format!("The proof is not good. {refusal}"), json }
}
