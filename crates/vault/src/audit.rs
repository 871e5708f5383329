//! Looking through files for keys that the present roots still open and that belong to nobody living: what an attacker would
//! find on a disk, in a log, a dump or a mirror. It needs no database.

mod harvest;
mod text;

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use lethe_kernel::{KeyClass, Subject};
use serde::Serialize;
use uuid::Uuid;

use crate::VaultError;
use crate::crypto::Key;
use crate::custodian::Root;
use crate::subject_key::SubjectKey;
use crate::wrap::{RootKey, SubjectPlace};

use harvest::{Found, WRAPPED, Wrapped, harvest, without_page_headers};

/// How much of a file is in memory at once, and how much of it is read again with what follows, so that nothing is cut.
const CHUNK: usize = 16 << 20;
const OVERLAP: usize = 4096;

/// A search through files.
pub struct DiskAudit {
    roots: Vec<RootKey>,
    living: HashSet<Uuid>,
    /// Keys of buckets and nurseries that a root opened, and every one that was tried, by what it says that it is.
    buckets: HashMap<(i32, i64), Vec<(i64, Key)>>,
    tried: HashSet<(i32, i64, [u8; WRAPPED])>,
    /// Wrapped keys of subjects that are not among the living, with where the first copy was met.
    candidates: HashMap<(i32, i64, [u8; WRAPPED]), Candidate>,
    report: Audited,
}

struct Candidate {
    place: SubjectPlace,
    path: PathBuf,
    offset: u64,
}

/// What was looked at, and what opens.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Audited {
    /// Files that were read to their end.
    pub files: u64,
    /// Their size in bytes.
    pub bytes: u64,
    /// Keys of buckets and nurseries that a present root opens.
    pub buckets: u64,
    /// Wrapped keys of subjects that are not among the living.
    pub candidates: u64,
    /// Files that could not be read, and why.
    pub unread: Vec<String>,
    /// What opens and belongs to nobody living.
    pub openable: Vec<Openable>,
}

/// A key that opens and belongs to nobody living.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Openable {
    /// The file in which the first copy was met.
    pub path: PathBuf,
    /// Where in it; in a segment of the write-ahead log, about.
    pub offset: u64,
    /// The key's id.
    pub key_id: Uuid,
    /// Whose it is: the kind of the subject.
    pub subject_kind: &'static str,
    /// And its id.
    pub subject_id: Uuid,
    /// What it seals.
    pub class: String,
    /// The root from which it hangs.
    pub epoch: i64,
    /// The bucket by whose key it is wrapped; −1 is the nursery.
    pub bucket: i32,
    /// The generation of that key.
    pub generation: i64,
}

impl DiskAudit {
    /// A search for what hangs from these roots and is none of the living keys.
    ///
    /// # Errors
    /// [`VaultError::Crypto`].
    pub fn new(roots: &[Root], living: impl IntoIterator<Item = Uuid>) -> Result<Self, VaultError> {
        Ok(Self {
            roots: roots.iter().map(RootKey::of).collect::<Result<_, _>>()?,
            living: living.into_iter().collect(),
            buckets: HashMap::new(),
            tried: HashSet::new(),
            candidates: HashMap::new(),
            report: Audited::default(),
        })
    }

    /// Reads a file, or all files below a folder; links and what is no file are passed over, and so is what goes away from a
    /// folder while a server works there.
    pub fn read(&mut self, path: &Path) {
        let read = fs::symlink_metadata(path).and_then(|metadata| {
            if metadata.is_dir() {
                for entry in fs::read_dir(path)? {
                    let entry = entry?.path();
                    if entry.symlink_metadata().is_ok() {
                        self.read(&entry);
                    }
                }
            } else if metadata.is_file() {
                self.read_file(path)?;
                self.report.files += 1;
                self.report.bytes += metadata.len();
            }
            Ok(())
        });
        if let Err(error) = read {
            self.report.unread.push(format!("{}: {error}", path.display()));
        }
    }

    fn read_file(&mut self, path: &Path) -> io::Result<()> {
        let (mut file, mut buffer, mut begin) =
            (File::open(path)?, Vec::with_capacity(CHUNK + OVERLAP), 0_u64);
        loop {
            let kept = buffer.len();
            let read = file.by_ref().take(CHUNK as u64).read_to_end(&mut buffer)?;
            self.look(path, begin, &buffer);
            // Records of the write-ahead log go on behind the header of the next page.
            if let Some(joined) = without_page_headers(&buffer) {
                self.look(path, begin, &joined);
            }
            if read == 0 || buffer.len() == kept {
                return Ok(());
            }
            // Whole pages stay, so that the next chunk begins with one too.
            let keep = buffer.len().saturating_sub(OVERLAP) / 8192 * 8192;
            begin += keep as u64;
            buffer.drain(..keep);
        }
    }

    fn look(&mut self, path: &Path, begin: u64, bytes: &[u8]) {
        let mut found = Vec::new();
        harvest(bytes, &mut found);
        text::harvest(bytes, &mut found);
        for Found { offset, wrapped } in found {
            match wrapped {
                Wrapped::Bucket { bucket, generation, wrapped } => {
                    self.try_bucket(bucket, generation, wrapped);
                }
                Wrapped::Subject { place, wrapped } if !self.living.contains(&place.id) => {
                    let offset = begin + offset as u64;
                    let candidate = Candidate { place, path: path.to_owned(), offset };
                    self.candidates.entry((place.bucket, place.generation, wrapped)).or_insert(candidate);
                }
                Wrapped::Subject { .. } => {}
            }
        }
    }

    fn try_bucket(&mut self, bucket: i32, generation: i64, wrapped: [u8; WRAPPED]) {
        if !self.tried.insert((bucket, generation, wrapped)) {
            return;
        }
        for root in &self.roots {
            if let Ok(key) = root.unwrap(bucket, generation, &wrapped) {
                self.buckets.entry((bucket, generation)).or_default().push((root.epoch, key));
                self.report.buckets += 1;
            }
        }
    }

    /// Tries every key that was met by every key that may wrap it.
    ///
    /// # Errors
    /// [`VaultError::Crypto`].
    pub fn finish(mut self) -> Result<Audited, VaultError> {
        self.report.candidates = self.candidates.len() as u64;
        for ((.., wrapped), candidate) in &self.candidates {
            let Candidate { place, path, offset } = candidate;
            let wrapping = self.buckets.get(&(place.bucket, place.generation)).into_iter().flatten();
            for (epoch, key) in wrapping {
                let Some(secret) = place.unwrap(key, wrapped)? else { continue };
                // That it is whole is known already; this makes sure that it can seal.
                SubjectKey::new(place.id, place.subject, place.class, secret)?;
                self.report.openable.push(Openable {
                    path: path.clone(),
                    offset: *offset,
                    key_id: place.id,
                    subject_kind: place.subject.kind.name(),
                    subject_id: place.subject.id,
                    class: place.class.name().into_owned(),
                    epoch: *epoch,
                    bucket: place.bucket,
                    generation: place.generation,
                });
                break;
            }
        }
        self.report.openable.sort();
        Ok(self.report)
    }
}

/// Where a key is wrapped, if kind and class are known names.
fn place_of(id: Uuid, subject: Subject, class: KeyClass, (bucket, generation): (i32, i64)) -> SubjectPlace {
    SubjectPlace { id, subject, class, bucket, generation }
}
