//! The file of the key: PKCS #8 in PEM, as RFC 8410 writes it and as other tools read it.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::Secret;
use crate::error::LocalKeyError;

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

/// Writes the file under another name and links it to its own, so that nobody ever reads half of it and nobody
/// overwrites one that somebody else has just made.
pub(super) fn create(path: &Path, document: &[u8]) -> Result<(), LocalKeyError> {
    let text = Zeroizing::new(format!("{BEGIN}\n{}\n{END}\n", STANDARD.encode(document)));
    let unfinished = path.with_extension(format!("key.{}", std::process::id()));
    let written = write(&unfinished, &text).map_err(LocalKeyError::file("write", &unfinished));
    let linked = written.and_then(|()| match fs::hard_link(&unfinished, path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(LocalKeyError::file("create", path)(error))
        }
        _ => Ok(()),
    });
    let removed = fs::remove_file(&unfinished).map_err(LocalKeyError::file("remove", &unfinished));
    linked.and(removed)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(LocalKeyError::file("write", folder))
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    // One that a process of the same id left when it was killed.
    if let Err(error) = fs::remove_file(path)
        && error.kind() != ErrorKind::NotFound
    {
        return Err(error);
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Reads what [`create`] wrote, if nobody else may read it.
pub(super) fn read(path: &Path) -> Result<Secret, LocalKeyError> {
    let metadata = fs::metadata(path).map_err(LocalKeyError::file("read", path))?;
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(LocalKeyError::Exposed(path.to_owned()));
    }
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::InvalidData => {
            return Err(LocalKeyError::Damaged(path.to_owned()));
        }
        text => Zeroizing::new(text.map_err(LocalKeyError::file("read", path))?),
    };
    let body = text.trim().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END));
    let body = Zeroizing::new(body.unwrap_or_default().split_whitespace().collect::<String>());
    let document = STANDARD.decode(body.as_bytes()).ok().filter(|document| !document.is_empty());
    document.map(Zeroizing::new).ok_or_else(|| LocalKeyError::Damaged(path.to_owned()))
}
