//! What a mirror holds.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use uuid::Uuid;

use super::folder::{self, Name};
use super::increments::Increments;
use super::line::{Header, Line};
use super::read::Reader;
use super::{Mirror, MirrorError};

/// What is known of a mirror: its newest export, and how far its increments go.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) export: Header,
    /// The last change that is there.
    pub(crate) change: i64,
    /// How long the increments are.
    pub(crate) whole: u64,
}

impl Known {
    pub(crate) fn of(export: Header) -> Self {
        Self { change: export.change, export, whole: 0 }
    }

    fn name(&self) -> Name {
        Name { epoch: self.export.epoch, change: self.export.change }
    }

    /// Whether the files are as they were left.
    fn is_so(&self, folder: &Path) -> Result<bool, MirrorError> {
        let length = std::fs::metadata(self.name().increments(folder)).map_or(0, |file| file.len());
        Ok(folder::exports(folder)?.last() == Some(&self.name()) && length == self.whole)
    }
}

/// The newest export of a folder.
pub(crate) fn newest(folder: &Path) -> Result<Option<Reader>, MirrorError> {
    let Some(name) = folder::exports(folder)?.pop() else { return Ok(None) };
    let reader = Reader::open(&name.export(folder))?;
    // Whoever renames a file to look newer than it is, or older.
    if (Name { epoch: reader.header.epoch, change: reader.header.change }) != name {
        return Err(MirrorError::Damaged {
            path: name.export(folder),
            line: 1,
            reason: "it is not the export that its name says",
        });
    }
    Ok(Some(reader))
}

fn look(folder: &Path) -> Result<Option<Known>, MirrorError> {
    let Some(reader) = newest(folder)? else { return Ok(None) };
    let export = reader.header.clone();
    let mut increments = Increments::open(folder, &export)?;
    reader.verify()?;
    while increments.next()?.is_some() {}
    Ok(Some(Known { change: increments.change, whole: increments.whole, export }))
}

/// Everything in a mirror, one line after another: the export, then what followed.
pub(crate) struct Contents {
    export: Option<Reader>,
    increments: Increments,
    /// What the export is of.
    pub(crate) header: Header,
}

impl Contents {
    /// Opens the newest export of a folder.
    pub(crate) fn open(folder: &Path) -> Result<Self, MirrorError> {
        let reader = newest(folder)?.ok_or_else(|| MirrorError::Vacant(folder.to_owned()))?;
        let header = reader.header.clone();
        Ok(Self { increments: Increments::open(folder, &header)?, export: Some(reader), header })
    }

    /// The next line; none at the end, and then everything was whole.
    pub(crate) fn next(&mut self) -> Result<Option<Line>, MirrorError> {
        if let Some(export) = &mut self.export {
            if let Some(line) = export.next()? {
                return Ok(Some(line));
            }
            self.export = None;
        }
        self.increments.next()
    }

    /// The last change that was read.
    pub(crate) fn change(&self) -> i64 {
        self.increments.change
    }
}

impl Mirror {
    /// The ids of the keys that the mirror has and that were not destroyed.
    ///
    /// # Errors
    /// [`MirrorError`].
    pub async fn living(&self) -> Result<HashSet<Uuid>, MirrorError> {
        let folder: PathBuf = self.folder.to_path_buf();
        let read = move || {
            let (mut contents, mut living) = (Contents::open(&folder)?, HashSet::new());
            let mut destroyed = HashSet::new();
            while let Some(line) = contents.next()? {
                match line {
                    Line::Key(key) => drop(living.insert(key.key_id)),
                    Line::Tombstone(tombstone) => drop(destroyed.insert(tombstone.key_id)),
                    _ => {}
                }
            }
            living.retain(|key| !destroyed.contains(key));
            Ok(living)
        };
        tokio::task::spawn_blocking(read).await.unwrap_or(Err(MirrorError::Stopping))
    }

    /// What the mirror holds, if it may be that of a database of this header.
    pub(super) async fn known(&self, database: &Header) -> Result<Option<Known>, MirrorError> {
        let remembered = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let folder: PathBuf = self.folder.to_path_buf();
        let look = move || match remembered {
            Some(known) if known.is_so(&folder)? => Ok(Some(known)),
            _ => look(&folder),
        };
        let known = tokio::task::spawn_blocking(look).await.unwrap_or(Err(MirrorError::Stopping));
        // A newer epoch in a name counts even if the file behind it cannot be read.
        let named = match &known {
            Err(MirrorError::Damaged { .. }) => {
                folder::exports(&self.folder)?.last().map(|name| (name.epoch, name.change))
            }
            _ => None,
        };
        let path = || self.folder.to_path_buf();
        if let Some(mirror) = named.filter(|named| *named > database.age()) {
            return Err(MirrorError::Newer { path: path(), mirror, database: database.age() });
        }
        let Some(known) = known? else { return Ok(None) };
        if known.export.installation != database.installation {
            return Err(MirrorError::OfAnother { path: path(), installation: known.export.installation });
        }
        let mirror = (known.export.epoch, known.change);
        if mirror > database.age() {
            return Err(MirrorError::Newer { path: path(), mirror, database: database.age() });
        }
        self.remember(known.clone());
        Ok(Some(known))
    }
}
