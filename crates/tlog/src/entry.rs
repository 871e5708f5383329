//! The bytes of an event that are hashed into a leaf of the tree.
//!
//! Everything that the ledger knows about an event is in them, payload and metadata by the SHA-256 of their texts exactly
//! as stored. So an entry stays small whatever the size of a note, and shows nothing of what was said.

use uuid::Uuid;

use crate::Hash;
use crate::tree::leaf_hash;

/// The first byte of an entry: the version of this form.
const VERSION: u8 = 1;

/// How long each of the four texts of an entry may be, in bytes.
pub const MAX_TEXT: usize = 1024;

/// An event as it is entered into the log.
///
/// Encoded as follows; numbers are big-endian, a *text* is its length in bytes as `u16` and then its UTF-8:
///
/// | Bytes | What |
/// |---|---|
/// | 1 | `01`, the version of this form |
/// | 8 | position, unsigned, from 1; the event is leaf number position − 1 |
/// | text | type of the stream |
/// | text | id of the stream |
/// | 8 | sequence in the stream, unsigned, from 1 |
/// | 16 | id of the event |
/// | text | type of the event |
/// | text | version of the event's form |
/// | 8 | recorded at: microseconds since 1970-01-01T00:00:00Z, signed |
/// | 32 | SHA-256 of the payload's text |
/// | 32 | SHA-256 of the metadata's text |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The event's place in the order of all events, from 1.
    pub position: u64,
    /// The type of its stream, for example `contact`.
    pub stream_type: &'a str,
    /// The id of its stream.
    pub stream_id: &'a str,
    /// Its place in the stream, from 1.
    pub sequence: u64,
    /// Its id.
    pub event_id: Uuid,
    /// Its type, for example `contact.registered`.
    pub event_type: &'a str,
    /// The version of its form.
    pub event_version: &'a str,
    /// When the ledger took it: microseconds since 1970-01-01T00:00:00Z.
    pub recorded_at: i64,
    /// The SHA-256 of the payload's text exactly as stored.
    pub payload: Hash,
    /// The SHA-256 of the metadata's text exactly as stored.
    pub metadata: Hash,
}

/// Why something is no entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// The form is of another version.
    #[error("The entry has form {0}, and only form {VERSION} is known. Verify it with a newer version.")]
    Version(u8),
    /// Bytes are missing at the end.
    #[error("The entry ends too early.")]
    Short,
    /// There are bytes after the end.
    #[error("The entry goes on after its end.")]
    Long,
    /// A text is not UTF-8, is empty or longer than [`MAX_TEXT`].
    #[error("A text of the entry is empty, longer than {MAX_TEXT} bytes or not UTF-8.")]
    Text,
    /// The position is zero.
    #[error("The entry has the position 0; positions begin at 1.")]
    Position,
}

impl<'a> Entry<'a> {
    /// The bytes.
    ///
    /// # Errors
    /// [`EntryError::Text`], [`EntryError::Position`].
    pub fn encode(&self) -> Result<Vec<u8>, EntryError> {
        let mut bytes = Vec::with_capacity(320);
        self.encode_into(&mut bytes)?;
        Ok(bytes)
    }

    /// Appends the bytes to a buffer; after an error it may hold a part of them.
    ///
    /// # Errors
    /// As [`Entry::encode`].
    pub fn encode_into(&self, bytes: &mut Vec<u8>) -> Result<(), EntryError> {
        if self.position == 0 {
            return Err(EntryError::Position);
        }
        bytes.push(VERSION);
        bytes.extend_from_slice(&self.position.to_be_bytes());
        push_text(bytes, self.stream_type)?;
        push_text(bytes, self.stream_id)?;
        bytes.extend_from_slice(&self.sequence.to_be_bytes());
        bytes.extend_from_slice(self.event_id.as_bytes());
        push_text(bytes, self.event_type)?;
        push_text(bytes, self.event_version)?;
        bytes.extend_from_slice(&self.recorded_at.to_be_bytes());
        bytes.extend_from_slice(self.payload.as_bytes());
        bytes.extend_from_slice(self.metadata.as_bytes());
        Ok(())
    }

    /// The hash of the leaf.
    ///
    /// # Errors
    /// As [`Entry::encode`].
    pub fn leaf_hash(&self) -> Result<Hash, EntryError> {
        Ok(leaf_hash(&self.encode()?))
    }

    /// Reads what [`Entry::encode`] wrote. There is one encoding of an entry only, so both give the same bytes.
    ///
    /// # Errors
    /// [`EntryError`].
    pub fn decode(bytes: &'a [u8]) -> Result<Self, EntryError> {
        let mut rest = bytes;
        let [version] = take(&mut rest)?;
        if version != VERSION {
            return Err(EntryError::Version(version));
        }
        let entry = Self {
            position: u64::from_be_bytes(take(&mut rest)?),
            stream_type: take_text(&mut rest)?,
            stream_id: take_text(&mut rest)?,
            sequence: u64::from_be_bytes(take(&mut rest)?),
            event_id: Uuid::from_bytes(take(&mut rest)?),
            event_type: take_text(&mut rest)?,
            event_version: take_text(&mut rest)?,
            recorded_at: i64::from_be_bytes(take(&mut rest)?),
            payload: Hash(take(&mut rest)?),
            metadata: Hash(take(&mut rest)?),
        };
        match (entry.position, rest) {
            (0, _) => Err(EntryError::Position),
            (_, []) => Ok(entry),
            _ => Err(EntryError::Long),
        }
    }
}

fn push_text(bytes: &mut Vec<u8>, text: &str) -> Result<(), EntryError> {
    if text.is_empty() || text.len() > MAX_TEXT {
        return Err(EntryError::Text);
    }
    let length = u16::try_from(text.len()).map_err(|_| EntryError::Text)?;
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(text.as_bytes());
    Ok(())
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], EntryError> {
    let (taken, after) = rest.split_first_chunk().ok_or(EntryError::Short)?;
    *rest = after;
    Ok(*taken)
}

fn take_text<'a>(rest: &mut &'a [u8]) -> Result<&'a str, EntryError> {
    let length = usize::from(u16::from_be_bytes(take(rest)?));
    if length == 0 || length > MAX_TEXT {
        return Err(EntryError::Text);
    }
    let (text, after) = rest.split_at_checked(length).ok_or(EntryError::Short)?;
    *rest = after;
    std::str::from_utf8(text).map_err(|_| EntryError::Text)
}

#[cfg(test)]
mod tests;
