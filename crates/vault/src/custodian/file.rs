//! The root in a file of exactly two slots, each overwritten where it stands.
//!
//! The file has 8192 bytes, slot 0 at offset 0 and slot 1 at offset 4096. A slot is free when it is all zeros.
//! Otherwise it holds:
//!
//! | Offset in the slot | Length | What |
//! |---|---|---|
//! | 0 | 13 | `lethe-root/2` and a line feed |
//! | 13 | 16 | installation id |
//! | 29 | 8 | epoch, signed, big endian, from 1 |
//! | 37 | 32 | the root key |
//! | 69 | 32 | SHA-256 of bytes 0 to 68 |
//! | 101 | 3995 | zeros |
//!
//! Anything else is damaged: a write was cut off, or the disk fails. A file system that overwrites in place keeps no
//! other copy of a slot; renaming a new file over the old one would leave the old one's blocks on the disk. So the file
//! is written and fsynced where it stands, never renamed, truncated or made from a temporary one.

mod slots;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use uuid::Uuid;

use super::{CustodianError, Held, Root};
use slots::{Content, SlotFile};

/// A file that keeps the root. All processes that use it must be on one machine.
#[derive(Clone, Debug)]
pub struct FileCustodian {
    path: PathBuf,
    installation: Option<Uuid>,
    timeout: Duration,
}

/// What stands in one of the two slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// Zeros.
    Free,
    /// A whole root.
    Holds(Held),
    /// Neither.
    Damaged,
}

