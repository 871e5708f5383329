//! How the tree grows: leaves come in at the right, tiles fill up, and a full one is a hash of the level above. The
//! unfinished tiles of all levels are all that has to be known of a tree to go on with it.

use lethe_tlog::Hash;
use lethe_tlog::tree::{empty_root, root_of};

/// How many hashes a full tile has.
pub(crate) const WIDTH: usize = 256;

/// A tile: its level, its place in the level, and its hashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tile {
    pub(crate) level: u8,
    pub(crate) number: u64,
    pub(crate) hashes: Vec<Hash>,
}

impl Tile {
    /// The hashes, one after another.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.hashes.iter().flat_map(|hash| hash.0).collect()
    }
}

/// The right edge of a tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Growth {
    size: u64,
    /// The unfinished tile of each level, from the leaves up.
    edge: Vec<Vec<Hash>>,
}

impl Growth {
    /// A tree of this size whose unfinished tiles are these; `None` if they are not those of such a tree.
    pub(crate) fn resumed(size: u64, edge: Vec<Vec<Hash>>) -> Option<Self> {
        let mut edge = edge;
        while edge.last().is_some_and(Vec::is_empty) {
            edge.pop();
        }
        (widths(size) == edge.iter().map(Vec::len).collect::<Vec<_>>()).then_some(Self { size, edge })
    }

    /// How many leaves it has.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf; tiles that it fills are put into `full`.
    pub(crate) fn push(&mut self, leaf: Hash, full: &mut Vec<Tile>) {
        self.size += 1;
        let (mut hash, mut count) = (leaf, self.size);
        for level in 0..=u8::MAX {
            if self.edge.len() <= usize::from(level) {
                self.edge.push(Vec::with_capacity(WIDTH));
            }
            let Some(tile) = self.edge.get_mut(usize::from(level)) else { return };
            tile.push(hash);
            if tile.len() < WIDTH {
                return;
            }
            let hashes = std::mem::replace(tile, Vec::with_capacity(WIDTH));
            count /= WIDTH as u64;
            hash = root_of(&hashes);
            full.push(Tile { level, number: count - 1, hashes });
        }
    }

    /// The unfinished tiles.
    pub(crate) fn partial(&self) -> impl Iterator<Item = Tile> + '_ {
        let mut count = self.size;
        (0..=u8::MAX).zip(&self.edge).filter_map(move |(level, hashes)| {
            count /= WIDTH as u64;
            (!hashes.is_empty()).then(|| Tile { level, number: count, hashes: hashes.clone() })
        })
    }

    /// The root hash.
    pub(crate) fn root(&self) -> Hash {
        // From the right: what is unfinished below is the last, shorter piece of what stands above it.
        let mut right: Option<Hash> = None;
        for hashes in &self.edge {
            let level: Vec<Hash> = hashes.iter().copied().chain(right).collect();
            if !level.is_empty() {
                right = Some(root_of(&level));
            }
        }
        right.unwrap_or_else(empty_root)
    }
}

/// How many hashes the unfinished tiles of a tree have, from the leaves up, without empty ones at the top.
pub(crate) fn widths(size: u64) -> Vec<usize> {
    let mut widths = Vec::new();
    let mut left = size;
    while left > 0 {
        widths.push(usize::try_from(left % WIDTH as u64).unwrap_or_default());
        left /= WIDTH as u64;
    }
    widths
}

#[cfg(test)]
mod tests {
    use lethe_tlog::sha256;
    use lethe_tlog::tree::Frontier;

    use super::*;

    #[test]
    fn the_root_from_tiles_is_that_of_the_tree_and_every_size_can_be_gone_on_with() {
        let (mut growth, mut frontier, mut full) = (Growth::default(), Frontier::default(), Vec::new());
        assert_eq!(growth.root(), frontier.root());
        for leaf in 0..70_000_u32 {
            let hash = sha256(&leaf.to_be_bytes());
            growth.push(hash, &mut full);
            frontier.push(hash, |_, _| {});
            if leaf % 97 == 0 || leaf % 256 > 253 || leaf > 65_500 {
                assert_eq!(growth.root(), frontier.root(), "{leaf}");
                let edge = growth.edge.clone();
                assert_eq!(Growth::resumed(growth.size(), edge), Some(growth.clone()));
            }
        }
        // The example of C2SP tlog-tiles.
        assert_eq!((full.iter().filter(|tile| tile.level == 0).count(), full.len()), (273, 274));
        let partial: Vec<_> =
            growth.partial().map(|tile| (tile.level, tile.number, tile.hashes.len())).collect();
        assert_eq!(partial, [(0, 273, 112), (1, 1, 17), (2, 0, 1)]);
    }

    #[test]
    fn tiles_of_another_size_are_not_gone_on_with() {
        let mut growth = Growth::default();
        (0..300_u32).for_each(|leaf| growth.push(sha256(&leaf.to_be_bytes()), &mut Vec::new()));
        let edge = growth.edge.clone();
        assert_eq!(edge.iter().map(Vec::len).collect::<Vec<_>>(), [44, 1]);
        assert!(Growth::resumed(300, edge.clone()).is_some());
        for size in [0, 44, 299, 301, 556] {
            assert_eq!(Growth::resumed(size, edge.clone()), None, "{size}");
        }
    }
}
