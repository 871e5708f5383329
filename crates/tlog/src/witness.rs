//! What a witness is asked, and when it cosigns (C2SP `tlog-witness`).

use std::fmt;
use std::str::FromStr;

use crate::Hash;
use crate::checkpoint::{Checkpoint, CheckpointError, decimal};
use crate::note::{Note, VerifierKey};
use crate::tree::{empty_root, verify_consistency};

/// How many hashes a request may have.
const MAX_HASHES: usize = 63;

/// The body of a request to cosign. [`Display`](fmt::Display) writes it, and parsing reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size that the log believes the witness has cosigned last.
    pub old: u64,
    /// The consistency proof from there.
    pub proof: Vec<Hash>,
    /// The signed checkpoint.
    pub checkpoint: Note,
}

/// The text is no request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "It is not a request as C2SP tlog-witness describes it: an old size, a proof, an empty line and a checkpoint."
)]
pub struct NotUnderstood;

/// What a witness remembers of a log: what it cosigned last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The size.
    pub size: u64,
    /// The root.
    pub root: Hash,
}

/// Why a witness does not cosign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The checkpoint cannot be read, or is smaller than the old size.
    #[error("The checkpoint is not understood, or smaller than the old size.")]
    NotUnderstood,
    /// The witness does not know the log.
    #[error("This log is not known here.")]
    UnknownLog,
    /// No key of the log has signed the checkpoint, or a signature by one does not verify.
    #[error("The checkpoint is not signed by the key that is known for this log.")]
    Signature,
    /// The witness has cosigned another size last. That need not be wrong: the log asks again from there.
    #[error("{}", .0.size)]
    OtherSize(Seen),
    /// The checkpoint has a size that was cosigned, or that the proof leads to, and another root.
    #[error("The checkpoint does not continue what was cosigned.")]
    Inconsistent,
}

impl Refusal {
    /// The HTTP status that tells it.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::NotUnderstood => 400,
            Self::UnknownLog => 404,
            Self::Signature => 403,
            Self::OtherSize(_) => 409,
            Self::Inconsistent => 422,
        }
    }
}

impl Default for Seen {
    /// Nothing: the tree without leaves.
    fn default() -> Self {
        Self { size: 0, root: empty_root() }
    }
}

impl AddCheckpoint {
    /// The log that the checkpoint says it is of. Nothing is verified yet.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.checkpoint.text().split('\n').next().unwrap_or_default()
    }

    /// That a key of the log has signed the checkpoint.
    ///
    /// # Errors
    /// [`Refusal::Signature`]; [`Refusal::Inconsistent`] when the tree has no leaf and yet another root;
    /// [`Refusal::NotUnderstood`] when what was signed is no checkpoint.
    pub fn open(&self, keys: &[VerifierKey]) -> Result<Checkpoint, Refusal> {
        Checkpoint::open(&self.checkpoint, keys).map(|(checkpoint, _)| checkpoint).map_err(
            |error| match error {
                CheckpointError::Note(_) => Refusal::Signature,
                CheckpointError::EmptyRoot => Refusal::Inconsistent,
                _ => Refusal::NotUnderstood,
            },
        )
    }

    /// Whether a checkpoint that was [opened](AddCheckpoint::open) continues what was cosigned last.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn continues(&self, checkpoint: &Checkpoint, seen: Seen) -> Result<(), Refusal> {
        if self.old > checkpoint.size {
            return Err(Refusal::NotUnderstood);
        }
        if self.old != seen.size {
            return Err(Refusal::OtherSize(seen));
        }
        let (old, new) = ((seen.size, &seen.root), (checkpoint.size, &checkpoint.root));
        if verify_consistency(old, new, &self.proof) { Ok(()) } else { Err(Refusal::Inconsistent) }
    }
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        self.proof.iter().try_for_each(|hash| writeln!(f, "{hash}"))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

impl FromStr for AddCheckpoint {
    type Err = NotUnderstood;

    fn from_str(body: &str) -> Result<Self, NotUnderstood> {
        let (head, checkpoint) = body.split_once("\n\n").ok_or(NotUnderstood)?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old ")).and_then(decimal);
        let proof: Vec<Hash> =
            lines.map(|line| line.parse().map_err(|_| NotUnderstood)).collect::<Result<_, _>>()?;
        if proof.len() > MAX_HASHES {
            return Err(NotUnderstood);
        }
        let checkpoint = checkpoint.parse().map_err(|_| NotUnderstood)?;
        Ok(Self { old: old.ok_or(NotUnderstood)?, proof, checkpoint })
    }
}

#[cfg(test)]
mod tests;