impl FileCustodian {
    /// The custodian that is this file.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), installation: None, timeout: Duration::from_secs(5) }
    }

    /// The root file of a data folder.
    #[must_use]
    pub fn in_data_dir(data_dir: &Path) -> Self {
        Self::new(data_dir.join("vault").join("root.key"))
    }

    /// Lets it change the roots of this installation only.
    #[must_use]
    pub fn of(self, installation: Uuid) -> Self {
        Self { installation: Some(installation), ..self }
    }

    /// How long to wait for another process that writes.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the custodian is called.
    #[must_use]
    pub fn name(&self) -> String {
        format!("file:{}", self.path.display())
    }

    /// What stands in the two slots.
    ///
    /// # Errors
    /// The file is missing, has another length or form, or cannot be read.
    pub fn slots(&self) -> Result<[Slot; 2], CustodianError> {
        let slots = SlotFile::open(&self.path, self.timeout)?.read()?;
        Ok(slots.each_ref().map(|content| match content {
            Content::Free => Slot::Free,
            Content::Holds(root) => Slot::Holds(root.held()),
            Content::Damaged => Slot::Damaged,
        }))
    }

    /// The roots that can be read, ascending by epoch.
    ///
    /// # Errors
    /// As [`FileCustodian::slots`], and when both slots are zeros or none can be read.
    pub fn held(&self) -> Result<Vec<Held>, CustodianError> {
        Ok(self.roots()?.iter().map(Root::held).collect())
    }

    /// The root of an epoch.
    ///
    /// # Errors
    /// As [`FileCustodian::held`].
    pub fn fetch(&self, epoch: i64) -> Result<Option<Root>, CustodianError> {
        Ok(self.roots()?.into_iter().find(|root| root.epoch == epoch))
    }

    fn roots(&self) -> Result<Vec<Root>, CustodianError> {
        let slots = SlotFile::open(&self.path, self.timeout)?.read()?;
        if slots.iter().all(|content| matches!(content, Content::Free)) {
            return Err(CustodianError::Empty(self.path.clone()));
        }
        let mut roots: Vec<Root> = slots.into_iter().filter_map(Content::root).collect();
        if roots.is_empty() {
            return Err(CustodianError::Damaged(self.path.clone()));
        }
        roots.sort_by_key(|root| root.epoch);
        Ok(roots)
    }

    /// Keeps a root in a free slot, or in a damaged one. Creates the file if there is none.
    ///
    /// # Errors
    /// [`CustodianError`].
    pub fn store(&self, root: &Root) -> Result<(), CustodianError> {
        let mut file = SlotFile::create(&self.path, self.timeout)?;
        let slots = file.read()?;
        self.check_owner(&slots, Some(root.installation))?;
        if let Some(slot) = self.place(&slots, root)? {
            file.write(slot, &root.record())?;
        }
        // Also when it is there already: whoever wrote it may have ended before it was on the disk.
        file.settle()
    }

    /// Overwrites the root of an epoch with zeros, and with it a damaged slot, which may hold what is left of it.
    ///
    /// # Errors
    /// [`CustodianError`]. A damaged slot beside the root to be destroyed is an error too: it may be what is left of
    /// the root that should follow, and nothing would remain. Store that one first.
    pub fn destroy(&self, epoch: i64) -> Result<(), CustodianError> {
        let mut file = SlotFile::open_to_write(&self.path, self.timeout)?;
        let slots = file.read()?;
        self.check_owner(&slots, None)?;
        let there = slots.iter().filter_map(Content::as_root).any(|root| root.epoch == epoch);
        if there && slots.iter().any(|content| matches!(content, Content::Damaged)) {
            return Err(CustodianError::Damaged(self.path.clone()));
        }
        for (slot, content) in slots.iter().enumerate() {
            // A free slot too: the disk may not have what the cache says.
            if content.as_root().is_none_or(|root| root.epoch == epoch) {
                file.write(slot, &[])?;
            }
        }
        file.settle()
    }

    /// Overwrites this very root with zeros; another one of its epoch stays.
    ///
    /// # Errors
    /// [`CustodianError`].
    pub fn destroy_exactly(&self, held: &Held) -> Result<(), CustodianError> {
        let mut file = SlotFile::open_to_write(&self.path, self.timeout)?;
        let slots = file.read()?;
        self.check_owner(&slots, None)?;
        for (slot, content) in slots.iter().enumerate() {
            if content.as_root().is_some_and(|root| root.held() == *held) {
                file.write(slot, &[])?;
            }
        }
        file.settle()
    }

    /// Where a root goes; `None` if it is there already.
    fn place(&self, slots: &[Content; 2], root: &Root) -> Result<Option<usize>, CustodianError> {
        let roots = || slots.iter().filter_map(Content::as_root);
        let (custodian, epoch) = (self.name(), root.epoch);
        if let Some(found) = roots().map(|kept| kept.epoch).filter(|kept| *kept > epoch).max() {
            return Err(CustodianError::Newer { custodian, epoch, found });
        }
        if let Some(kept) = roots().find(|kept| kept.epoch == epoch) {
            return if kept.same(root) {
                Ok(None)
            } else {
                Err(CustodianError::Another { custodian, epoch })
            };
        }
        let first = |wanted: fn(&Content) -> bool| slots.iter().position(wanted);
        let slot = first(|content| matches!(content, Content::Free))
            .or_else(|| first(|content| matches!(content, Content::Damaged)));
        match (slot, slots) {
            (None, [Content::Holds(first), Content::Holds(second)]) => Err(CustodianError::NoFreeSlot {
                path: self.path.clone(),
                first: first.epoch,
                second: second.epoch,
            }),
            _ => Ok(slot),
        }
    }

    fn check_owner(&self, slots: &[Content; 2], also: Option<Uuid>) -> Result<(), CustodianError> {
        let ours = |owner: &Uuid| [self.installation, also].iter().flatten().all(|wanted| wanted == owner);
        let owners = slots.iter().filter_map(Content::as_root).map(|root| root.installation);
        match owners.chain(also).find(|owner| !ours(owner)) {
            Some(installation) => Err(CustodianError::OfAnother { custodian: self.name(), installation }),
            None => Ok(()),
        }
    }

    /// Modes that let others in, and a damaged slot beside a whole one.
    ///
    /// # Errors
    /// As [`FileCustodian::held`].
    pub fn warnings(&self) -> Result<Vec<CustodianError>, CustodianError> {
        self.held()?;
        let mut warnings = Vec::new();
        for (slot, content) in self.slots()?.iter().enumerate() {
            if *content == Slot::Damaged {
                warnings.push(CustodianError::DamagedSlot { path: self.path.clone(), slot });
            }
        }
        for (path, wanted) in [(self.path.as_path(), 0o600), (slots::folder(&self.path), 0o700)] {
            let metadata = path.metadata().map_err(|error| slots::failed(path, error))?;
            let mode = metadata.permissions().mode() & 0o7777;
            if mode & 0o077 != 0 {
                warnings.push(CustodianError::Exposed { path: path.to_owned(), mode, wanted });
            }
        }
        Ok(warnings)
    }
}

#[cfg(test)]
mod tests;
