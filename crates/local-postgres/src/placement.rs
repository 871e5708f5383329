//! Where PostgreSQL's files are: in the data folder, or elsewhere when its user cannot reach that.

use std::fs::{self, DirBuilder, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::account::Account;
use crate::{Error, Progress};

/// The port names only the socket file: the server listens on no network, and the folder is its own.
pub(crate) const PORT: u16 = 5432;
/// The longest path of a unix socket that every supported platform takes, in bytes (`sun_path` less its NUL).
const LONGEST_SOCKET_PATH: usize = if cfg!(target_os = "macos") { 103 } else { 107 };
/// The parent of moved folders.
const ELSEWHERE: &str = "/var/lib/lethe";

/// The files of one embedded PostgreSQL and the account that owns them.
#[derive(Debug, Clone)]
pub(crate) struct Placement {
    /// The folder really in use.
    pub(crate) folder: PathBuf,
    pub(crate) socket_dir: PathBuf,
    pub(crate) account: Account,
}

impl Placement {
    pub(crate) fn cluster(&self) -> PathBuf {
        self.folder.join("postgres")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join("postgres.log")
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.folder.join("postgres.lock")
    }

    pub(crate) fn socket(&self) -> PathBuf {
        socket_in(&self.socket_dir)
    }
}

/// Finds the folder and the account, and creates the folders that are missing.
pub(crate) async fn place(data_dir: &Path, progress: &Progress) -> Result<Placement, Error> {
    create_open(data_dir)?;
    let home = fs::canonicalize(data_dir).map_err(Error::file("resolve the folder", data_dir))?;
    let moved = Path::new(ELSEWHERE).join(id_of(&home).to_string());
    let owner = owner_of(&home.join("postgres"));
    let moved_owner = owner_of(&moved.join("postgres"));
    let has_moved = owner.is_none() && moved_owner.is_some();
    let cluster = if has_moved { &moved } else { &home }.join("postgres");
    let account = Account::choose(&cluster, owner.or(moved_owner))?;
    let reached = account.reaches(&home).await;
    if owner.is_some() && !reached {
        // A second, empty cluster elsewhere would look like lost data.
        return Err(Error::Unreachable { cluster, user: account.name });
    }
    let folder = if reached && !has_moved {
        home
    } else {
        create_open(&moved)?;
        progress(&format!(
            "The user {} could not reach {}, so PostgreSQL keeps its files in {}.",
            account.name,
            home.display(),
            moved.display()
        ));
        moved
    };
    let socket_dir = socket_folder(&folder, &account)?;
    Ok(Placement { folder, socket_dir, account })
}

/// The owner of the cluster's folder, if there is one.
fn owner_of(cluster: &Path) -> Option<u32> {
    fs::symlink_metadata(cluster).ok().map(|found| found.uid())
}

/// A stable id for the moved files of a data folder.
fn id_of(home: &Path) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, home.as_os_str().as_bytes())
}

/// Creates a folder that is missing. One made by root lets PostgreSQL's user pass through but not list it.
fn create_open(dir: &Path) -> Result<(), Error> {
    if dir.is_dir() {
        return Ok(());
    }
    let mode = if rustix::process::geteuid().is_root() { 0o711 } else { 0o700 };
    let create = || {
        DirBuilder::new().recursive(true).mode(mode).create(dir)?;
        fs::set_permissions(dir, Permissions::from_mode(mode))
    };
    create().map_err(Error::file("create the folder", dir))
}

fn socket_in(dir: &Path) -> PathBuf {
    dir.join(format!(".s.PGSQL.{PORT}"))
}

/// The private folder of the socket: beside the cluster, or under `/tmp` when that path would be too long.
fn socket_folder(folder: &Path, account: &Account) -> Result<PathBuf, Error> {
    let beside = folder.join("run");
    let bytes = beside.as_os_str().as_bytes();
    let fits = socket_in(&beside).as_os_str().len() <= LONGEST_SOCKET_PATH;
    // PostgreSQL reads the setting as a list of quoted names.
    if fits && !bytes.contains(&b'"') {
        account.private_folder(&beside).map_err(Error::file("create the folder", &beside))?;
        return Ok(beside);
    }
    let short = PathBuf::from(format!("/tmp/lethe-{}", id_of(folder).simple()));
    refuse_strangers(&short, account)?;
    account.private_folder(&short).map_err(Error::file("create the folder", &short))?;
    Ok(short)
}

/// Anyone may create anything under `/tmp`: an existing folder must be private and belong to us or to PostgreSQL's
/// user. What passes cannot be replaced by others afterwards, for `/tmp` is sticky.
fn refuse_strangers(dir: &Path, account: &Account) -> Result<(), Error> {
    let Ok(found) = fs::symlink_metadata(dir) else { return Ok(()) };
    let ours = [account.uid, rustix::process::geteuid().as_raw()].contains(&found.uid());
    let private = found.mode() & 0o777 & !0o700 == 0;
    if found.is_dir() && ours && private {
        return Ok(());
    }
    Err(Error::SocketFolder { dir: dir.to_path_buf(), user: account.name.clone() })
}

/// A placement in this very folder, whoever can reach it.
#[cfg(test)]
pub(crate) fn in_folder(folder: &Path) -> Placement {
    let account = Account::choose(&folder.join("postgres"), None).unwrap();
    Placement { folder: folder.to_path_buf(), socket_dir: folder.join("run"), account }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_folder_in_tmp_that_others_may_enter_is_refused() {
        let account = Account::choose(Path::new("/nowhere"), None).unwrap();
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("socket");
        assert!(refuse_strangers(&dir, &account).is_ok());
        fs::create_dir(&dir).unwrap();
        fs::set_permissions(&dir, Permissions::from_mode(0o755)).unwrap();
        assert!(matches!(refuse_strangers(&dir, &account), Err(Error::SocketFolder { .. })));
        fs::set_permissions(&dir, Permissions::from_mode(0o700)).unwrap();
        assert!(refuse_strangers(&dir, &account).is_ok());
        let link = parent.path().join("link");
        std::os::unix::fs::symlink(&dir, &link).unwrap();
        assert!(matches!(refuse_strangers(&link, &account), Err(Error::SocketFolder { .. })));
    }
}
