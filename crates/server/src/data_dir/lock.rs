//! One `lethe serve` for one data folder.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;

use super::DataDir;
use crate::error::Error;

const FILE: &str = "lethe.lock";

/// The lock of a data folder, held as long as this value lives and no longer than its process. The file itself is
/// never removed: someone else may just have opened it.
#[derive(Debug)]
pub(crate) struct ServeLock(File);

impl ServeLock {
    /// Takes the lock.
    ///
    /// # Errors
    /// [`Error::InUse`] names the process that holds it.
    pub(crate) fn take(folder: &DataDir) -> Result<Self, Error> {
        let path = folder.path().join(FILE);
        let open =
            || OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
        let mut file = open().map_err(Error::file("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::InUse { folder: folder.path().to_owned(), pid: holder(&mut file) });
            }
            Err(TryLockError::Error(source)) => return Err(Error::File { action: "lock", path, source }),
        }
        write_pid(&mut file).map_err(Error::file("write", &path))?;
        Ok(Self(file))
    }
}

impl Drop for ServeLock {
    /// A process id that is no longer true must not be told to anyone. If it cannot be removed, the next holder
    /// overwrites it.
    fn drop(&mut self) {
        drop(self.0.set_len(0));
    }
}

fn write_pid(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    writeln!(file, "{}", std::process::id())
}

/// The process id in the file; none in the moment before the holder has written it.
fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_server_is_told_who_holds_the_folder() {
        let parent = tempfile::tempdir().unwrap();
        let folder = DataDir::prepare(parent.path()).unwrap();
        let lock = ServeLock::take(&folder).unwrap();
        let error = ServeLock::take(&folder).unwrap_err();
        assert!(error.to_string().contains(&format!("lethe process {}", std::process::id())), "{error}");
        assert_eq!(error.exit_code(), 5);
        drop(lock);
        ServeLock::take(&folder).unwrap();
        assert!(parent.path().join(FILE).exists());
    }

    #[test]
    fn what_an_earlier_process_left_in_the_file_is_no_obstacle() {
        let parent = tempfile::tempdir().unwrap();
        let folder = DataDir::prepare(parent.path()).unwrap();
        std::fs::write(parent.path().join(FILE), "4194304999\nrubbish").unwrap();
        let lock = ServeLock::take(&folder).unwrap();
        let text = std::fs::read_to_string(parent.path().join(FILE)).unwrap();
        assert_eq!(text, format!("{}\n", std::process::id()));
        drop(lock);
    }
}
