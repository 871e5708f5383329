//! Texts with signatures below them (C2SP `signed-note`), and the keys that verify them.

mod key;
mod signer;

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

pub use key::{KeyKind, VerifierKey, VerifierKeyError};
pub use signer::{SignError, Signer};

/// What a signature line begins with: an em dash and a blank.
const MARK: &str = "\u{2014} ";

/// How long a note may be, in bytes.
pub const MAX_BYTES: usize = 1 << 20;

/// How many signatures a note may have.
pub const MAX_SIGNATURES: usize = 128;

/// A text with signatures. It says nothing until it is [verified](Note::verify).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

/// A signature line of a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The name of the key.
    pub name: String,
    /// What tells keys of one name apart.
    pub id: u32,
    /// What the key made of the text; for a cosignature the time stands before it.
    pub bytes: Vec<u8>,
}

/// A key that has signed a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified<'a> {
    /// The key.
    pub key: &'a VerifierKey,
    /// For a cosignature: when it was made, in seconds since 1970-01-01T00:00:00Z.
    pub time: Option<u64>,
}

/// Why something is no note, or one that proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is too long or has too many signatures.
    #[error("The note is longer than {MAX_BYTES} bytes or has more than {MAX_SIGNATURES} signatures.")]
    TooLarge,
    /// It holds a control character.
    #[error("The note holds a control character.")]
    Control,
    /// There is no text, blank line and signature line.
    #[error("It is not a text, an empty line and lines with signatures.")]
    Form,
    /// A signature line is not of the known form.
    #[error("Signature line {0} of the note is not of the form \"\u{2014} <name> <base64>\".")]
    SignatureLine(usize),
    /// A signature by a known key is not the signature of this text.
    #[error("The signature by {0} is not one of this text. The text or the signature was altered.")]
    BadSignature(String),
    /// No known key has signed.
    #[error("It is signed by none of the expected keys, but by: {}.", if .0.is_empty() { "nobody" } else { .0 })]
    Unsigned(String),
}

impl Note {
    /// A text without signatures yet.
    ///
    /// # Errors
    /// [`NoteError::Form`] when it does not end with a line feed, [`NoteError::Control`], [`NoteError::TooLarge`].
    pub fn new(text: impl Into<String>) -> Result<Self, NoteError> {
        let text = text.into();
        if text.len() > MAX_BYTES {
            return Err(NoteError::TooLarge);
        }
        if text.chars().any(|c| c < ' ' && c != '\n') {
            return Err(NoteError::Control);
        }
        if text.ends_with('\n') { Ok(Self { text, signatures: Vec::new() }) } else { Err(NoteError::Form) }
    }

    /// The text, with the line feed at its end. This is what is signed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures, verified or not.
    #[must_use]
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Adds a signature made elsewhere.
    pub fn push(&mut self, signature: Signature) {
        self.signatures.push(signature);
    }

    /// Which of these keys have signed. Signatures by other keys are ignored.
    ///
    /// # Errors
    /// [`NoteError::BadSignature`] if a signature by one of the keys does not verify, also when others do;
    /// [`NoteError::Unsigned`] if none of the keys has signed.
    pub fn verify<'a>(&self, keys: &'a [VerifierKey]) -> Result<Vec<Verified<'a>>, NoteError> {
        let mut verified: Vec<Verified<'a>> = Vec::new();
        for signature in &self.signatures {
            for key in keys.iter().filter(|key| key.made(signature)) {
                let made = key
                    .verify(&self.text, &signature.bytes)
                    .ok_or_else(|| NoteError::BadSignature(key.name().to_owned()))?;
                if !verified.iter().any(|before| before.key == key) {
                    verified.push(made);
                }
            }
        }
        if verified.is_empty() {
            let names: Vec<&str> = self.signatures.iter().map(|signature| signature.name.as_str()).collect();
            return Err(NoteError::Unsigned(names.join(", ")));
        }
        Ok(verified)
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.id.to_be_bytes(), self.bytes.as_slice()].concat();
        writeln!(f, "{MARK}{} {}", self.name, BASE64_STANDARD.encode(bytes))
    }
}

/// The line that [`Signature`]'s `Display` writes, with or without its line feed.
impl FromStr for Signature {
    type Err = NoteError;

    fn from_str(line: &str) -> Result<Self, NoteError> {
        let read = |line: &str| {
            let (name, base64) = line.strip_prefix(MARK)?.split_once(' ')?;
            let bytes = BASE64_STANDARD.decode(base64).ok()?;
            let (id, bytes) = bytes.split_first_chunk()?;
            (key::is_name(name) && !bytes.is_empty()).then(|| Self {
                name: name.to_owned(),
                id: u32::from_be_bytes(*id),
                bytes: bytes.to_vec(),
            })
        };
        read(line.strip_suffix('\n').unwrap_or(line)).ok_or(NoteError::SignatureLine(1))
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| write!(f, "{signature}"))
    }
}

impl FromStr for Note {
    type Err = NoteError;

    fn from_str(note: &str) -> Result<Self, NoteError> {
        if note.len() > MAX_BYTES {
            return Err(NoteError::TooLarge);
        }
        // The text may hold empty lines; the last one ends it.
        let (text, signatures) =
            note.rfind("\n\n").and_then(|at| note.split_at_checked(at + 1)).ok_or(NoteError::Form)?;
        let lines = signatures.strip_prefix('\n').and_then(|lines| lines.strip_suffix('\n'));
        let mut read = Self::new(text)?;
        for (number, line) in lines.ok_or(NoteError::Form)?.split('\n').enumerate() {
            if number >= MAX_SIGNATURES {
                return Err(NoteError::TooLarge);
            }
            read.push(line.parse().map_err(|_| NoteError::SignatureLine(number + 1))?);
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests;
