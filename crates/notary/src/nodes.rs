//! Hashes of the tree, from the stored tiles.

use std::collections::BTreeSet;

use lethe_tlog::Hash;
use lethe_tlog::tile::{Tile, TileSet, WIDTH};
use lethe_tlog::tree::{Node, node_hash};
use sqlx::PgConnection;

use crate::{NotaryError, store};

/// Reads the tiles that nodes are computed from, in one statement.
pub(crate) async fn read(
    connection: &mut PgConnection,
    nodes: impl Iterator<Item = Node> + Send,
) -> Result<TileSet, NotaryError> {
    let wanted: BTreeSet<(u8, u64)> = nodes.map(tile_of).collect();
    let wanted: Vec<(u8, u64)> = wanted.into_iter().collect();
    let mut tiles = TileSet::default();
    for (level, index, bytes) in store::tiles(connection, &wanted).await? {
        let width = u16::try_from(bytes.len() / 32).unwrap_or(u16::MAX);
        // What has not the length of hashes is left out: whoever needs it finds that it is missing.
        if let Err(error) = tiles.insert(Tile { level, index, width }, &bytes) {
            tracing::error!(%error, "a stored tile is damaged");
        }
    }
    Ok(tiles)
}

/// The root of the tree of a size that is not zero.
pub(crate) async fn root(connection: &mut PgConnection, size: u64) -> Result<Hash, NotaryError> {
    let tiles = read(connection, Node::of_size(size).into_iter()).await?;
    root_from(&tiles, size)
}

/// The root of the tree of a size, from the tiles of the nodes it consists of.
pub(crate) fn root_from(tiles: &TileSet, size: u64) -> Result<Hash, NotaryError> {
    let mut above: Option<Hash> = None;
    for node in Node::of_size(size).into_iter().rev() {
        let left = tiles.node(node)?;
        above = Some(above.map_or(left, |right| node_hash(&left, &right)));
    }
    Ok(above.unwrap_or_else(lethe_tlog::tree::empty_root))
}

/// The tile that a node is computed from.
fn tile_of(node: Node) -> (u8, u64) {
    (node.level / 8, (node.index << (node.level % 8)) / u64::from(WIDTH))
}
