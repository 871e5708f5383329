//! Verifying a bundle.

use std::collections::BTreeSet;
use std::path::Path;

use super::chunk::Reader;
use super::folder::Folder;
use super::manifest::{Earlier, Manifest};
use super::order::Order;
use super::{CHUNK, EVENTS, Fault, MANIFEST, Selection, chunk_file};
use crate::Hash;
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::note::{Note, VerifierKey};
use crate::tree::verify_consistency;

/// What whoever verifies knows from elsewhere.
#[derive(Clone, Copy, Debug, Default)]
pub struct Expected<'a> {
    /// The key that the installation publishes. Without it, it is not proven who signed the bundle.
    pub key: Option<&'a VerifierKey>,
    /// The log it should be of.
    pub origin: Option<&'a str>,
    /// The witnesses that must have cosigned the checkpoint.
    pub witnesses: &'a [VerifierKey],
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// How many events were checked.
    pub checked: u64,
    /// How many there are.
    pub events: u64,
}

/// What was checked, and found to be good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// The key that signed it.
    pub key: VerifierKey,
    /// The witnesses that have cosigned it, with the times, in seconds since 1970-01-01T00:00:00Z. Only those that were
    /// expected are known.
    pub witnesses: Vec<(String, u64)>,
    /// Which events are in the bundle.
    pub selection: Selection,
    /// How many they are.
    pub events: u64,
    /// The sizes of earlier checkpoints that the tree has grown from.
    pub earlier: Vec<u64>,
}

/// Checks everything in a bundle, and ends at the first thing that is wrong. `progress` is told after each block.
///
/// # Errors
/// [`Fault`].
pub fn verify(
    folder: &Path,
    expected: &Expected<'_>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Report, Fault> {
    let folder = &Folder::open(folder)?;
    let manifest = Manifest::read(folder)?;
    let report = open(&manifest, expected)?;
    let size = report.checkpoint.size;
    manifest.check(size, &report.checkpoint.root)?;
    let mut order = Order::new(manifest.selection.range(size));
    let (mut checked, mut begin) = (0, 0);
    for (number, chunk) in (0..).zip(&manifest.chunks) {
        if chunk.events > 0 {
            Reader::open(folder, number, &chunk.root, size, &mut order)?.check(chunk, |more| {
                checked += more;
                progress(Progress { checked, events: manifest.events });
            })?;
        }
        begin += CHUNK.min(size - begin);
        order.reaches(begin.saturating_add(1), |_| false)?;
    }
    no_foreign_files(folder, &manifest)?;
    Ok(report)
}

/// Signatures and earlier checkpoints.
fn open(manifest: &Manifest, expected: &Expected<'_>) -> Result<Report, Fault> {
    let key: VerifierKey = manifest.key.parse()?;
    if let Some(expected) = expected.key.filter(|expected| **expected != key) {
        return Err(Fault::OtherKey { found: key.to_string(), expected: expected.to_string() });
    }
    let own = [key];
    let (checkpoint, note) = open_checkpoint(&manifest.checkpoint, &own).map_err(Fault::Checkpoint)?;
    for expected in expected.origin.into_iter().chain([manifest.origin.as_str()]) {
        if checkpoint.origin != expected {
            return Err(Fault::OtherLog { found: checkpoint.origin, expected: expected.to_owned() });
        }
    }
    let witnesses = witnesses(&note, expected.witnesses)?;
    let mut earlier = Vec::new();
    for (number, before) in (1..).zip(&manifest.earlier) {
        earlier.push(grown_from(number, before, &checkpoint, &own)?);
    }
    let [key] = own;
    Ok(Report { checkpoint, key, witnesses, selection: manifest.selection, events: manifest.events, earlier })
}

fn open_checkpoint(text: &str, keys: &[VerifierKey]) -> Result<(Checkpoint, Note), CheckpointError> {
    let note: Note = text.parse().map_err(CheckpointError::Note)?;
    let (checkpoint, _) = Checkpoint::open(&note, keys)?;
    Ok((checkpoint, note))
}

fn witnesses(note: &Note, expected: &[VerifierKey]) -> Result<Vec<(String, u64)>, Fault> {
    let mut found = Vec::new();
    for key in expected {
        match note.verify(std::slice::from_ref(key)) {
            Ok(signed) => {
                found.extend(signed.iter().map(|it| (key.name().to_owned(), it.time.unwrap_or_default())));
            }
            Err(crate::note::NoteError::Unsigned(_)) => return Err(Fault::NoWitness(key.to_string())),
            Err(error) => return Err(Fault::Checkpoint(error.into())),
        }
    }
    Ok(found)
}

/// The size of an earlier checkpoint, if the tree has grown from it.
fn grown_from(number: usize, before: &Earlier, now: &Checkpoint, keys: &[VerifierKey]) -> Result<u64, Fault> {
    let (then, _) = open_checkpoint(&before.checkpoint, keys)
        .and_then(|(then, note)| then.expect_origin(&now.origin).map(|()| (then, note)))
        .map_err(|error| Fault::EarlierCheckpoint { number, error })?;
    let of = |it: &Checkpoint| -> (u64, Hash) { (it.size, it.root) };
    let ((old, old_root), (new, new_root)) = (of(&then), of(now));
    if verify_consistency((old, &old_root), (new, &new_root), &before.proof) {
        Ok(old)
    } else {
        Err(Fault::Rewritten { size: old })
    }
}

/// Whoever finds a further file in the folder should not believe that it was checked.
fn no_foreign_files(folder: &Folder, manifest: &Manifest) -> Result<(), Fault> {
    let mut known: BTreeSet<String> = [MANIFEST.to_owned(), EVENTS.to_owned()].into();
    known.extend(
        (0..).zip(&manifest.chunks).filter(|(_, chunk)| chunk.events > 0).map(|(at, _)| chunk_file(at)),
    );
    folder.foreign(|name| known.contains(name))?.map_or(Ok(()), |name| Err(Fault::Foreign(name)))
}
