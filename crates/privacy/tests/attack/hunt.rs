//! Tries everything that stands in files as every kind of key there is.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use aws_lc_rs::digest::{SHA256, digest};

use crate::cryptography::{Extract, Key, Locked, cipher, expand};
use crate::dump::{KeyRow, RootRow};
use crate::windows::{Seen, each};

/// What candidates are compared with.
pub(crate) struct Targets {
    /// Every root there was.
    pub(crate) roots: Vec<RootRow>,
    /// The row of the person's key, as it once was.
    pub(crate) key: KeyRow,
    /// The key of the person's bucket, as the root of then wrapped it.
    pub(crate) bucket: Locked,
    /// A value of the person.
    pub(crate) value: Locked,
}

/// Keys that were found, and how many candidates it took.
#[derive(Debug, Default)]
pub(crate) struct Finds {
    pub(crate) roots: BTreeMap<i64, Key>,
    /// What is derived from a root to wrap buckets.
    pub(crate) wrapping: BTreeSet<Key>,
    pub(crate) buckets: BTreeSet<Key>,
    pub(crate) subjects: BTreeSet<Key>,
    /// What is derived from a subject's secret to seal.
    pub(crate) sealing: BTreeSet<Key>,
    pub(crate) candidates: usize,
}

impl Targets {
    /// Tries a candidate as every kind of key.
    fn attempt(&self, candidate: &Key, extract: &Extract, wrapped: &Locked, finds: &mut Finds) {
        finds.candidates += 1;
        let extracted = extract.from(candidate);
        let derived = expand(&extracted, "lethe-root/2");
        for root in self.roots.iter().filter(|root| root.is_of(&derived)) {
            finds.roots.insert(root.epoch, *candidate);
        }
        if self.key.is_of(&expand(&extracted, "lethe-commit/1")) {
            finds.subjects.insert(*candidate);
        }
        let key = cipher(candidate);
        for (locked, found) in [
            (wrapped, &mut finds.buckets),
            (&self.bucket, &mut finds.wrapping),
            (&self.value, &mut finds.sealing),
        ] {
            if locked.open(&key).is_some() {
                found.insert(*candidate);
            }
        }
    }

    /// Tries all that stands in these files.
    pub(crate) fn hunt(&self, files: &[Vec<u8>]) -> Finds {
        let (next, all) = (AtomicUsize::new(0), Mutex::new(Finds::default()));
        thread::scope(|scope| {
            for _ in 0..thread::available_parallelism().unwrap().get() {
                scope.spawn(|| {
                    let (mut finds, mut seen) = (Finds::default(), Seen::new());
                    let (extract, wrapped) = (Extract::new(), self.key.locked());
                    while let Some(bytes) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                        each(bytes, &mut seen, &mut |key| {
                            self.attempt(key, &extract, &wrapped, &mut finds);
                        });
                    }
                    all.lock().unwrap().add(finds);
                });
            }
        });
        all.into_inner().unwrap()
    }
}

impl Finds {
    pub(crate) fn add(&mut self, other: Self) {
        self.roots.extend(other.roots);
        self.wrapping.extend(other.wrapping);
        self.buckets.extend(other.buckets);
        self.subjects.extend(other.subjects);
        self.sealing.extend(other.sealing);
        self.candidates += other.candidates;
    }
}

/// Every file below a folder.
fn below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries
        .flat_map(|entry| match entry.file_type().unwrap() {
            kind if kind.is_dir() => below(&entry.path()),
            kind if kind.is_file() => vec![entry.path()],
            _ => Vec::new(),
        })
        .collect()
}

/// Contents of files, each once.
#[derive(Default)]
pub(crate) struct Contents(HashSet<Vec<u8>>);

impl Contents {
    /// How many files there are below a folder, and those contents that were not met before.
    pub(crate) fn unmet(&mut self, folder: &Path) -> (usize, Vec<Vec<u8>>) {
        let paths = below(folder);
        let contents = paths.iter().map(|path| fs::read(path).unwrap());
        let new = contents.filter(|bytes| self.0.insert(digest(&SHA256, bytes).as_ref().to_vec())).collect();
        (paths.len(), new)
    }
}
