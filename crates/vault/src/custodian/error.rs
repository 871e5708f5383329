//! What can go wrong at a custodian.

use std::path::PathBuf;

use uuid::Uuid;

/// Why a custodian did not do what it was asked. No message contains a key, a token or a ciphertext.
#[derive(Debug, thiserror::Error)]
pub enum CustodianError {
    /// There is no file. It may stand on a disk that is not mounted, so a missing file is not an empty one.
    #[error(
        "The root file {0} is missing. If its disk is not mounted, mount it; else put the file back, or take this \
         custodian out of the settings."
    )]
    Missing(PathBuf),
    /// Something else stands where the file should be.
    #[error(
        "{0} is not a file. Move it away, and put the root file there or name another path in the settings."
    )]
    NotAFile(PathBuf),
    /// The file ends too early.
    #[error(
        "The root file {path} is truncated: it has {length} bytes instead of 8192. Restore it from another custodian: \
         move it away, and `lethe keys adopt` writes it anew."
    )]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Its length in bytes.
        length: u64,
    },
    /// The file goes on after its two slots.
    #[error(
        "The root file {path} is longer than its two slots: it has {length} bytes instead of 8192. It is not a root \
         file, or something was appended to it. Name the right file in the settings."
    )]
    TooLong {
        /// The file.
        path: PathBuf,
        /// Its length in bytes.
        length: u64,
    },
    /// The file has the form of an earlier version, one root without slots.
    #[error(
        "The root file {0} has the form of an earlier version of Lethe, without slots. Start the version that wrote \
         it, or name another path in the settings."
    )]
    OldForm(PathBuf),
    /// Both slots are zeros.
    #[error(
        "The root file {0} holds no root: it is all zeros. That is right only before the first start. Otherwise \
         restore it from another custodian, or name the right file in the settings."
    )]
    Empty(PathBuf),
    /// No slot can be read, and one is not zeros.
    #[error(
        "The root file {0} is damaged: no slot holds a whole root. Restore it from another custodian, and have the \
         disk checked."
    )]
    Damaged(PathBuf),
    /// One slot is damaged, the other can be read; a warning.
    #[error(
        "Slot {slot} of the root file {path} is damaged, the other one is whole. A write was cut off, or the disk \
         fails. `lethe keys rotate` writes it anew."
    )]
    DamagedSlot {
        /// The file.
        path: PathBuf,
        /// Which one: 0 or 1.
        slot: usize,
    },
    /// Others can read the file or change its folder; a warning.
    #[error("{path} is open to other users (mode {mode:04o}). Run: chmod {wanted:04o} {path}")]
    Exposed {
        /// The file or its folder.
        path: PathBuf,
        /// Its mode now.
        mode: u32,
        /// The mode it should have.
        wanted: u32,
    },
    /// Another process is writing to the file and does not finish.
    #[error("The root file {0} is being written by another process. Try again when it is done.")]
    Busy(PathBuf),
    /// Both slots hold a root.
    #[error(
        "The root file {path} has no free slot: it holds the roots of epochs {first} and {second}. Finish the rotation \
         that is under way with `lethe keys rotate`."
    )]
    NoFreeSlot {
        /// The file.
        path: PathBuf,
        /// The epoch in slot 0.
        first: i64,
        /// The epoch in slot 1.
        second: i64,
    },
    /// The file could not be read or written.
    #[error("The root file {path} cannot be read or written: {source}. Check its disk and its permissions.")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// What was written is not what is read.
    #[error("What {custodian} was told to keep or to destroy is not so when read back. Check its storage.")]
    Unverified {
        /// Which custodian.
        custodian: String,
    },
    /// A newer root is there, so somebody else has rotated.
    #[error(
        "{custodian} already holds the root of epoch {found}, which is newer than {epoch}. Another server has rotated; \
         look at `lethe keys status`."
    )]
    Newer {
        /// Which custodian.
        custodian: String,
        /// The epoch that was to be stored.
        epoch: i64,
        /// The newest epoch there.
        found: i64,
    },
    /// Another root of the same epoch is there.
    #[error(
        "{custodian} already holds another root of epoch {epoch}. Another server is rotating; look at `lethe keys \
         status`."
    )]
    Another {
        /// Which custodian.
        custodian: String,
        /// The epoch.
        epoch: i64,
    },
    /// The custodian keeps the root of somebody else.
    #[error(
        "{custodian} holds the root of another installation, {installation}. Name the custodian of this installation \
         in the settings."
    )]
    OfAnother {
        /// Which custodian.
        custodian: String,
        /// Whose root it is.
        installation: Uuid,
    },
    /// The token could not be read.
    #[error("The token of {custodian} cannot be read from {from}: {reason}. Put a valid token there.")]
    Token {
        /// Which custodian.
        custodian: String,
        /// The file or environment variable.
        from: String,
        /// Why.
        reason: String,
    },
    /// No answer, or not in time.
    #[error("{custodian} cannot be reached: {reason}. Check the address, the network and the service.")]
    Unreachable {
        /// Which custodian.
        custodian: String,
        /// Why.
        reason: String,
    },
    /// The token does not allow it.
    #[error(
        "{custodian} refuses the token. It may have expired, or its policy does not allow what the page on custodians \
         lists."
    )]
    Forbidden {
        /// Which custodian.
        custodian: String,
    },
    /// The service is sealed or not ready.
    #[error("{custodian} is sealed or not ready. Unseal it.")]
    Sealed {
        /// Which custodian.
        custodian: String,
    },
    /// There is no transit engine at the mount.
    #[error(
        "{custodian} has no transit engine there. Enable it, or correct mount and namespace in the settings."
    )]
    NoEngine {
        /// Which custodian.
        custodian: String,
    },
    /// The service sends the request, and the token with it, elsewhere; that is not followed.
    #[error(
        "{custodian} redirects to another address. Name the address of the active server in the settings."
    )]
    Redirected {
        /// Which custodian.
        custodian: String,
    },
    /// An answer that is not understood, or a refusal for another reason.
    #[error("{custodian} answered with status {status}{reason}. Look at its log.")]
    Refused {
        /// Which custodian.
        custodian: String,
        /// The HTTP status.
        status: u16,
        /// What it said, behind a colon, or nothing.
        reason: String,
    },
    /// The transit key can be taken out of the service, or is of another kind.
    #[error(
        "The transit key {key} at {custodian} was not made by Lethe: it can be exported or is of another kind. Delete \
         it there, and let Lethe create it."
    )]
    WeakKey {
        /// Which custodian.
        custodian: String,
        /// The key's name.
        key: String,
    },
    /// The transit key is there, but the kept ciphertext is not a root under it.
    #[error(
        "What is kept for {custodian} does not open to the root of epoch {epoch}. Store the root there again from \
         another custodian."
    )]
    Unopened {
        /// Which custodian.
        custodian: String,
        /// The epoch.
        epoch: i64,
    },
    /// The kept ciphertexts could not be read or written.
    #[error("What is kept for {custodian} cannot be read from or written to PostgreSQL: {source}.")]
    Database {
        /// Which custodian.
        custodian: String,
        /// Why.
        source: sqlx::Error,
    },
    /// The task that did the work ended before it.
    #[error("The work at {custodian} was cut off because the server is stopping.")]
    Stopping {
        /// Which custodian.
        custodian: String,
    },
}

impl CustodianError {
    /// Whether there is no root because nothing was ever stored: the state before the first start. Of an
    /// installation that has a root it is as bad as any other error.
    #[must_use]
    pub fn is_vacant(&self) -> bool {
        matches!(self, Self::Missing(_) | Self::Empty(_))
    }

    /// Whether it was seen that the file holds no root; one that is not there may be on a disk that is not mounted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Empty(_))
    }
}
