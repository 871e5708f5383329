//! The bytes of a root file on the disk: locked, read, overwritten in place, read back past the cache.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{Advice, OFlags, fadvise, fcntl_getfl, fcntl_setfl};
use zeroize::Zeroizing;

use crate::custodian::root::RECORD_LEN;
use crate::custodian::{CustodianError, Root};

const SLOT: usize = 4096;
const LENGTH: usize = 2 * SLOT;

/// What stands in a slot, with the key.
pub(super) enum Content {
    Free,
    Holds(Root),
    Damaged,
}

impl Content {
    pub(super) fn root(self) -> Option<Root> {
        if let Self::Holds(root) = self { Some(root) } else { None }
    }

    pub(super) fn as_root(&self) -> Option<&Root> {
        if let Self::Holds(root) = self { Some(root) } else { None }
    }

    fn of(slot: &[u8]) -> Self {
        if zeros(slot) {
            return Self::Free;
        }
        let (record, rest) = slot.split_at_checked(RECORD_LEN).unwrap_or((slot, &[]));
        Root::from_record(record).filter(|_| zeros(rest)).map_or(Self::Damaged, Self::Holds)
    }
}

/// An open root file, locked until it is dropped: for all others if it is written, for writers if it is read.
pub(super) struct SlotFile {
    file: File,
    path: PathBuf,
    bytes: Zeroizing<Vec<u8>>,
}

impl SlotFile {
    pub(super) fn open(path: &Path, timeout: Duration) -> Result<Self, CustodianError> {
        Self::locked(path, OpenOptions::new().read(true), File::try_lock_shared, timeout)
    }

    pub(super) fn open_to_write(path: &Path, timeout: Duration) -> Result<Self, CustodianError> {
        Self::locked(path, OpenOptions::new().read(true).write(true), File::try_lock, timeout)
    }

    /// As [`SlotFile::open_to_write`], but makes folder and file if they are not there. The file gets its blocks, as
    /// zeros, before any root.
    pub(super) fn create(path: &Path, timeout: Duration) -> Result<Self, CustodianError> {
        let folder = folder(path);
        let new = || {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
        };
        match new() {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(failed(path, error)),
            // Another process may have made it just now, or was killed when it had: the lock tells who goes on.
            _ => {}
        }
        let mut slots = Self::open_to_write(path, timeout)?;
        slots.load()?;
        slots.complete().map_err(|error| failed(path, error))?;
        for entry in [Some(folder), folder.parent().filter(|above| !above.as_os_str().is_empty())] {
            entry
                .map_or(Ok(()), |entry| File::open(entry)?.sync_all())
                .map_err(|error| failed(path, error))?;
        }
        Ok(slots)
    }

