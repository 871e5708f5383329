//! The tree in files of up to 256 hashes, and the entries in files of as many entries (C2SP `tlog-tiles`).
//!
//! Tiles of level 0 hold the hashes of leaves; those of level L hold the hashes of perfect subtrees of 256^L leaves, each
//! the root of a full tile one level below. The last tile of a level is *partial* until it is full. A full tile never
//! changes.

mod bundle;
mod set;

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

pub use bundle::{BundleError, decode_bundle, encode_bundle};
pub use set::{TileSet, TileSetError};

use crate::tree::{Node, Plan};

/// How many hashes or entries a full tile has.
pub const WIDTH: u16 = 256;

/// The highest level of tiles: the root of a tree of 2^64 leaves would stand above it.
const MAX_LEVEL: u8 = 7;

/// A tile of hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tile {
    /// The level of the tile, from 0.
    pub level: u8,
    /// Which one of this level, from 0.
    pub index: u64,
    /// How many hashes it holds, from 1 to [`WIDTH`].
    pub width: u16,
}

/// A file with the entries of a tile of level 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryTile {
    /// Which one, from 0.
    pub index: u64,
    /// How many entries it holds, from 1 to [`WIDTH`].
    pub width: u16,
}

/// Why a text is not the path of a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("It is not the path of a tile as C2SP tlog-tiles describes it.")]
pub struct PathError;

impl Tile {
    /// The tile as it is in a tree of `size` leaves; none if there it holds no hash.
    #[must_use]
    pub fn at(level: u8, index: u64, size: u64) -> Option<Self> {
        let hashes = hashes_at(level, size);
        let begin = index.checked_mul(u64::from(WIDTH)).filter(|begin| *begin < hashes)?;
        let width = u16::try_from((hashes - begin).min(u64::from(WIDTH))).ok()?;
        Some(Self { level, index, width })
    }

    /// The tile that a node's hash is computed from, as it is in a tree of `size` leaves; none if the node is not complete
    /// in that tree.
    #[must_use]
    pub fn of(node: Node, size: u64) -> Option<Self> {
        let end = (node.index.checked_add(1)?).checked_mul(1_u64.checked_shl(u32::from(node.level))?)?;
        let first = node.index << (node.level % 8);
        let tile = Self::at(node.level / 8, first / u64::from(WIDTH), size);
        tile.filter(|_| end <= size)
    }

    /// The tiles a plan's nodes are computed from in a tree of `size` leaves, each once.
    #[must_use]
    pub fn of_plan(plan: &Plan, size: u64) -> Vec<Self> {
        let mut tiles: Vec<Self> = plan.nodes().filter_map(|node| Self::of(node, size)).collect();
        tiles.sort_unstable();
        tiles.dedup();
        tiles
    }

    /// The tiles that are new or wider when a tree has grown from `old` to `new` leaves, level by level.
    pub fn grown(old: u64, new: u64) -> impl Iterator<Item = Self> {
        (0..=MAX_LEVEL).flat_map(move |level| {
            let (before, after) = (hashes_at(level, old), hashes_at(level, new));
            let last = if after > before { after.div_ceil(u64::from(WIDTH)) } else { 0 };
            (before / u64::from(WIDTH)..last).filter_map(move |index| Self::at(level, index, new))
        })
    }

    /// The level and numbers of the nodes whose hashes it holds, in order.
    #[must_use]
    pub fn nodes(&self) -> (u8, Range<u64>) {
        let begin = self.index * u64::from(WIDTH);
        (self.level * 8, begin..begin + u64::from(self.width))
    }

    /// Whether it has all its hashes.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.width == WIDTH
    }
}

/// How many hashes there are at a level of tiles in a tree of `size` leaves.
fn hashes_at(level: u8, size: u64) -> u64 {
    if level > MAX_LEVEL { 0 } else { size >> (8 * level) }
}

impl EntryTile {
    /// The file as it is in a tree of `size` leaves; none if there it holds no entry.
    #[must_use]
    pub fn at(index: u64, size: u64) -> Option<Self> {
        Tile::at(0, index, size).map(|tile| Self { index, width: tile.width })
    }

    /// The numbers of its leaves, from 0.
    #[must_use]
    pub fn leaves(&self) -> Range<u64> {
        let begin = self.index * u64::from(WIDTH);
        begin..begin + u64::from(self.width)
    }
}

/// Written as the path below the log's prefix: `tile/0/x001/234`, `tile/1/000.p/17`.
impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tile/{}/", self.level)?;
        write_place(f, self.index, self.width)
    }
}

/// Written as the path below the log's prefix: `tile/entries/x001/234`, `tile/entries/000.p/17`.
impl fmt::Display for EntryTile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tile/entries/")?;
        write_place(f, self.index, self.width)
    }
}

fn write_place(f: &mut fmt::Formatter<'_>, index: u64, width: u16) -> fmt::Result {
    let mut groups = Vec::new();
    let mut rest = index;
    loop {
        groups.push(rest % 1000);
        rest /= 1000;
        if rest == 0 {
            break;
        }
    }
    while let Some(group) = groups.pop() {
        if groups.is_empty() {
            write!(f, "{group:03}")?;
        } else {
            write!(f, "x{group:03}/")?;
        }
    }
    if width == WIDTH { Ok(()) } else { write!(f, ".p/{width}") }
}

impl FromStr for Tile {
    type Err = PathError;

    fn from_str(path: &str) -> Result<Self, PathError> {
        let rest = path.strip_prefix("tile/").ok_or(PathError)?;
        let (level, rest) = rest.split_once('/').ok_or(PathError)?;
        let (index, width) = read_place(rest).ok_or(PathError)?;
        let tile = Self { level: level.parse().map_err(|_| PathError)?, index, width };
        // One tile has one path only.
        if tile.level <= 63 && tile.to_string() == path { Ok(tile) } else { Err(PathError) }
    }
}

impl FromStr for EntryTile {
    type Err = PathError;

    fn from_str(path: &str) -> Result<Self, PathError> {
        let (index, width) = path.strip_prefix("tile/entries/").and_then(read_place).ok_or(PathError)?;
        let tile = Self { index, width };
        if tile.to_string() == path { Ok(tile) } else { Err(PathError) }
    }
}

fn read_place(text: &str) -> Option<(u64, u16)> {
    let (index, width) = match text.split_once(".p/") {
        Some((index, width)) => (index, width.parse().ok().filter(|width| (1..WIDTH).contains(width))?),
        None => (text, WIDTH),
    };
    let mut read = 0_u64;
    for group in index.split('/') {
        let group: u64 =
            group.strip_prefix('x').unwrap_or(group).parse().ok().filter(|group| *group < 1000)?;
        read = read.checked_mul(1000)?.checked_add(group)?;
    }
    // What lies behind the last leaf that can be counted is no tile.
    (read <= u64::MAX / u64::from(WIDTH)).then_some((read, width))
}

#[cfg(test)]
mod tests;
