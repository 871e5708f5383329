//! Tiles in memory, and the nodes that are computed from them.

use std::collections::HashMap;

use super::{Tile, WIDTH};
use crate::Hash;
use crate::tree::{Node, root_of};

/// Tiles that were read, for the [assembly](crate::tree::Plan::assemble) of proofs.
#[derive(Clone, Debug, Default)]
pub struct TileSet {
    tiles: HashMap<(u8, u64), Vec<Hash>>,
}

/// Why a tile or a node cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TileSetError {
    /// A tile has not the bytes of its width.
    #[error("{tile} has {bytes} bytes, and {} were expected.", usize::from(tile.width) * 32)]
    Length {
        /// The tile.
        tile: Tile,
        /// How many bytes there are.
        bytes: usize,
    },
    /// The tile that a node is computed from is not there, or has not enough hashes.
    #[error("The hash of node {} at level {} is not there.", .0.index, .0.level)]
    Missing(Node),
}

impl TileSet {
    /// Adds a tile as it is stored: its hashes one after another.
    ///
    /// # Errors
    /// [`TileSetError::Length`].
    pub fn insert(&mut self, tile: Tile, bytes: &[u8]) -> Result<(), TileSetError> {
        let hashes = Hash::sequence(bytes).filter(|hashes| hashes.len() == usize::from(tile.width));
        let hashes = hashes.ok_or(TileSetError::Length { tile, bytes: bytes.len() })?;
        self.tiles.insert((tile.level, tile.index), hashes);
        Ok(())
    }

    /// The hash of a node.
    ///
    /// # Errors
    /// [`TileSetError::Missing`].
    pub fn node(&self, node: Node) -> Result<Hash, TileSetError> {
        let first = node.index << (node.level % 8);
        let (tile, begin) = (first / u64::from(WIDTH), first % u64::from(WIDTH));
        let begin = usize::try_from(begin).map_err(|_| TileSetError::Missing(node))?;
        let hashes = self.tiles.get(&(node.level / 8, tile)).ok_or(TileSetError::Missing(node))?;
        let below = hashes.get(begin..begin + (1 << (node.level % 8))).ok_or(TileSetError::Missing(node))?;
        Ok(root_of(below))
    }
}
