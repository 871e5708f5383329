//! The lock that makes one process the owner of a folder's PostgreSQL. The system frees it when the process ends,
//! however it ends.

use std::fs::{File, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::Error;
use crate::placement::Placement;

/// Long enough for an owner in the middle of an ordinary stop.
const PATIENCE: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(20);

/// Held by the owner for as long as its PostgreSQL may run.
#[derive(Debug)]
pub(crate) struct OwnerLock {
    _file: File,
}

impl OwnerLock {
    /// Takes the lock if it is free.
    pub(crate) fn try_take(placement: &Placement) -> Result<Option<Self>, Error> {
        let path = placement.lock();
        let file = File::options().write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = file.map_err(Error::file("open the lock file", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(Error::file("lock", &path)(error)),
        }
    }

    /// Takes the lock, waiting a little for an owner that is just leaving.
    pub(crate) async fn take(placement: &Placement) -> Result<Self, Error> {
        let begin = Instant::now();
        loop {
            if let Some(lock) = Self::try_take(placement)? {
                return Ok(lock);
            }
            if begin.elapsed() >= PATIENCE {
                return Err(Error::InUse { folder: placement.folder.clone() });
            }
            sleep(POLL).await;
        }
    }
}
