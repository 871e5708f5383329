//! What the log gives to those who check it: tiles, entries and proofs.

use lethe_tlog::Hash;
use lethe_tlog::checkpoint::CheckpointError;
use lethe_tlog::proof::Proof;
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

    /// The proof that an event is in the newest checkpoint, with its entry, to be written as a file `.tlog-proof` (C2SP
    /// `tlog-proof`); `None` as long as no checkpoint covers it.
    ///
    /// # Errors
    /// [`NotaryError::NoEvent`], errors of the database.
    pub async fn proof(&self, position: i64) -> Result<Option<Proof>, NotaryError> {
        match self.checkpoint().await? {
            Some(newest) if position <= signed(newest.size) => {
                Ok(Some(self.proof_in(position, newest.size, &newest.note).await?))
            }
            _ => Ok(None),
        }
    }

    /// The proof that an event is in the tree of a size, which is signed for it. It is the same whenever it is made.
    ///
    /// # Errors
    /// [`NotaryError::NotYet`], [`NotaryError::NoEvent`], errors of the database.
    pub async fn proof_at(&self, position: i64, size: u64) -> Result<Proof, NotaryError> {
        let tiles = self.nodes(size, Node::of_size(size).into_iter()).await?;
        // It is the beginning of what was signed, so nothing else is said by signing it too.
        let note = self.key.sign(size, nodes::root_from(&tiles, size)?)?;
        self.proof_in(position, size, &note).await
    }

    async fn proof_in(&self, position: i64, size: u64, note: &str) -> Result<Proof, NotaryError> {
        let index = u64::try_from(position - 1).map_err(|_| NotaryError::NoEvent(position))?;
        let hashes = self.inclusion(position, size).await?;
        let mut connection = self.parts.pool.acquire().await?;
        let extra = read::entries(&mut connection, index..index + 1).await?.pop();
        let checkpoint = note.parse().map_err(CheckpointError::Note)?;
        Ok(Proof { extra, index, hashes, checkpoint })
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
