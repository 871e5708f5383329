//! The operating-system user that PostgreSQL runs as.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, lchown};
use std::path::Path;
use std::process::Stdio;

use nix::unistd::{Uid, User};
use tokio::process::Command;

use crate::Error;

/// The user PostgreSQL's distributions create for it.
const USUAL_NAME: &str = "postgres";

#[cfg(target_os = "macos")]
const CREATE_USER: &str = "sudo sysadminctl -addUser postgres -shell /usr/bin/false";
#[cfg(not(target_os = "macos"))]
const CREATE_USER: &str =
    "useradd --system --home-dir /var/lib/postgresql --shell /usr/sbin/nologin postgres";

/// Who runs PostgreSQL and owns its files: ourselves, or an unprivileged user when we are root.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) uid: u32,
    gid: u32,
    pub(crate) name: String,
    switches: bool,
}

impl Account {
    /// The account for a cluster owned by `owner`, or for a new one. Root steps down to the owner of the cluster,
    /// else to `postgres`; everyone else is just themselves, and can only use a cluster of their own.
    pub(crate) fn choose(cluster: &Path, owner: Option<u32>) -> Result<Self, Error> {
        let me = rustix::process::geteuid().as_raw();
        let gid = rustix::process::getegid().as_raw();
        if me != 0 {
            return match owner.filter(|owner| *owner != me) {
                Some(owner) => Err(Error::ForeignCluster { cluster: cluster.to_path_buf(), owner }),
                None => Ok(Self { uid: me, gid, name: name_of(me), switches: false }),
            };
        }
        let user = match owner {
            Some(0) => return Err(Error::ForeignCluster { cluster: cluster.to_path_buf(), owner: 0 }),
            Some(owner) => User::from_uid(Uid::from_raw(owner)),
            None => User::from_name(USUAL_NAME),
        };
        let user = user.ok().flatten().ok_or(Error::NoUser { command: CREATE_USER })?;
        Ok(Self { uid: user.uid.as_raw(), gid: user.gid.as_raw(), name: user.name, switches: true })
    }

    /// A command that runs as this user, in `/`, with an environment that holds nothing of ours: the environment
    /// of a process can be read by its user, and ours may hold secrets.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("LC_ALL", "C").current_dir("/").stdin(Stdio::null());
        for name in ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TZDIR"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        if self.switches {
            // The standard library also drops root's supplementary groups when it sets the user id.
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// Whether this user can enter `dir`. Asked of the system, which knows about access lists as well as modes.
    pub(crate) async fn reaches(&self, dir: &Path) -> bool {
        if !self.switches {
            return true;
        }
        let mut command = self.command("/bin/sh");
        command.args(["-c", "cd -- \"$1\"", "sh"]).arg(dir).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().await.is_ok_and(|status| status.success())
    }

    /// Makes sure that `dir` is a folder of this user that nobody else may enter.
    pub(crate) fn private_folder(&self, dir: &Path) -> io::Result<()> {
        match DirBuilder::new().mode(0o700).create(dir) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        let found = fs::symlink_metadata(dir)?;
        if !found.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        if found.mode() & 0o7777 != 0o700 {
            fs::set_permissions(dir, Permissions::from_mode(0o700))?;
        }
        if self.switches && found.uid() != self.uid {
            lchown(dir, Some(self.uid), Some(self.gid))?;
        }
        Ok(())
    }
}

fn name_of(uid: u32) -> String {
    let user = User::from_uid(Uid::from_raw(uid)).ok().flatten();
    user.map_or_else(|| uid.to_string(), |user| user.name)
}
