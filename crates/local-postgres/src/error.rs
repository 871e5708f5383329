use std::io;
use std::path::{Path, PathBuf};

/// Why the embedded PostgreSQL cannot be used, and what to do about it.
///
/// Log text in these messages is safe to show: the server runs with settings under which its log holds neither
/// statements nor values.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder operation failed.
    #[error("Cannot {action} {}: {source}. Check the folder's owner, its permissions and the free space.", path.display())]
    File {
        /// What was tried, as a verb phrase: "create the folder".
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A program could not be run at all.
    #[error("Cannot run {}: {source}. Check that it exists and that the user {user} may execute it.", program.display())]
    Program {
        /// The program.
        program: PathBuf,
        /// The user it should run as.
        user: String,
        /// The system's reason.
        source: io::Error,
    },
    /// The folder given by the user holds no usable PostgreSQL.
    #[error("{} is not a folder of PostgreSQL programs: {reason}. Set LETHE_PG_BIN to a folder that holds postgres and initdb, or unset it.", dir.display())]
    BinDir {
        /// The folder given.
        dir: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// No PostgreSQL on this machine, and downloading one is forbidden.
    #[error(
        "No PostgreSQL {oldest} or newer was found, and offline mode forbids downloading one. Install it with: {install}. Or set LETHE_PG_BIN to the folder that holds postgres and initdb."
    )]
    NotInstalled {
        /// The oldest supported major version.
        oldest: u32,
        /// The command that installs PostgreSQL on this platform.
        install: String,
    },
    /// The existing cluster needs the programs of another major version than those found.
    #[error("The cluster in {} was made by PostgreSQL {needed}, but only {found} was found. Install PostgreSQL {needed} ({install}) or set LETHE_PG_BIN to its folder of programs.", cluster.display())]
    OtherVersion {
        /// The cluster's folder.
        cluster: PathBuf,
        /// The major version that made it.
        needed: u32,
        /// The versions found.
        found: String,
        /// The command that installs PostgreSQL on this platform.
        install: String,
    },
    /// The pinned build could not be downloaded or is not what it should be.
    #[error(
        "PostgreSQL {version} could not be downloaded: {reason}. Check the network, or install PostgreSQL with: {install}."
    )]
    Download {
        /// The pinned version.
        version: &'static str,
        /// What went wrong.
        reason: String,
        /// The command that installs PostgreSQL on this platform.
        install: String,
    },
    /// Started by root on a machine without a user to run PostgreSQL as.
    #[error(
        "PostgreSQL refuses to run as root, and there is no user \"postgres\" to run it as. Create one with: {command}. Or start Lethe as an ordinary user."
    )]
    NoUser {
        /// The command that creates the user.
        command: &'static str,
    },
    /// The cluster belongs to a user we are not and cannot become.
    #[error("The cluster in {} belongs to the user with id {owner}. Start Lethe as that user, or give it another data folder.", cluster.display())]
    ForeignCluster {
        /// The cluster's folder.
        cluster: PathBuf,
        /// The user id that owns it.
        owner: u32,
    },
    /// A cluster exists where its own user can no longer reach it.
    #[error("The user {user} can no longer reach the cluster in {}. Let it pass through every folder above (chmod a+x), or move the data folder.", cluster.display())]
    Unreachable {
        /// The cluster's folder.
        cluster: PathBuf,
        /// The user PostgreSQL runs as.
        user: String,
    },
    /// The folder meant for the cluster holds something else.
    #[error("{} is neither empty nor a PostgreSQL cluster (it has no usable PG_VERSION). Restore it from a backup, or move it away to begin anew.", cluster.display())]
    NotACluster {
        /// The folder.
        cluster: PathBuf,
    },
    /// The short folder for the socket exists already and cannot be trusted.
    #[error("The socket folder {} is not a private folder of the user {user} (mode 0700). Remove it, or choose a data folder with a shorter path.", dir.display())]
    SocketFolder {
        /// The folder.
        dir: PathBuf,
        /// The user who should own it.
        user: String,
    },
    /// Another process owns the PostgreSQL of this folder.
    #[error("Another process already runs the PostgreSQL of {}. Stop it first, or use another data folder.", folder.display())]
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// `initdb` failed.
    #[error("initdb could not create the cluster in {}. It said:\n{output}", cluster.display())]
    Initdb {
        /// The cluster's folder.
        cluster: PathBuf,
        /// The last lines of its output.
        output: String,
    },
    /// PostgreSQL ended before it answered.
    #[error("PostgreSQL did not start. The last lines of its log, {}, are:\n{tail}", log.display())]
    DidNotStart {
        /// The log file.
        log: PathBuf,
        /// Its last lines since this start.
        tail: String,
    },
    /// PostgreSQL did not end in time.
    #[error("PostgreSQL has not stopped after {seconds} s. Its log is {}.", log.display())]
    DidNotStop {
        /// How long it was given.
        seconds: u64,
        /// The log file.
        log: PathBuf,
    },
    /// An earlier PostgreSQL of this folder cannot be stopped.
    #[error("An earlier PostgreSQL (process {pid}) still runs in {} and does not stop. End it by hand, then start again.", cluster.display())]
    Leftover {
        /// Its process id.
        pid: i32,
        /// The cluster's folder.
        cluster: PathBuf,
    },
    /// The task that supervises PostgreSQL was cancelled or panicked.
    #[error(
        "The supervision of PostgreSQL ended before it could stop the server; the server stops by itself."
    )]
    Supervision,
}

impl Error {
    /// For `map_err`: the failure of a file operation on `path`.
    pub(crate) fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::File { action, path, source }
    }
}
