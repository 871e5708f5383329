//! The folder of a bundle, in which somebody else may have put anything.
//!
//! Only regular files are opened, and only those of the folder itself: a link could lead to a device that never ends, or out
//! of the bundle; a pipe would be waited for. Each step of a path is opened below the one before it, and none is a link, so
//! that nothing can be exchanged between looking and opening. (`openat2` could do it in one step, where kernel and sandbox have it;
//! paths here have two steps at most.)

use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{Dir, FileType, Mode, OFlags, fstat, open, openat};
use rustix::io::Errno;

use super::{EVENTS, Fault, MANIFEST};

/// Opening does not wait for a pipe's writer, nor make a terminal one's own.
const FILE: OFlags = OFlags::RDONLY
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC)
    .union(OFlags::NOFOLLOW);

const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// An open folder.
pub(super) struct Folder(OwnedFd);

impl Folder {
    /// The folder that a user has named; that may be a link.
    pub(super) fn open(path: &Path) -> Result<Self, Fault> {
        open(path, DIRECTORY, Mode::empty()).map(Self).map_err(fault(MANIFEST))
    }

    /// A file of the bundle, by its name below the folder.
    pub(super) fn file(&self, name: &str) -> Result<File, Fault> {
        let opened = match name.split_once('/') {
            None => openat(&self.0, name, FILE, Mode::empty()),
            Some((below, last)) => match self.below(below) {
                Ok(below) => openat(&below, last, FILE, Mode::empty()),
                Err(Errno::NOENT) => Err(Errno::NOENT),
                Err(error) => return Err(fault(below)(error)),
            },
        };
        let opened = opened.map_err(fault(name))?;
        let kind = FileType::from_raw_mode(fstat(&opened).map_err(fault(name))?.st_mode);
        if kind.is_file() { Ok(File::from(opened)) } else { Err(Fault::NotAFile(name.to_owned())) }
    }

    /// The first thing, here or in the folder with the events, whose name does not pass.
    pub(super) fn foreign(&self, known: impl Fn(&str) -> bool) -> Result<Option<String>, Fault> {
        let own = Dir::read_from(&self.0).map_err(fault(MANIFEST))?;
        if let Some(name) = stranger(own, "", &known)? {
            return Ok(Some(name));
        }
        match self.below(EVENTS) {
            Ok(events) => stranger(Dir::new(events).map_err(fault(EVENTS))?, &format!("{EVENTS}/"), &known),
            // Where no event was selected, it may be missing.
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(fault(EVENTS)(error)),
        }
    }

    fn below(&self, name: &str) -> Result<OwnedFd, Errno> {
        openat(&self.0, name, DIRECTORY.union(OFlags::NOFOLLOW), Mode::empty())
    }
}

fn stranger(folder: Dir, prefix: &str, known: impl Fn(&str) -> bool) -> Result<Option<String>, Fault> {
    for item in folder {
        let item = item.map_err(fault(prefix.trim_end_matches('/')))?;
        let name = item.file_name().to_string_lossy();
        let path = format!("{prefix}{name}");
        if name != "." && name != ".." && !known(&path) {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

/// For `map_err`: why something was not opened. A link is not followed, a socket has nothing to read.
fn fault(name: &str) -> impl FnOnce(Errno) -> Fault {
    let name = name.to_owned();
    move |error| match error {
        Errno::LOOP | Errno::NOTDIR | Errno::NXIO => Fault::NotAFile(name),
        error => Fault::file(&name)(error.into()),
    }
}
