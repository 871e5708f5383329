//! The mirror that is restored from.

use std::path::{Path, PathBuf};

use tokio::sync::mpsc;

use crate::mirror::{Contents, Header, Line, MirrorError, TransitRootLine};

/// How many lines are in memory at once, twice.
const PAGE: usize = 4096;

/// A mirror that was read from beginning to end and found whole.
#[derive(Clone, Debug)]
pub struct Source {
    /// The folder.
    pub folder: PathBuf,
    /// What its export is of.
    pub header: Header,
    /// Its last change.
    pub change: i64,
    /// How many keys it has; some of them may be destroyed by its tombstones.
    pub keys: u64,
    /// How many tombstones it has.
    pub tombstones: u64,
    pub(super) transit_roots: Vec<TransitRootLine>,
}

impl Source {
    /// Reads all of a mirror.
    ///
    /// # Errors
    /// [`MirrorError`].
    pub async fn read(folder: &Path) -> Result<Self, MirrorError> {
        let folder = folder.to_owned();
        tokio::task::spawn_blocking(move || Self::read_here(folder))
            .await
            .unwrap_or(Err(MirrorError::Stopping))
    }

    fn read_here(folder: PathBuf) -> Result<Self, MirrorError> {
        let mut contents = Contents::open(&folder)?;
        let (header, change) = (contents.header.clone(), contents.header.change);
        let mut source = Self { folder, header, change, keys: 0, tombstones: 0, transit_roots: Vec::new() };
        while let Some(line) = contents.next()? {
            match line {
                Line::Key(_) => source.keys += 1,
                Line::Tombstone(_) => source.tombstones += 1,
                Line::TransitRoot(root) => source.transit_roots.push(root),
                _ => {}
            }
        }
        source.change = contents.change();
        Ok(source)
    }

    /// How recent it is: the epoch, and within it the change.
    #[must_use]
    pub fn age(&self) -> (i64, i64) {
        (self.header.epoch, self.change)
    }

    /// The lines, page by page, from a thread that reads ahead.
    pub(super) fn pages(&self) -> mpsc::Receiver<Result<Vec<Line>, MirrorError>> {
        let (sender, receiver) = mpsc::channel(1);
        let folder = self.folder.clone();
        // If nobody receives any more, the reading is over.
        tokio::task::spawn_blocking(move || {
            if let Err(error) = send(&folder, &sender) {
                drop(sender.blocking_send(Err(error)));
            }
        });
        receiver
    }
}

fn send(folder: &Path, sender: &mpsc::Sender<Result<Vec<Line>, MirrorError>>) -> Result<(), MirrorError> {
    let mut contents = Contents::open(folder)?;
    let mut page = Vec::with_capacity(PAGE);
    loop {
        let line = contents.next()?;
        let end = line.is_none();
        page.extend(line);
        if page.len() < PAGE && !end {
            continue;
        }
        let full = std::mem::replace(&mut page, Vec::with_capacity(PAGE));
        if sender.blocking_send(Ok(full)).is_err() || end {
            return Ok(());
        }
    }
}
