use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::binaries::Places;
use crate::launch::Launch;
use crate::lock::OwnerLock;
use crate::placement::{PORT, Placement, place};
use crate::progress::announcing;
use crate::{Error, Progress, Settings, cluster, parameters, readiness, selection, server_log, supervisor};

/// How long to wait for another process that is starting this folder's server.
const OTHER_STARTS: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(20);

/// Where to connect. There is no password: the folder of the socket is private.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// The folder of the unix socket.
    pub socket_dir: PathBuf,
    /// The port, which names the socket file.
    pub port: u16,
    /// The superuser.
    pub user: String,
}

/// A running PostgreSQL that answers.
///
/// An owned one is restarted whenever it ends, at the same socket, and stopped by [`stop`](Self::stop), by dropping
/// this value, and by the end of this process, however it comes. One merely attached to is left alone.
#[derive(Debug)]
pub struct LocalPostgres {
    connection: Connection,
    placement: Placement,
    owned: Option<Owned>,
}

/// Dropping the sender is the request to stop.
#[derive(Debug)]
struct Owned {
    keep: oneshot::Sender<()>,
    supervisor: JoinHandle<Result<(), Error>>,
}

/// Starts the PostgreSQL of a data folder and supervises it. The first start creates the database.
///
/// # Errors
/// [`Error::InUse`] when another process owns it; otherwise whatever prevents the start, with what to do about it.
pub async fn start(settings: Settings, progress: Progress) -> Result<LocalPostgres, Error> {
    let placement = place(&settings.data_dir, &progress).await?;
    let wait = OwnerLock::take(&placement);
    let lock = announcing(&progress, "Waiting for another process that uses this data folder.", wait).await?;
    own(&settings, placement, lock, progress).await
}

/// Uses the PostgreSQL of a data folder: the one that runs already, which is left running, or one started for as
/// long as the returned value lives.
///
/// # Errors
/// As for [`start`].
pub async fn attach_or_start(settings: Settings, progress: Progress) -> Result<LocalPostgres, Error> {
    let placement = place(&settings.data_dir, &progress).await?;
    let begin = Instant::now();
    let become_owner = async {
        loop {
            if readiness::answers(&placement.socket()).await {
                return Ok(None);
            }
            if let Some(lock) = OwnerLock::try_take(&placement)? {
                return Ok(Some(lock));
            }
            if begin.elapsed() >= OTHER_STARTS {
                return Err(Error::InUse { folder: placement.folder.clone() });
            }
            sleep(POLL).await;
        }
    };
    let line = "Waiting for the PostgreSQL that another process is starting.";
    match announcing(&progress, line, become_owner).await? {
        Some(lock) => own(&settings, placement, lock, progress).await,
        None => Ok(LocalPostgres::new(placement, None)),
    }
}

/// Starts the server as its owner.
async fn own(
    settings: &Settings,
    placement: Placement,
    lock: OwnerLock,
    progress: Progress,
) -> Result<LocalPostgres, Error> {
    let binaries = selection::select(settings, &Places::of_this_machine(), &placement, &progress).await?;
    cluster::ensure(&placement, &binaries, settings.wal_segment_mb, &progress).await?;
    server_log::rotate(&placement.log())?;
    let arguments = parameters::arguments(&placement, settings);
    let launch = Launch { placement: placement.clone(), binaries, arguments, progress };
    let guard = launch.first().await?;
    let (keep, owner) = oneshot::channel();
    let supervisor = tokio::spawn(supervisor::supervise(launch, guard, owner, lock));
    Ok(LocalPostgres::new(placement, Some(Owned { keep, supervisor })))
}

impl LocalPostgres {
    fn new(placement: Placement, owned: Option<Owned>) -> Self {
        let socket_dir = placement.socket_dir.clone();
        let connection = Connection { socket_dir, port: PORT, user: cluster::USER.to_owned() };
        Self { connection, placement, owned }
    }

    /// Where to connect.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The folder really in use: the data folder, or the one under `/var/lib/lethe` that PostgreSQL moved to.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.placement.folder
    }

    /// The server's log, which holds neither statements nor values.
    #[must_use]
    pub fn log_file(&self) -> PathBuf {
        self.placement.log()
    }

    /// Whether this process owns the server and supervises it.
    #[must_use]
    pub fn is_owner(&self) -> bool {
        self.owned.is_some()
    }

    /// Stops an owned server and waits until it has ended; leaves one attached to alone.
    ///
    /// # Errors
    /// [`Error::DidNotStop`] when it takes longer than half a minute.
    pub async fn stop(self) -> Result<(), Error> {
        let Some(Owned { keep, supervisor }) = self.owned else { return Ok(()) };
        drop(keep);
        supervisor.await.unwrap_or(Err(Error::Supervision))
    }
}
