//! The file that says what a bundle is.

use std::io::Read;
use std::ops::RangeInclusive;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

use super::folder::Folder;
use super::json::{self, Id};
use super::{CHUNK, FORMAT, Fault, MANIFEST};
use crate::Hash;
use crate::tree::root_of;

/// How long the file may be, in bytes: enough for the roots of a log of some sixty thousand million events.
const MAX_BYTES: u64 = 64 << 20;

/// Which events a bundle holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Selection {
    /// Every event of the tree. That none is missing is verified.
    All,
    /// The events from one position to another, both included. That none is missing is verified.
    Range {
        /// The first position.
        from: u64,
        /// The last position.
        until: u64,
    },
    /// Events of a unit. That none is missing cannot be verified.
    Unit {
        /// The unit.
        id: Uuid,
    },
    /// Events about a contact. That none is missing cannot be verified.
    Contact {
        /// The contact.
        id: Uuid,
    },
}

impl Selection {
    /// The positions of which none may be missing, in a tree of `size` leaves.
    #[must_use]
    pub fn range(&self, size: u64) -> Option<RangeInclusive<u64>> {
        match self {
            Self::All => Some(1..=size),
            Self::Range { from, until } => Some(*from..=*until),
            Self::Unit { .. } | Self::Contact { .. } => None,
        }
    }
}

/// The fields of all selections; each has some of them, and derived code would not mind the others.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    kind: String,
    #[serde(default, deserialize_with = "json::present")]
    from: Option<u64>,
    #[serde(default, deserialize_with = "json::present")]
    until: Option<u64>,
    #[serde(default, deserialize_with = "json::present")]
    id: Option<Id>,
}

impl<'de> Deserialize<'de> for Selection {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Fields { kind, from, until, id } = json::from_object(deserializer)?;
        match (kind.as_str(), from, until, id) {
            ("all", None, None, None) => Ok(Self::All),
            ("range", Some(from), Some(until), None) => Ok(Self::Range { from, until }),
            ("unit", None, None, Some(Id(id))) => Ok(Self::Unit { id }),
            ("contact", None, None, Some(Id(id))) => Ok(Self::Contact { id }),
            _ => Err(D::Error::custom("the selection is not one of those that are described")),
        }
    }
}

/// A checkpoint that was signed earlier, and the proof that the tree of the bundle began as its tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Earlier {
    /// The signed note.
    pub checkpoint: String,
    /// The hashes of the consistency proof.
    pub proof: Vec<Hash>,
}

/// The whole file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Manifest {
    pub(super) format: String,
    pub(super) origin: String,
    pub(super) key: String,
    pub(super) checkpoint: String,
    pub(super) selection: Selection,
    pub(super) events: u64,
    #[serde(deserialize_with = "json::objects")]
    pub(super) chunks: Vec<Chunk>,
    #[serde(deserialize_with = "json::objects")]
    pub(super) earlier: Vec<Earlier>,
}

/// A piece of the tree.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Chunk {
    pub(super) root: Hash,
    /// How many events of it are in the bundle.
    pub(super) events: u64,
}

impl Manifest {
    pub(super) fn read(folder: &Folder) -> Result<Self, Fault> {
        let mut text = Vec::new();
        // What its length is said to be may not be true.
        folder.file(MANIFEST)?.take(MAX_BYTES + 1).read_to_end(&mut text).map_err(Fault::file(MANIFEST))?;
        if text.len() as u64 > MAX_BYTES {
            return Err(Fault::Manifest(format!("It is longer than {MAX_BYTES} bytes.")));
        }
        let broken = |error: serde_json::Error| Fault::Manifest(format!("{error}."));
        let format = json::format(&text).map_err(broken)?;
        if format != FORMAT {
            return Err(Fault::Format(format));
        }
        json::object(&text).map_err(broken)
    }

    /// That its parts belong to each other, and to the signed tree.
    pub(super) fn check(&self, size: u64, root: &Hash) -> Result<(), Fault> {
        if let Selection::Range { from, until } = self.selection
            && (from == 0 || from > until || until > size)
        {
            return Err(Fault::Manifest("It selects events that are not in the signed tree.".to_owned()));
        }
        let events = self.chunks.iter().try_fold(0_u64, |sum, chunk| sum.checked_add(chunk.events));
        if events != Some(self.events) || self.chunks.len() as u64 != size.div_ceil(CHUNK) {
            return Err(Fault::Manifest(
                "The numbers of its chunks or events do not fit together.".to_owned(),
            ));
        }
        let roots: Vec<Hash> = self.chunks.iter().map(|chunk| chunk.root).collect();
        if root_of(&roots) == *root { Ok(()) } else { Err(Fault::Tree { last: size }) }
    }
}
