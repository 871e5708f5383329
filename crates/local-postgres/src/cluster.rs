//! The cluster: PostgreSQL's own folder, made once by `initdb`.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::binaries::Binaries;
use crate::placement::Placement;
use crate::progress::announcing;
use crate::{Error, Progress, server_log};

/// The superuser of the embedded server.
pub(crate) const USER: &str = "postgres";

/// The major version that made the cluster; none if there is no cluster yet.
pub(crate) fn major(cluster: &Path) -> Result<Option<u32>, Error> {
    let not_a_cluster = || Error::NotACluster { cluster: cluster.to_path_buf() };
    match fs::read_to_string(cluster.join("PG_VERSION")) {
        Ok(text) => text.trim().parse().map(Some).map_err(|_| not_a_cluster()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if empty(cluster)? {
                Ok(None)
            } else {
                Err(not_a_cluster())
            }
        }
        Err(error) => Err(Error::file("read PG_VERSION in", cluster)(error)),
    }
}

/// Whether a folder is missing or has nothing in it.
fn empty(dir: &Path) -> Result<bool, Error> {
    match fs::read_dir(dir) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(Error::file("read", dir)(error)),
    }
}

/// Makes the cluster if there is none. It is made under another name and renamed when whole, so that a crash at
/// any moment leaves either no cluster or a good one.
pub(crate) async fn ensure(
    placement: &Placement,
    binaries: &Binaries,
    wal_segment_mb: Option<u32>,
    progress: &Progress,
) -> Result<(), Error> {
    let cluster = placement.cluster();
    if major(&cluster)?.is_some() {
        return Ok(());
    }
    progress(&format!(
        "Creating the database in {} with PostgreSQL {}.",
        cluster.display(),
        binaries.version
    ));
    let unfinished = placement.folder.join("postgres.new");
    match fs::remove_dir_all(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(Error::file("remove the unfinished cluster", &unfinished)(error));
        }
        _ => placement
            .account
            .private_folder(&unfinished)
            .map_err(Error::file("create the folder", &unfinished))?,
    }
    let work = initdb(placement, binaries, &unfinished, wal_segment_mb);
    announcing(progress, "Still creating the database.", work).await?;
    let publish = || {
        sync(&unfinished)?;
        fs::rename(&unfinished, &cluster)?;
        sync(&placement.folder)
    };
    publish().map_err(Error::file("put the new cluster in place at", &cluster))
}

async fn initdb(
    placement: &Placement,
    binaries: &Binaries,
    target: &PathBuf,
    wal_segment_mb: Option<u32>,
) -> Result<(), Error> {
    let program = binaries.dir.join("initdb");
    let mut command = placement.account.command(&program);
    command.arg("--pgdata").arg(target).args(["--username", USER]);
    command.args(["--encoding=UTF8", "--locale=C", "--data-checksums", "--no-instructions"]);
    // Without passwords: the server listens on one unix socket only, in a folder with mode 0700, so whoever can
    // connect is the owner of the files (or root) and could read them anyway. "peer" would add nothing but refuse
    // root, who runs Lethe while another user runs PostgreSQL.
    command.args(["--auth-local=trust", "--auth-host=reject"]);
    if let Some(size) = wal_segment_mb {
        command.arg(format!("--wal-segsize={size}"));
    }
    let user = placement.account.name.clone();
    let output = command.kill_on_drop(true).output().await;
    let output = output.map_err(|source| Error::Program { program, user, source })?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    let output = server_log::last_lines(&String::from_utf8_lossy(&said));
    Err(Error::Initdb { cluster: placement.cluster(), output })
}

fn sync(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_with_other_things_in_it_is_not_a_cluster() {
        let parent = tempfile::tempdir().unwrap();
        let cluster = parent.path().join("postgres");
        assert_eq!(major(&cluster).unwrap(), None);
        fs::create_dir(&cluster).unwrap();
        assert_eq!(major(&cluster).unwrap(), None);
        fs::write(cluster.join("base"), "").unwrap();
        assert!(matches!(major(&cluster), Err(Error::NotACluster { .. })));
        fs::write(cluster.join("PG_VERSION"), "16\n").unwrap();
        assert_eq!(major(&cluster).unwrap(), Some(16));
        fs::write(cluster.join("PG_VERSION"), "garbage").unwrap();
        assert!(matches!(major(&cluster), Err(Error::NotACluster { .. })));
    }
}
