//! The signed size and root of a tree (C2SP `tlog-checkpoint`).

use std::fmt;
use std::str::FromStr;

use crate::Hash;
use crate::note::{Note, NoteError, Verified, VerifierKey};
use crate::tree::empty_root;

/// What a log says of itself at some size. [`Display`](fmt::Display) writes the text of the note, and parsing reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log it is.
    pub origin: String,
    /// How many leaves its tree has.
    pub size: u64,
    /// The root of its tree.
    pub root: Hash,
    /// Further lines. Lethe writes none; auditors cannot check them.
    pub extensions: Vec<String>,
}

/// Why something is no checkpoint, or one that proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// It has not at least three non-empty lines.
    #[error("The checkpoint is not made of an origin, a size, a root hash and further non-empty lines.")]
    Form,
    /// The second line is no number as it must be written.
    #[error("The size of the checkpoint is not a decimal number without leading zeroes.")]
    Size,
    /// The third line is no hash.
    #[error("The root hash of the checkpoint is not the base64 of 32 bytes.")]
    Root,
    /// The tree has no leaf, but not the root of such a tree.
    #[error("The checkpoint is of an empty tree, but its root hash is not that of an empty tree.")]
    EmptyRoot,
    /// The checkpoint is one of another log.
    #[error("It is a checkpoint of the log {found}, and one of {expected} was expected.")]
    OtherLog {
        /// The log it is from.
        found: String,
        /// The log it should be from.
        expected: String,
    },
    /// The note it stands in cannot be read, or proves nothing.
    #[error(transparent)]
    Note(#[from] NoteError),
}

impl Checkpoint {
    /// A checkpoint without further lines.
    #[must_use]
    pub fn new(origin: impl Into<String>, size: u64, root: Hash) -> Self {
        Self { origin: origin.into(), size, root, extensions: Vec::new() }
    }

    /// The checkpoint in a note, if one of these keys has signed it, and which have.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn open<'a>(
        note: &Note,
        keys: &'a [VerifierKey],
    ) -> Result<(Self, Vec<Verified<'a>>), CheckpointError> {
        let verified = note.verify(keys)?;
        Ok((note.text().parse()?, verified))
    }

    /// The note to be signed.
    ///
    /// # Errors
    /// [`CheckpointError::Form`] when a line is empty or has a line break in it.
    pub fn note(&self) -> Result<Note, CheckpointError> {
        let note = Note::new(self.to_string())?;
        // What is written must be read as the same.
        if note.text().parse::<Self>()? == *self { Ok(note) } else { Err(CheckpointError::Form) }
    }

    /// That it is one of this log.
    ///
    /// # Errors
    /// [`CheckpointError::OtherLog`].
    pub fn expect_origin(&self, origin: &str) -> Result<(), CheckpointError> {
        if self.origin == origin {
            return Ok(());
        }
        Err(CheckpointError::OtherLog { found: self.origin.clone(), expected: origin.to_owned() })
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}\n{}\n", self.origin, self.size, self.root)?;
        self.extensions.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl FromStr for Checkpoint {
    type Err = CheckpointError;

    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.strip_suffix('\n').ok_or(CheckpointError::Form)?.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(CheckpointError::Form);
        };
        let extensions: Vec<String> = lines.map(str::to_owned).collect();
        if origin.is_empty() || extensions.iter().any(String::is_empty) {
            return Err(CheckpointError::Form);
        }
        let size = decimal(size).ok_or(CheckpointError::Size)?;
        let root = root.parse().map_err(|_| CheckpointError::Root)?;
        if size == 0 && root != empty_root() {
            return Err(CheckpointError::EmptyRoot);
        }
        Ok(Self { origin: origin.to_owned(), size, root, extensions })
    }
}

/// A decimal number without sign or leading zeroes.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::{KeyKind, Signer};

    /// The example of C2SP tlog-checkpoint.
    const TEXT: &str =
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

    #[test]
    fn the_example_of_the_specification_is_read_and_written() {
        let checkpoint: Checkpoint = TEXT.parse().unwrap();
        assert_eq!(
            (checkpoint.origin.as_str(), checkpoint.size),
            ("example.com/behind-the-sofa", 20_852_163)
        );
        assert_eq!(checkpoint.to_string(), TEXT);
        let longer: Checkpoint = format!("{TEXT}more\n").parse().unwrap();
        assert_eq!(longer.extensions, ["more"]);
    }

    #[test]
    fn what_is_no_checkpoint_is_refused() {
        let root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
        for (text, error) in [
            (format!("a\n1\n{root}"), CheckpointError::Form),
            ("a\n1\n".to_owned(), CheckpointError::Form),
            (format!("\n1\n{root}\n"), CheckpointError::Form),
            (format!("a\n1\n{root}\n\n"), CheckpointError::Form),
            (format!("a\n01\n{root}\n"), CheckpointError::Size),
            (format!("a\n+1\n{root}\n"), CheckpointError::Size),
            (format!("a\n18446744073709551616\n{root}\n"), CheckpointError::Size),
            ("a\n1\nCsUY\n".to_owned(), CheckpointError::Root),
            (format!("a\n1\n{}\n", root.replace("2I=", "2J=")), CheckpointError::Root),
            (format!("a\n0\n{root}\n"), CheckpointError::EmptyRoot),
        ] {
            assert_eq!(text.parse::<Checkpoint>(), Err(error), "{text:?}");
        }
        let broken = Checkpoint::new("a\nb", 0, empty_root());
        assert_eq!(broken.note(), Err(CheckpointError::Size));
        assert_eq!(Checkpoint::new("", 0, empty_root()).note(), Err(CheckpointError::Form));
    }

    #[test]
    fn it_is_opened_by_the_key_that_signed_it_only() {
        let signer = Signer::of_seed("log", KeyKind::Ed25519, &[1; 32]).unwrap();
        let checkpoint = Checkpoint::new("log", 0, empty_root());
        let mut note = checkpoint.note().unwrap();
        note.push(signer.sign(&note, 0).unwrap());
        let keys = [signer.verifier().clone()];
        assert_eq!(Checkpoint::open(&note, &keys).unwrap().0, checkpoint);
        let other = [Signer::of_seed("log", KeyKind::Ed25519, &[2; 32]).unwrap().verifier().clone()];
        assert!(matches!(
            Checkpoint::open(&note, &other),
            Err(CheckpointError::Note(NoteError::Unsigned(_)))
        ));
        let expected = "other".to_owned();
        let found = "log".to_owned();
        assert_eq!(checkpoint.expect_origin("other"), Err(CheckpointError::OtherLog { found, expected }));
    }
}
