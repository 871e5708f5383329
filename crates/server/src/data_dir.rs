//! The data folder: what holds the vault's root key, the embedded PostgreSQL and the locks.

mod lock;

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

pub(crate) use lock::ServeLock;

use crate::config::Config;
use crate::error::Error;

/// The format of data folders that this version writes.
const FORMAT: u32 = 1;
const VERSION: &str = "VERSION";
/// The key that signs tokens where there is no issuer.
const TOKEN_KEY: &str = "token.key";
/// What Lethe and its embedded PostgreSQL keep in a data folder.
const OURS: [&str; 11] = [
    VERSION,
    "demo.loading",
    "lethe.lock",
    "mail",
    "postgres",
    "postgres.new",
    "postgres.log",
    "postgres.lock",
    "run",
    TOKEN_KEY,
    "vault",
];

/// A data folder of a format that this version knows.
#[derive(Clone, Debug)]
pub(crate) struct DataDir(PathBuf);

impl DataDir {
    /// Opens the folder; makes it if it is missing or empty.
    ///
    /// # Errors
    /// [`Error::ForeignFolder`], [`Error::NewerFolder`], [`Error::DamagedVersion`], [`Error::File`].
    pub(crate) fn prepare(path: &Path) -> Result<Self, Error> {
        create(path).map_err(Error::file("create the data folder", path))?;
        let folder = Self(absolute(path)?);
        if folder.format()?.is_none() {
            folder.refuse_strangers()?;
            folder.write_format().map_err(Error::file("write VERSION in", path))?;
        }
        Ok(folder)
    }

    /// Opens a folder that exists already.
    ///
    /// # Errors
    /// [`Error::NoFolder`], and as [`DataDir::prepare`].
    pub(crate) fn existing(path: &Path) -> Result<Self, Error> {
        if !path.join(VERSION).exists() && !path.join("postgres").exists() {
            return Err(Error::NoFolder(path.to_owned()));
        }
        Self::prepare(path)
    }

    /// The folder of a command that works on a database: with `DATABASE_URL` a new one will do.
    ///
    /// # Errors
    /// As [`DataDir::existing`].
    pub(crate) fn for_database(config: &Config) -> Result<Self, Error> {
        match config.database_url {
            Some(_) => Self::prepare(&config.data_dir),
            None => Self::existing(&config.data_dir),
        }
    }

    /// The folder's absolute path.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The file of the key that signs tokens where there is no issuer.
    pub(crate) fn token_key(&self) -> PathBuf {
        self.0.join(TOKEN_KEY)
    }

    /// The format of the folder; none if it has no `VERSION`.
    fn format(&self) -> Result<Option<u32>, Error> {
        let path = self.0.join(VERSION);
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) if error.kind() == ErrorKind::InvalidData => return Err(Error::DamagedVersion(path)),
            text => text.map_err(Error::file("read", &path))?,
        };
        match text.trim().parse() {
            Ok(found) if found > FORMAT => {
                Err(Error::NewerFolder { folder: self.0.clone(), found, known: FORMAT })
            }
            Ok(found) if found > 0 => Ok(Some(found)),
            _ => Err(Error::DamagedVersion(path)),
        }
    }

    /// Somebody may have named a folder of their own; nothing of ours shall end up between their files.
    fn refuse_strangers(&self) -> Result<(), Error> {
        let entries = fs::read_dir(&self.0).map_err(Error::file("read the data folder", &self.0))?;
        let foreign = entries.flatten().any(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let unfinished = name.starts_with(VERSION) || name.starts_with(TOKEN_KEY);
            !OURS.contains(&name.as_ref()) && !unfinished
        });
        if foreign { Err(Error::ForeignFolder(self.0.clone())) } else { Ok(()) }
    }

    /// Under another name first, so that nobody ever reads half a file; two processes write the same.
    fn write_format(&self) -> std::io::Result<()> {
        let unfinished = self.0.join(format!("{VERSION}.{}", std::process::id()));
        let mut file = File::create(&unfinished)?;
        writeln!(file, "{FORMAT}")?;
        file.sync_all()?;
        fs::rename(unfinished, self.0.join(VERSION))?;
        File::open(&self.0)?.sync_all()
    }
}

/// Only its owner may look into a data folder. One made by root must let PostgreSQL's user pass through.
fn create(path: &Path) -> std::io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let mode = if rustix::process::geteuid().is_root() { 0o711 } else { 0o700 };
    DirBuilder::new().recursive(true).mode(mode).create(path)?;
    fs::set_permissions(path, Permissions::from_mode(mode))
}

fn absolute(path: &Path) -> Result<PathBuf, Error> {
    fs::canonicalize(path).map_err(Error::file("find the data folder", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_folder_is_private_and_has_a_format() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("a/b");
        let folder = DataDir::prepare(&path).unwrap();
        assert_eq!(fs::metadata(folder.path()).unwrap().permissions().mode() & 0o066, 0);
        assert_eq!(fs::read_to_string(path.join(VERSION)).unwrap(), "1\n");
        assert_eq!(fs::read_dir(&path).unwrap().count(), 1, "no unfinished file is left");
        DataDir::prepare(&path).unwrap();
        DataDir::existing(&path).unwrap();
    }

    #[test]
    fn a_folder_of_a_newer_version_is_refused_and_left_alone() {
        let parent = tempfile::tempdir().unwrap();
        fs::write(parent.path().join(VERSION), "2\n").unwrap();
        let error = DataDir::prepare(parent.path()).unwrap_err();
        assert!(matches!(error, Error::NewerFolder { found: 2, known: 1, .. }), "{error}");
        assert_eq!(error.exit_code(), 3);
        assert_eq!(fs::read_to_string(parent.path().join(VERSION)).unwrap(), "2\n");
    }

    #[test]
    fn a_damaged_version_is_an_error_not_a_new_folder() {
        for content in [&b""[..], b"one", b"0", b"-1", b"\xff\xfe", b"99999999999"] {
            let parent = tempfile::tempdir().unwrap();
            fs::write(parent.path().join(VERSION), content).unwrap();
            let error = DataDir::prepare(parent.path()).unwrap_err();
            assert!(matches!(error, Error::DamagedVersion(_)), "{content:?}: {error}");
        }
    }

    #[test]
    fn a_folder_with_other_files_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        fs::write(parent.path().join("thesis.odt"), "").unwrap();
        assert!(matches!(DataDir::prepare(parent.path()), Err(Error::ForeignFolder(_))));
        assert!(!parent.path().join(VERSION).exists());
    }

    #[test]
    fn a_command_beside_the_server_makes_no_folder() {
        let parent = tempfile::tempdir().unwrap();
        let missing = parent.path().join("missing");
        assert!(matches!(DataDir::existing(&missing), Err(Error::NoFolder(_))));
        assert!(!missing.exists());
    }
}
