//! Without a mail server: every mail becomes a file, sealed for the person it is about. Once that person is erased,
//! the file is noise.

use std::fs::{self, DirBuilder, File};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lethe_kernel::{EventId, MailId, Personal, PersonalValue, SealedText, Subject, personal_text};
use lethe_ledger::{LedgerError, Parts};
use lethe_vault::{Keyring, VaultError, sealed_json};

personal_text! {
    /// A mail as it would have gone over the wire (RFC 5322).
    Eml = "mail.eml",
}

/// Why a kept mail cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum ShowError {
    /// There is no such mail.
    #[error("No mail has this id. `lethe mail list` shows those there are.")]
    Unknown,
    /// There is no file of it.
    #[error(
        "There is no file of this mail: it was not sent yet, or it was sent through a mail server. `lethe mail list` tells \
         how it stands."
    )]
    NoFile,
    /// The person was erased, and with them the mail.
    #[error("The person this mail was about was erased. Nobody can read it any more.")]
    Erased,
    /// The file cannot be read.
    #[error("The file {} cannot be read: {source}. Check its owner and its permissions.", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Keys, ledger or database are at fault.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl From<VaultError> for ShowError {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Erased(_) => Self::Erased,
            error => Self::Ledger(error.into()),
        }
    }
}

/// Where the file of a mail is: its name is the mail's id and nothing else.
fn file_of(folder: &Path, mail: MailId) -> PathBuf {
    folder.join(format!("{mail}.eml"))
}

/// Makes the folder, for its owner alone.
pub(crate) fn prepare(folder: &Path) -> std::io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Seals a mail, bound to its id, and keeps it. Kept again, it takes the place of what was there.
///
/// # Errors
/// Those of the file system, and one of its own kind if it cannot be sealed.
pub(crate) fn keep(
    folder: &Path,
    (mail, about): (MailId, Subject),
    bytes: &[u8],
    keyring: &Arc<Keyring>,
) -> std::io::Result<()> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let sealed = sealed_json(&Personal::of(about, Eml(text)), keyring, EventId(mail.0));
    let sealed = sealed.map_err(std::io::Error::other)?;
    let (path, unfinished) = (file_of(folder, mail), folder.join(format!("{mail}.tmp")));
    let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(sealed.as_bytes())?;
    file.sync_all()?;
    fs::rename(unfinished, path)?;
    File::open(folder)?.sync_all()
}

/// Opens a mail that was kept.
///
/// # Errors
/// [`ShowError`].
pub async fn show(parts: &Parts, folder: &Path, mail: MailId) -> Result<String, ShowError> {
    let about = super::queued(parts, mail).await?.ok_or(ShowError::Unknown)?.0.about;
    let keyring = parts.vault.keyring(&[about]).await?;
    if keyring.is_destroyed(about, Eml::CLASS) {
        return Err(ShowError::Erased);
    }
    let path = file_of(folder, mail);
    let sealed = match fs::read_to_string(&path) {
        Ok(sealed) => sealed,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(ShowError::NoFile),
        Err(source) => return Err(ShowError::Unreadable { path, source }),
    };
    let sealed = SealedText(sealed.trim().trim_matches('"').to_owned());
    Ok(keyring.open_text(&sealed, about, Eml::LABEL, EventId(mail.0))?)
}
