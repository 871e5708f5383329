//! What can go wrong with a mirror.

use std::path::{Path, PathBuf};

use uuid::Uuid;

/// Why a mirror is not as it must be. No message contains a key.
#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    /// There is no folder. Its disk may not be mounted, so it is never made.
    #[error(
        "The mirror {0} is not there. If its disk is not mounted, mount it; if the mirror is new, make the folder, with \
         mode 0700 and owned by the user that runs Lethe."
    )]
    Missing(PathBuf),
    /// Something else stands where the folder should be.
    #[error("The mirror {0} is not a folder. Name a folder in the setting mirrors.")]
    NotAFolder(PathBuf),
    /// The mirror could not be read or written.
    #[error(
        "The mirror {} cannot be read or written: {source}. Check its disk, the room on it, and the permissions.",
        .path.display()
    )]
    Io {
        /// The folder or a file in it.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The mirror is empty.
    #[error(
        "The mirror {0} holds no export of a vault. Name the folder that holds `vault-….export`, or have one written \
         with `lethe keys export`."
    )]
    Vacant(PathBuf),
    /// A file is not what was written.
    #[error(
        "The file {} of the mirror is damaged at line {line}: {reason}. Take another mirror; `lethe keys export` \
         writes this one anew.",
        .path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong.
        reason: &'static str,
    },
    /// What was written is not what is read.
    #[error("What was written to {0} is not what is read back. Check its disk.")]
    Unverified(PathBuf),
    /// The mirror is that of somebody else.
    #[error(
        "The mirror {} holds the keys of another installation, {installation}. Name the mirror of this installation.",
        .path.display()
    )]
    OfAnother {
        /// The folder.
        path: PathBuf,
        /// Whose keys it holds.
        installation: Uuid,
    },
    /// The mirror is fed by another copy of this database.
    #[error(
        "The mirror {} was fed by the same installation on another cluster ({other}). If that one is gone for good, \
         `lethe keys export` has this one take the mirror over; if it still runs, stop one of them.",
        .path.display()
    )]
    OfAnotherCluster {
        /// The folder.
        path: PathBuf,
        /// System identifier and timeline of the other one.
        other: String,
    },
    /// The database is older than the mirror.
    #[error(
        "The mirror {} is at epoch {} and change {}, but this database is at epoch {} and change {}: it is an older \
         copy, in which destroyed keys may be back. Run: lethe restore --from {}",
        .path.display(), .mirror.0, .mirror.1, .database.0, .database.1, .path.display()
    )]
    Newer {
        /// The folder.
        path: PathBuf,
        /// Its epoch and its last change.
        mirror: (i64, i64),
        /// Those of the database.
        database: (i64, i64),
    },
    /// The database failed.
    #[error("The keys could not be read from PostgreSQL for the mirror: {0}.")]
    Database(#[from] sqlx::Error),
    /// The process is stopping.
    #[error("The work at a mirror was cut off because the process is stopping.")]
    Stopping,
}

impl MirrorError {
    /// For `map_err`: the failure of a file operation.
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }
}

/// The mirrors that failed, each with its reason.
#[derive(Debug, thiserror::Error)]
#[error("Not every mirror has the newest keys:{}", listed(.0))]
pub struct MirrorsError(pub Vec<MirrorError>);

fn listed(errors: &[MirrorError]) -> String {
    let lines: Vec<String> = errors.iter().map(|error| format!("\n  {error}")).collect();
    lines.concat()
}
