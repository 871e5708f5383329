//! What the log gives to those who check it: tiles, entries and proofs.

use lethe_tlog::Hash;
use lethe_tlog::tile::{EntryTile, Tile, TileSet, encode_bundle};
use lethe_tlog::tree::{Node, Plan};

use crate::store::{self, signed, unsigned};
use crate::{Notary, NotaryError, nodes, read};

impl Notary {
    /// The bytes of a tile; `None` if the signed tree does not have it.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn tile(&self, tile: Tile) -> Result<Option<Vec<u8>>, NotaryError> {
        let stored = store::tiles(&self.parts.pool, &[(tile.level, tile.index)]).await?.pop();
        Ok(stored.and_then(|(_, _, bytes)| Some(bytes.get(..usize::from(tile.width) * 32)?.to_vec())))
    }

    /// The bundle of some entries; `None` if the signed tree does not have them.
    ///
    /// # Errors
    /// [`NotaryError::NoEvent`], errors of the database.
    pub async fn entries(&self, tile: EntryTile) -> Result<Option<Vec<u8>>, NotaryError> {
        let mut connection = self.parts.pool.acquire().await?;
        let size: i64 =
            sqlx::query_scalar("SELECT size FROM notary.head").fetch_one(&mut *connection).await?;
        let leaves = tile.leaves();
        if leaves.end > unsigned(size) {
            return Ok(None);
        }
        let entries = read::entries(&mut connection, leaves).await?;
        Ok(Some(encode_bundle(entries.iter().map(Vec::as_slice))?))
    }

    /// The hashes of events' leaves, made of the events as they stand in the ledger; signed or not.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn leaves(&self, positions: &[i64]) -> Result<Vec<(i64, Hash)>, NotaryError> {
        read::some(&self.parts.pool, positions).await
    }

    /// The proof that an event is in the tree of a size: hashes from the leaf's sibling up.
    ///
    /// # Errors
    /// [`NotaryError::NotYet`], [`NotaryError::Plan`], errors of the database.
    pub async fn inclusion(&self, position: i64, size: u64) -> Result<Vec<Hash>, NotaryError> {
        let plan = Plan::inclusion(u64::try_from(position - 1).unwrap_or(u64::MAX), size)?;
        let nodes = self.nodes(size, plan.nodes()).await?;
        Ok(plan.assemble(|node| nodes.node(node))?)
    }

    /// The proof that the tree of one size began as that of another.
    ///
    /// # Errors
    /// [`NotaryError::NotYet`], [`NotaryError::Plan`], errors of the database.
    pub async fn consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>, NotaryError> {
        let plan = Plan::consistency(old, new)?;
        let nodes = self.nodes(new, plan.nodes()).await?;
        Ok(plan.assemble(|node| nodes.node(node))?)
    }

    /// The proof that an event is in the newest checkpoint, as a file `.tlog-proof` (C2SP `tlog-proof`); `None` as long as
    /// no checkpoint covers it.
    ///
    /// # Errors
    /// [`NotaryError::Plan`], errors of the database.
    pub async fn tlog_proof(&self, position: i64) -> Result<Option<String>, NotaryError> {
        let Some(checkpoint) = self.checkpoint().await? else { return Ok(None) };
        if position > signed(checkpoint.size) {
            return Ok(None);
        }
        let hashes = self.inclusion(position, checkpoint.size).await?;
        let (index, hashes, note) = (position - 1, nodes::lines(&hashes), checkpoint.note);
        Ok(Some(format!("c2sp.org/tlog-proof@v1\nindex {index}\n{hashes}\n{note}")))
    }

    async fn nodes(
        &self,
        size: u64,
        nodes: impl Iterator<Item = Node> + Send,
    ) -> Result<TileSet, NotaryError> {
        let mut connection = self.parts.pool.acquire().await?;
        let signed: i64 =
            sqlx::query_scalar("SELECT size FROM notary.head").fetch_one(&mut *connection).await?;
        if unsigned(signed) < size {
            return Err(NotaryError::NotYet { wanted: size, size: unsigned(signed) });
        }
        nodes::read(&mut connection, nodes).await
    }
}
