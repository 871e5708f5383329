//! The proof that one event is in the log, as a file (C2SP `tlog-proof`).
//!
//! The extra data of the file are the bytes of the [entry](crate::entry), so that the file alone says what it proves.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::Hash;
use crate::checkpoint::{Checkpoint, CheckpointError, decimal};
use crate::entry::{Entry, EntryError};
use crate::note::{Note, NoteError, Verified, VerifierKey};
use crate::tree::{leaf_hash, verify_inclusion};

/// The first line of a file.
const HEAD: &str = "c2sp.org/tlog-proof@v1";

/// How many hashes a proof may have: the height of the largest tree.
const MAX_HASHES: usize = 64;

/// A proof. [`Display`](fmt::Display) writes the file, and parsing reads it; it proves nothing until it is
/// [verified](Proof::verify).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// What the leaf was made of: the bytes of the entry.
    pub extra: Option<Vec<u8>>,
    /// The number of the leaf, from 0.
    pub index: u64,
    /// The hashes beside the way from the leaf to the root.
    pub hashes: Vec<Hash>,
    /// The signed checkpoint of the tree.
    pub checkpoint: Note,
}

/// Why something is no proof, or one that proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The first line is another.
    #[error("The file does not begin with the line {HEAD:?}.")]
    Head,
    /// A line is missing or not of its form.
    #[error("Line {0} of the file is not of the form that C2SP tlog-proof describes, or is missing.")]
    Line(usize),
    /// There are too many hashes.
    #[error("The proof has more than {MAX_HASHES} hashes.")]
    TooLong,
    /// The file does not say what it proves.
    #[error("The file has no extra data, so it does not say which event it proves.")]
    NoEntry,
    /// The extra data are no entry.
    #[error("The extra data of the file are no entry. {0}")]
    Entry(#[from] EntryError),
    /// The entry's position is not that of the leaf.
    #[error("The event has position {position}, but the proof is one for position {proven}.")]
    Position {
        /// What the entry says.
        position: u64,
        /// What the proof says.
        proven: u64,
    },
    /// The hashes do not lead from the entry to the root.
    #[error(
        "The event is not in the signed tree at position {0}: the event, the proof or the root was altered."
    )]
    NotIncluded(u64),
    /// The checkpoint cannot be read, or is not signed by the expected key.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The checkpoint stands in no note.
    #[error(transparent)]
    Note(#[from] NoteError),
}

impl ProofError {
    /// The position that the entry names, if it is not the one that is proven.
    #[must_use]
    pub fn position(&self) -> Option<u64> {
        match self {
            Self::NotIncluded(position) | Self::Position { position, .. } => Some(*position),
            _ => None,
        }
    }

    /// A code for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Head | Self::Line(_) | Self::TooLong | Self::NoEntry | Self::Entry(_) => "BAD_PROOF",
            Self::Position { .. } => "OTHER_POSITION",
            Self::NotIncluded(_) => "NOT_INCLUDED",
            Self::Checkpoint(CheckpointError::OtherLog { .. }) => "OTHER_LOG",
            Self::Checkpoint(_) | Self::Note(_) => "BAD_CHECKPOINT",
        }
    }
}

/// What a proof has proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven<'p, 'k> {
    /// The event.
    pub entry: Entry<'p>,
    /// The checkpoint of the tree it is in.
    pub checkpoint: Checkpoint,
    /// Which keys have signed that.
    pub signed: Vec<Verified<'k>>,
}

impl Proof {
    /// Checks signatures and hashes. Whether the origin is the expected one is for the caller to check.
    ///
    /// # Errors
    /// [`ProofError`].
    pub fn verify<'k>(&self, keys: &'k [VerifierKey]) -> Result<Proven<'_, 'k>, ProofError> {
        let (checkpoint, signed) = Checkpoint::open(&self.checkpoint, keys)?;
        let bytes = self.extra.as_deref().ok_or(ProofError::NoEntry)?;
        let entry = Entry::decode(bytes)?;
        let proven = self.index.saturating_add(1);
        if entry.position.checked_sub(1) != Some(self.index) {
            return Err(ProofError::Position { position: entry.position, proven });
        }
        if verify_inclusion(self.index, &leaf_hash(bytes), checkpoint.size, &checkpoint.root, &self.hashes) {
            Ok(Proven { entry, checkpoint, signed })
        } else {
            Err(ProofError::NotIncluded(proven))
        }
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEAD}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", BASE64_STANDARD.encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.hashes.iter().try_for_each(|hash| writeln!(f, "{hash}"))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

impl FromStr for Proof {
    type Err = ProofError;

    fn from_str(file: &str) -> Result<Self, ProofError> {
        let rest =
            file.strip_prefix(HEAD).and_then(|rest| rest.strip_prefix('\n')).ok_or(ProofError::Head)?;
        let (lines, checkpoint) = rest.split_once("\n\n").ok_or(ProofError::Line(2))?;
        let mut lines = lines.split('\n').zip(2..).peekable();
        let extra = match lines.next_if(|(line, _)| line.starts_with("extra ")) {
            Some((line, number)) => Some(read_extra(line).ok_or(ProofError::Line(number))?),
            None => None,
        };
        let (index, number) = lines.next().ok_or(ProofError::Line(2))?;
        let index = index.strip_prefix("index ").and_then(decimal).ok_or(ProofError::Line(number))?;
        let mut hashes = Vec::new();
        for (line, number) in lines {
            if hashes.len() == MAX_HASHES {
                return Err(ProofError::TooLong);
            }
            hashes.push(line.parse().map_err(|_| ProofError::Line(number))?);
        }
        Ok(Self { extra, index, hashes, checkpoint: checkpoint.parse()? })
    }
}

fn read_extra(line: &str) -> Option<Vec<u8>> {
    BASE64_STANDARD.decode(line.strip_prefix("extra ")?).ok()
}

#[cfg(test)]
mod tests;
