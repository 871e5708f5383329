//! The lines of the files in a mirror; see `docs/mirrors.md`.

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use uuid::Uuid;

/// The form of exports that this version writes and reads.
pub(crate) const EXPORT: &str = "lethe-vault-export/2";
/// The form of increments.
pub(crate) const INCREMENTS: &str = "lethe-vault-increments/1";
/// No line is longer; a file with a longer one is not ours.
pub(crate) const LONGEST: usize = 1 << 16;

/// A line of an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Line {
    Header(Header),
    Bucket(BucketLine),
    Key(KeyLine),
    Tombstone(TombstoneLine),
    TransitRoot(TransitRootLine),
    Trailer(Trailer),
}

/// What an export is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromRow)]
pub struct Header {
    /// The form of the file.
    pub format: String,
    /// Whose keys these are.
    pub installation: Uuid,
    /// The root from which the buckets hang.
    pub epoch: i64,
    /// What recognises that root.
    #[serde(with = "base64_bytes")]
    pub commitment: Vec<u8>,
    /// How many buckets there are.
    pub buckets: i32,
    /// The cluster of the database.
    pub system_identifier: i64,
    /// Its timeline.
    pub timeline: i64,
    /// The last change of keys that is in it.
    pub change: i64,
    /// The last position of the ledger at that moment.
    pub position: i64,
    /// When that was.
    pub written_at: DateTime<Utc>,
    /// A random number that is another one whenever buckets get further generations.
    pub generations: Uuid,
}

impl Header {
    /// How recent it is: the epoch, and within it the change.
    #[must_use]
    pub fn age(&self) -> (i64, i64) {
        (self.epoch, self.change)
    }

    /// The cluster it is of: system identifier and timeline.
    #[must_use]
    pub fn cluster(&self) -> (i64, i64) {
        (self.system_identifier, self.timeline)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromRow)]
pub(crate) struct BucketLine {
    pub(crate) bucket: i32,
    pub(crate) generation: i64,
    #[serde(with = "base64_bytes")]
    pub(crate) wrapped: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeyLine {
    pub(crate) key_id: Uuid,
    pub(crate) subject_kind: String,
    pub(crate) subject_id: Uuid,
    pub(crate) class: String,
    pub(crate) bucket: i32,
    pub(crate) generation: i64,
    #[serde(with = "base64_bytes")]
    pub(crate) wrapped: Vec<u8>,
    #[serde(with = "base64_bytes")]
    pub(crate) commitment: Vec<u8>,
    pub(crate) change: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TombstoneLine {
    pub(crate) key_id: Uuid,
    pub(crate) subject_kind: String,
    pub(crate) subject_id: Uuid,
    pub(crate) class: String,
    pub(crate) bucket: i32,
    pub(crate) generation: i64,
    #[serde(with = "base64_bytes")]
    pub(crate) commitment: Vec<u8>,
    pub(crate) position: i64,
    pub(crate) destroyed_at: DateTime<Utc>,
    pub(crate) change: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromRow)]
pub(crate) struct TransitRootLine {
    pub(crate) custodian: String,
    pub(crate) epoch: i64,
    pub(crate) ciphertext: String,
}

/// The end of an export: without it, the file was cut.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Trailer {
    /// How many lines stand between header and trailer.
    pub(crate) count: u64,
    /// SHA-256 of all bytes before the trailer's line.
    #[serde(with = "base64_bytes")]
    pub(crate) sha256: Vec<u8>,
}

/// The first line of increments: the export that they continue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Continues {
    pub(crate) format: String,
    pub(crate) installation: Uuid,
    pub(crate) epoch: i64,
    pub(crate) change: i64,
}

/// A later line of increments: what changed, and the change before it, so that a lost line is noticed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Increment {
    pub(crate) after: i64,
    pub(crate) line: Line,
}

impl Line {
    /// The change that a key or tombstone came with.
    pub(crate) fn change(&self) -> Option<i64> {
        match self {
            Self::Key(key) => Some(key.change),
            Self::Tombstone(tombstone) => Some(tombstone.change),
            _ => None,
        }
    }
}

/// A line with a line feed.
pub(crate) fn json(line: &impl Serialize) -> Vec<u8> {
    // Nothing in a line can fail to be JSON: no map with other keys than texts, no foreign code.
    let mut bytes = serde_json::to_vec(line).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

/// A line behind its checksum: 64 hexadecimal digits of the SHA-256 of the JSON, a blank, the JSON.
pub(crate) fn checked(line: &impl Serialize) -> Vec<u8> {
    let json = json(line);
    let body = json.strip_suffix(b"\n").unwrap_or(&json);
    [hex(digest(&SHA256, body).as_ref()).as_bytes(), b" ", &json].concat()
}

/// The JSON of a line whose checksum is right; the line feed is gone already.
pub(crate) fn unchecked(line: &[u8]) -> Option<&[u8]> {
    let (sum, rest) = line.split_at_checked(64)?;
    let body = rest.strip_prefix(b" ")?;
    (hex(digest(&SHA256, body).as_ref()).as_bytes() == sum).then_some(body)
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect()
}

/// Bytes as base64 (RFC 4648, with padding).
mod base64_bytes {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        // The error tells no bytes.
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map_err(|_| D::Error::custom("no base64"))
    }
}
