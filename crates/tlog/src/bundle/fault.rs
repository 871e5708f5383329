//! What can be wrong with a bundle.

use std::io;

use crate::checkpoint::CheckpointError;
use crate::note::VerifierKeyError;

/// Which part of an event is not what it says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// The text of the payload has not the hash that stands before it.
    Payload,
    /// The text of the metadata has not the hash that stands before it.
    Metadata,
    /// What stands before the texts, hashes included, is not what was logged.
    Entry,
}

/// The first thing that is wrong with a bundle.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// A file cannot be read.
    #[error("The file {file} cannot be read: {source}.")]
    Unreadable {
        /// The file, below the bundle's folder.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// Something that is no regular file stands where one should, or no folder where one should.
    #[error(
        "{0} is not what it should be but a link, a pipe, a device or the like, and was not opened. Copy the whole folder \
             of the bundle, with the files instead of links to them."
    )]
    NotAFile(String),
    /// A file is not there.
    #[error("The file {0} is missing. Copy the whole folder of the bundle.")]
    Missing(String),
    /// There is a file that belongs to no bundle.
    #[error("The file {0} does not belong to the bundle.")]
    Foreign(String),
    /// The form is of another version.
    #[error("The bundle has the format {0:?}, and only {format:?} is known. Verify it with the version of Lethe that \
             wrote it, or a newer one.", format = super::FORMAT)]
    Format(String),
    /// The manifest is not as described.
    #[error("The file manifest.json is not as it should be. {0}")]
    Manifest(String),
    /// The key in the manifest cannot be read.
    #[error("The key in manifest.json is no verifier key. {0}")]
    Key(#[from] VerifierKeyError),
    /// The bundle was signed by another key than the expected one.
    #[error(
        "The bundle says that it is signed by {found}, and {expected} was expected. It is of another log, or \
             somebody signed it anew."
    )]
    OtherKey {
        /// The key in the manifest.
        found: String,
        /// The key it should be.
        expected: String,
    },
    /// The bundle is of another log than the expected one.
    #[error("The bundle is of the log {found}, and one of {expected} was expected.")]
    OtherLog {
        /// The origin that was found.
        found: String,
        /// The origin it should be.
        expected: String,
    },
    /// The checkpoint cannot be read, or is not signed by the key.
    #[error("The checkpoint does not verify. {0}")]
    Checkpoint(CheckpointError),
    /// A witness that must have cosigned has not.
    #[error("The witness {0} has not cosigned the checkpoint.")]
    NoWitness(String),
    /// A checkpoint that was signed earlier does not verify.
    #[error("The earlier checkpoint number {number} does not verify. {error}")]
    EarlierCheckpoint {
        /// Which one, from 1.
        number: usize,
        /// Why.
        error: CheckpointError,
    },
    /// The tree did not grow from that of an earlier checkpoint.
    #[error(
        "The log was rewritten: what was signed when it had {size} events is not the beginning of what is signed now. \
             One of the events up to position {size} was changed, removed or inserted."
    )]
    Rewritten {
        /// The size of the earlier tree.
        size: u64,
    },
    /// The roots of the chunks do not give the signed root.
    #[error(
        "The hashes in manifest.json do not give the root that was signed: one of positions 1 to {last} is not what \
             was logged."
    )]
    Tree {
        /// The size of the tree.
        last: u64,
    },
    /// The hashes of blocks or leaves do not give what stands above them.
    #[error(
        "The hashes of positions {first} to {last} in {file} do not give the hash above them, which is vouched for by \
             the signed root."
    )]
    Hashes {
        /// The file.
        file: String,
        /// The first position below the hashes.
        first: u64,
        /// The last position below the hashes.
        last: u64,
    },
    /// A line of a file is not as described.
    #[error("{file} is not as it should be where position {position} is expected. {reason}")]
    Malformed {
        /// The file.
        file: String,
        /// The position whose event should stand there.
        position: u64,
        /// What is wrong.
        reason: String,
    },
    /// A file ends too early.
    #[error("{file} ends too early: position {position} should be there.")]
    Truncated {
        /// The file.
        file: String,
        /// The first position that is missing.
        position: u64,
    },
    /// A file goes on after its last event.
    #[error("{file} goes on where it should end, after position {position}: something was appended.")]
    Appended {
        /// The file.
        file: String,
        /// The last position that belongs there.
        position: u64,
    },
    /// An event is missing.
    #[error("Position {position} is missing.")]
    Gap {
        /// The first position that is missing.
        position: u64,
    },
    /// Events stand in another order.
    #[error(
        "The events are out of order, or there twice: position {position} should stand where {found} stands."
    )]
    Order {
        /// The position that should be there.
        position: u64,
        /// The position that is there.
        found: u64,
    },
    /// An event is not the one that was logged.
    #[error("The event at position {position} is not the one that was logged: its {} altered.", match changed {
        Changed::Payload => "payload was",
        Changed::Metadata => "metadata were",
        Changed::Entry => "content, stream, type, time or id was",
    })]
    Event {
        /// The event's position.
        position: u64,
        /// What was changed.
        changed: Changed,
    },
}

impl Fault {
    /// The first position that does not verify, if the fault is one of a certain position or range.
    #[must_use]
    pub fn position(&self) -> Option<u64> {
        match self {
            Self::Hashes { first, .. } => Some(*first),
            Self::Malformed { position, .. }
            | Self::Truncated { position, .. }
            | Self::Gap { position }
            | Self::Order { position, .. }
            | Self::Event { position, .. } => Some(*position),
            // What was appended stands behind the last one.
            Self::Appended { position, .. } => Some(position.saturating_add(1)),
            _ => None,
        }
    }

    /// A code for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } | Self::NotAFile(_) => "UNREADABLE",
            Self::Missing(_) => "FILE_MISSING",
            Self::Foreign(_) => "FOREIGN_FILE",
            Self::Format(_) => "UNKNOWN_FORMAT",
            Self::Manifest(_) | Self::Key(_) => "BAD_MANIFEST",
            Self::OtherKey { .. } => "OTHER_KEY",
            Self::OtherLog { .. } => "OTHER_LOG",
            Self::Checkpoint(_) => "BAD_CHECKPOINT",
            Self::NoWitness(_) => "NOT_WITNESSED",
            Self::EarlierCheckpoint { .. } => "BAD_EARLIER_CHECKPOINT",
            Self::Rewritten { .. } => "REWRITTEN",
            Self::Tree { .. } => "OTHER_ROOT",
            Self::Hashes { .. } => "BAD_HASHES",
            Self::Malformed { .. } => "MALFORMED",
            Self::Truncated { .. } => "TRUNCATED",
            Self::Appended { .. } => "APPENDED",
            Self::Gap { .. } => "GAP",
            Self::Order { .. } => "OUT_OF_ORDER",
            Self::Event { changed: Changed::Payload, .. } => "PAYLOAD_CHANGED",
            Self::Event { changed: Changed::Metadata, .. } => "METADATA_CHANGED",
            Self::Event { changed: Changed::Entry, .. } => "EVENT_CHANGED",
        }
    }

    /// For `map_err`: the failure to read a file.
    pub(super) fn file(file: &str) -> impl FnOnce(io::Error) -> Self {
        let file = file.to_owned();
        move |source| match source.kind() {
            io::ErrorKind::NotFound => Self::Missing(file),
            _ => Self::Unreadable { file, source },
        }
    }
}