    fn locked(
        path: &Path,
        options: &mut OpenOptions,
        lock: fn(&File) -> Result<(), TryLockError>,
        timeout: Duration,
    ) -> Result<Self, CustodianError> {
        // Without waiting for a writer, should the path be a named pipe.
        let flags = OFlags::NONBLOCK.bits().cast_signed();
        let file = options.custom_flags(flags).open(path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => CustodianError::Missing(path.to_owned()),
            ErrorKind::IsADirectory => CustodianError::NotAFile(path.to_owned()),
            _ => failed(path, error),
        })?;
        if !file.metadata().map_err(|error| failed(path, error))?.is_file() {
            return Err(CustodianError::NotAFile(path.to_owned()));
        }
        let asked = Instant::now();
        loop {
            match lock(&file) {
                Ok(()) => return Ok(Self { file, path: path.to_owned(), bytes: Zeroizing::new(Vec::new()) }),
                Err(TryLockError::Error(error)) => return Err(failed(path, error)),
                Err(TryLockError::WouldBlock) if asked.elapsed() >= timeout => {
                    return Err(CustodianError::Busy(path.to_owned()));
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }

    /// What stands in the slots. A short file of nothing but zeros is one whose making was cut off.
    pub(super) fn read(&mut self) -> Result<[Content; 2], CustodianError> {
        if self.bytes.is_empty() {
            self.load()?;
        }
        let path = || self.path.clone();
        let length = self.file.metadata().map_err(|error| failed(&self.path, error))?.len();
        if length > LENGTH as u64 {
            return Err(CustodianError::TooLong { path: path(), length });
        }
        if self.bytes.starts_with(b"lethe-root/1\n") {
            return Err(CustodianError::OldForm(path()));
        }
        if self.bytes.len() < LENGTH && !zeros(&self.bytes) {
            return Err(CustodianError::Truncated { path: path(), length });
        }
        let (first, second) = self.bytes.split_at_checked(SLOT).unwrap_or((&[], &[]));
        Ok([Content::of(first), Content::of(second)])
    }

    /// Overwrites a slot with a record and zeros behind it.
    pub(super) fn write(&mut self, slot: usize, record: &[u8]) -> Result<(), CustodianError> {
        if self.bytes.len() != LENGTH {
            // All zeros and short: there is nothing to overwrite.
            return Ok(());
        }
        let start = slot * SLOT;
        let Some(page) = self.bytes.get_mut(start..start + SLOT) else { return Ok(()) };
        page.fill(0);
        page.iter_mut().zip(record).for_each(|(place, byte)| *place = *byte);
        self.file.write_all_at(page, start as u64).map_err(|error| failed(&self.path, error))
    }

    /// Returns when the disk has what was written, and has been seen to have it.
    pub(super) fn settle(&self) -> Result<(), CustodianError> {
        let check = || -> io::Result<bool> {
            self.file.sync_all()?;
            let (ours, there) = (self.file.metadata()?, fs::metadata(&self.path)?);
            let same_file = (ours.dev(), ours.ino()) == (there.dev(), there.ino());
            Ok(same_file
                && read_past_cache(&self.file, self.bytes.len())?.as_slice() == self.bytes.as_slice())
        };
        match check() {
            Ok(true) => Ok(()),
            Ok(false) => {
                Err(CustodianError::Unverified { custodian: format!("file:{}", self.path.display()) })
            }
            Err(error) => Err(failed(&self.path, error)),
        }
    }

    fn load(&mut self) -> Result<(), CustodianError> {
        let mut bytes = Zeroizing::new(vec![0; LENGTH]);
        let mut length = 0;
        while let Some(rest) = bytes.get_mut(length..).filter(|rest| !rest.is_empty()) {
            match self.file.read_at(rest, length as u64) {
                Ok(0) => break,
                Ok(more) => length += more,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(failed(&self.path, error)),
            }
        }
        bytes.truncate(length);
        self.bytes = bytes;
        Ok(())
    }

    /// Gives a file that is short of its length, and nothing but zeros, the zeros it lacks.
    fn complete(&mut self) -> io::Result<()> {
        if self.bytes.len() < LENGTH && zeros(&self.bytes) {
            let missing = vec![0; LENGTH - self.bytes.len()];
            self.file.write_all_at(&missing, self.bytes.len() as u64)?;
            self.file.sync_all()?;
            self.bytes = Zeroizing::new(vec![0; LENGTH]);
        }
        Ok(())
    }
}

/// Reads what the disk has. Where the file system allows no direct reading, asks it to drop what it has in memory.
fn read_past_cache(file: &File, length: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    // Direct reading needs an aligned place in memory.
    let mut buffer = Zeroizing::new(vec![0; LENGTH + SLOT]);
    let aligned = buffer.as_ptr().align_offset(SLOT);
    let place = buffer.get_mut(aligned..aligned + length).ok_or(ErrorKind::InvalidInput)?;
    let flags = fcntl_getfl(file)?;
    let direct = fcntl_setfl(file, flags | OFlags::DIRECT).is_ok() && file.read_exact_at(place, 0).is_ok();
    fcntl_setfl(file, flags)?;
    if !direct {
        fadvise(file, 0, None, Advice::DontNeed)?;
        file.read_exact_at(place, 0)?;
    }
    Ok(Zeroizing::new(place.to_vec()))
}

fn zeros(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}

pub(super) fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

pub(super) fn failed(path: &Path, source: io::Error) -> CustodianError {
    CustodianError::Io { path: path.to_owned(), source }
}
