//! The root key in its file: 32 bytes that wrap every subject key, kept outside PostgreSQL and out of its backups.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::VaultError;
use crate::crypto::{self, Key};

const MAGIC: &[u8] = b"lethe-root/1\n";

/// The root key, unwrapped in memory.
pub struct Root {
    pub(crate) cipher: aws_lc_rs::aead::LessSafeKey,
    commitment: [u8; 32],
}

impl Root {
    fn new(secret: &Key) -> Result<Self, VaultError> {
        Ok(Self {
            cipher: crypto::cipher(&crypto::derive(secret, "lethe-wrap/1")?)?,
            commitment: crypto::mac(&crypto::derive(secret, "lethe-root/1")?, b"root"),
        })
    }

    /// What the database keeps to recognise its root; it tells nothing about the key.
    #[must_use]
    pub fn commitment(&self) -> &[u8; 32] {
        &self.commitment
    }
}

/// Where the root key is kept.
#[derive(Clone, Debug)]
pub struct RootFile(PathBuf);

impl RootFile {
    /// The root file of a data folder.
    #[must_use]
    pub fn in_data_dir(data_dir: &Path) -> Self {
        Self(data_dir.join("vault").join("root.key"))
    }

    /// The file's path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Reads the root; `None` if there is no file.
    ///
    /// # Errors
    /// [`VaultError::RootDamaged`], [`VaultError::RootFile`].
    pub fn read(&self) -> Result<Option<Root>, VaultError> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(MAGIC.len() + crypto::KEY_LEN + 1));
        match File::open(&self.0) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.failed(error)),
            Ok(file) => file.take(4096).read_to_end(&mut bytes).map_err(|error| self.failed(error))?,
        };
        let secret = bytes
            .strip_prefix(MAGIC)
            .and_then(|rest| <[u8; crypto::KEY_LEN]>::try_from(rest).ok())
            .filter(|secret| secret.iter().any(|byte| *byte != 0))
            .ok_or_else(|| VaultError::RootDamaged(self.0.clone()))?;
        Root::new(&Key::new(secret)).map(Some)
    }

    /// Writes a new root; durable when it returns. An existing file is never overwritten.
    ///
    /// # Errors
    /// [`VaultError::RootFile`], also when the file exists.
    pub fn create(&self) -> Result<Root, VaultError> {
        let secret = Key::new(crypto::random()?);
        self.write(&secret).map_err(|error| self.failed(error))?;
        Root::new(&secret)
    }

    fn write(&self, secret: &Key) -> std::io::Result<()> {
        let folder = self.0.parent().unwrap_or(Path::new("."));
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&self.0)?;
        let bytes = Zeroizing::new([MAGIC, secret.as_slice()].concat());
        file.write_all(&bytes)?;
        file.sync_all()?;
        File::open(folder)?.sync_all()
    }

    fn failed(&self, source: std::io::Error) -> VaultError {
        VaultError::RootFile { path: self.0.clone(), source }
    }
}
