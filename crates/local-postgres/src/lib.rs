//! The embedded PostgreSQL of Lethe: with no database configured, Lethe runs one of its own.
//!
//! [`start`] finds PostgreSQL's programs (or downloads a pinned build), runs `initdb` once, starts the server and
//! supervises it. [`attach_or_start`] is for commands beside a running server: they use it, or start it for the
//! duration. Both answer only once the server accepts sessions.
//!
//! ```text
//! <data_dir>/postgres       the cluster, mode 0700
//! <data_dir>/run            the folder of its unix socket, mode 0700 (under /tmp if the path would be too long)
//! <data_dir>/postgres.log   the log; holds neither statements nor values
//! <data_dir>/postgres.lock  locked by the process that owns the server
//! ```
//!
//! **Who runs it.** PostgreSQL refuses to run as root, so root runs it as `postgres` (an existing cluster as its
//! owner). That user must be able to pass through the folders above the data folder; otherwise all of the above
//! moves to `/var/lib/lethe/<id>`, which is said aloud. A data folder that is missing is created with mode 0711 by
//! root and 0700 by everyone else.
//!
//! **Who stops it.** A guard process (`guard.sh`) starts the postmaster and stops it when the pipe that its owner
//! holds closes. So the server ends with its owner, even by `kill -9`:
//!
//! | What is killed | What follows |
//! |---|---|
//! | the owner | the guard stops the postmaster (SIGINT, after 25 s SIGQUIT) |
//! | the postmaster | the guard ends; the owner starts both again, at the same socket |
//! | the guard | the owner sees it, has the postmaster stopped and starts both again |
//! | all three | the next start lets PostgreSQL recover, once the last backends have ended |
//! | owner and guard | the next start stops the orphaned postmaster, then starts its own |

#![allow(clippy::doc_markdown, reason = "PostgreSQL is a name, not code")]

mod account;
mod binaries;
mod cluster;
mod download;
mod error;
mod guard;
mod launch;
mod leftover;
mod lock;
mod parameters;
mod placement;
mod platform;
mod progress;
mod readiness;
mod selection;
mod server;
mod server_log;
mod supervisor;

use std::path::PathBuf;

pub use binaries::{Binaries, find_binaries};
pub use error::Error;
pub use progress::Progress;
pub use server::{Connection, LocalPostgres, attach_or_start, start};

/// What to run, and where.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The data folder of Lethe; created if missing.
    pub data_dir: PathBuf,
    /// The folder of PostgreSQL's programs (`LETHE_PG_BIN`); the usual folders and the `PATH` if none.
    pub bin_dir: Option<PathBuf>,
    /// Whether downloading PostgreSQL is forbidden.
    pub offline: bool,
    /// Further settings of the server, for tests. They come last, so they override ours.
    pub parameters: Vec<(String, String)>,
    /// The size of the WAL's segments in MB, for tests. Only the first start heeds it.
    pub wal_segment_mb: Option<u32>,
}

impl Settings {
    /// The defaults for a data folder.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self { data_dir: data_dir.into(), ..Self::default() }
    }
}
