//! Writing a bundle.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::chunk::{BlockLine, ChunkLine};
use super::event::Head;
use super::manifest::{Chunk, Manifest};
use super::{BLOCK, CHUNK, EVENTS, Earlier, Event, FORMAT, MANIFEST, Selection, chunk_file};
use crate::Hash;
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::note::{Note, NoteError, VerifierKey};
use crate::tile::{Tile, TileSet, TileSetError};
use crate::tree::{Node, node_hash, root_of};

/// Which bundle is written.
#[derive(Clone, Debug)]
pub struct Header {
    /// The signed checkpoint of the tree, with cosignatures if there are any.
    pub checkpoint: Note,
    /// The key that signed it.
    pub key: VerifierKey,
    /// Which events will be written.
    pub selection: Selection,
    /// Checkpoints that were signed earlier, with proofs of consistency: whoever has seen one of them can tell that
    /// nothing was rewritten since.
    pub earlier: Vec<Earlier>,
}

/// Why a bundle cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// A file cannot be written.
    #[error("Cannot write {}: {source}. Check the path, its permissions and the space on the disk.", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The folder holds something.
    #[error("The folder {} is not empty. Name a new one.", .0.display())]
    NotEmpty(PathBuf),
    /// The checkpoint cannot be read, or is not signed by the key.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A position is not behind the one before it, or not in the tree.
    #[error("Position {0} is not behind the one before it, or not in the signed tree.")]
    Position(u64),
    /// A tile that was asked for was not given.
    #[error(transparent)]
    Tile(#[from] TileSetError),
    /// The tiles are not those of the signed tree.
    #[error("The stored hashes do not give the root that was signed. `lethe doctor` tells more.")]
    OtherRoot,
}

impl From<NoteError> for WriteError {
    fn from(error: NoteError) -> Self {
        Self::Checkpoint(error.into())
    }
}

/// Writes a bundle event by event, in the order of their positions.
///
/// It reads no hashes itself, so that they may come from a database: before each [event](Writer::event), give it the tiles
/// that it [wants](Writer::wants) for that position; at the end those that it [wants at last](Writer::wants_at_last), and
/// then [finish](Writer::finish). It writes what it is given: whether an event is the one that was logged is for
/// [`verify`](super::verify) to find out. A folder without `manifest.json` is no bundle, and that is written last.
pub struct Writer {
    folder: PathBuf,
    header: Header,
    checkpoint: Checkpoint,
    tiles: TileSet,
    last: u64,
    file: Option<(PathBuf, BufWriter<File>)>,
    /// How many events were written of each chunk that has any.
    counts: Vec<(u64, u64)>,
    block: Option<u64>,
}

impl Writer {
    /// Begins a bundle in a folder that is created, or empty.
    ///
    /// # Errors
    /// [`WriteError::File`], [`WriteError::NotEmpty`], [`WriteError::Checkpoint`].
    pub fn create(folder: &Path, header: Header) -> Result<Self, WriteError> {
        let (checkpoint, _) = Checkpoint::open(&header.checkpoint, std::slice::from_ref(&header.key))?;
        let events = folder.join(EVENTS);
        std::fs::create_dir_all(folder).map_err(at(folder))?;
        if std::fs::read_dir(folder).map_err(at(folder))?.next().is_some() {
            return Err(WriteError::NotEmpty(folder.to_owned()));
        }
        std::fs::create_dir(&events).map_err(at(&events))?;
        let folder = folder.to_owned();
        let (tiles, counts) = (TileSet::default(), Vec::new());
        Ok(Self { folder, header, checkpoint, tiles, last: 0, file: None, counts, block: None })
    }

    /// The tiles of the checkpoint's tree that are needed before the event at a position: none, most of the time.
    #[must_use]
    pub fn wants(&self, position: u64) -> Vec<Tile> {
        let (leaf, size) = (position.saturating_sub(1), self.checkpoint.size);
        let (block, chunk) = (leaf / BLOCK, leaf / CHUNK);
        let mut tiles = Vec::new();
        if self.block != Some(block) {
            tiles.extend(Tile::at(0, block, size));
        }
        if self.counts.last().is_none_or(|(last, _)| *last != chunk) {
            tiles.extend(Tile::at(1, chunk, size));
            tiles.extend(self.unfinished_block().filter(|tile| tile.index / (CHUNK / BLOCK) == chunk));
            tiles.sort_unstable();
            tiles.dedup();
        }
        tiles
    }

    /// The tiles that are needed to [finish](Writer::finish).
    #[must_use]
    pub fn wants_at_last(&self) -> Vec<Tile> {
        let size = self.checkpoint.size;
        let mut tiles: Vec<Tile> = Tile::grown(0, size).filter(|tile| tile.level == 2).collect();
        if !size.is_multiple_of(CHUNK) {
            tiles.extend(Tile::at(1, size / CHUNK, size));
            tiles.extend(self.unfinished_block());
        }
        tiles
    }

    fn unfinished_block(&self) -> Option<Tile> {
        let size = self.checkpoint.size;
        Tile::at(0, size / BLOCK, size)
    }

    /// Gives it a tile that it wants, as it is stored.
    ///
    /// # Errors
    /// [`WriteError::Tile`].
    pub fn give(&mut self, tile: Tile, bytes: &[u8]) -> Result<(), WriteError> {
        Ok(self.tiles.insert(tile, bytes)?)
    }

    /// Writes an event.
    ///
    /// # Errors
    /// [`WriteError::Position`], [`WriteError::Tile`] when a tile is missing, [`WriteError::File`].
    pub fn event(&mut self, event: &Event<'_>) -> Result<(), WriteError> {
        let (position, size) = (event.position, self.checkpoint.size);
        if position <= self.last || position > size {
            return Err(WriteError::Position(position));
        }
        self.last = position;
        let (block, chunk) = ((position - 1) / BLOCK, (position - 1) / CHUNK);
        if self.counts.last().is_none_or(|(last, _)| *last != chunk) {
            self.begin_chunk(chunk)?;
        }
        if self.block != Some(block) {
            let leaves = self.roots(0, block * BLOCK..((block + 1) * BLOCK).min(size))?;
            self.line(&BlockLine { block, leaves })?;
            self.block = Some(block);
            // Tiles of blocks that are written are needed no more; what the last chunk needs is asked for again.
            self.tiles = TileSet::default();
        }
        self.line(&Head::of(event))?;
        self.write(&[event.metadata.as_bytes(), b"\n", event.payload.as_bytes(), b"\n"])?;
        if let Some((_, count)) = self.counts.last_mut() {
            *count += 1;
        }
        Ok(())
    }

    fn begin_chunk(&mut self, chunk: u64) -> Result<(), WriteError> {
        let blocks = chunk * (CHUNK / BLOCK)..((chunk + 1) * CHUNK).min(self.checkpoint.size).div_ceil(BLOCK);
        let blocks = self.roots(8, blocks)?;
        self.close()?;
        let path = self.folder.join(chunk_file(chunk));
        let file = OpenOptions::new().write(true).create_new(true).open(&path).map_err(at(&path))?;
        self.file = Some((path, BufWriter::with_capacity(256 << 10, file)));
        self.counts.push((chunk, 0));
        self.line(&ChunkLine { chunk, blocks })
    }

    /// Ends the bundle: checks that the tiles are those of the signed tree, and writes the manifest.
    ///
    /// # Errors
    /// [`WriteError::Tile`] when a tile is missing, [`WriteError::OtherRoot`], [`WriteError::File`].
    pub fn finish(mut self) -> Result<(), WriteError> {
        self.close()?;
        let roots = self.roots(16, 0..self.checkpoint.size.div_ceil(CHUNK))?;
        if root_of(&roots) != self.checkpoint.root {
            return Err(WriteError::OtherRoot);
        }
        let mut counts = self.counts.iter().peekable();
        let chunks = (0..).zip(roots).map(|(number, root)| {
            let count = counts.next_if(|(chunk, _)| *chunk == number);
            Chunk { root, events: count.map_or(0, |(_, count)| *count) }
        });
        let manifest = Manifest {
            format: FORMAT.to_owned(),
            origin: self.checkpoint.origin.clone(),
            key: self.header.key.to_string(),
            checkpoint: self.header.checkpoint.to_string(),
            selection: self.header.selection,
            chunks: chunks.collect(),
            events: self.counts.iter().map(|(_, count)| count).sum(),
            earlier: self.header.earlier.clone(),
        };
        let path = self.folder.join(MANIFEST);
        let file = OpenOptions::new().write(true).create_new(true).open(&path).map_err(at(&path))?;
        self.file = Some((path.clone(), BufWriter::new(file)));
        let text = serde_json::to_vec_pretty(&manifest).map_err(|error| at(&path)(error.into()))?;
        self.write(&[&text, b"\n"])?;
        self.close()
    }

    /// The roots of pieces of 2^level leaves side by side; the last piece of the tree may be shorter.
    fn roots(&self, level: u8, numbers: std::ops::Range<u64>) -> Result<Vec<Hash>, WriteError> {
        let size = self.checkpoint.size;
        let root = |index: u64| {
            if (index + 1) << level <= size {
                return Ok(self.tiles.node(Node { level, index })?);
            }
            let mut right: Option<Hash> = None;
            for node in Node::of_size(size).into_iter().rev().filter(|node| node.level < level) {
                let left = self.tiles.node(node)?;
                right = Some(right.map_or(left, |right| node_hash(&left, &right)));
            }
            Ok(right.unwrap_or_else(crate::tree::empty_root))
        };
        numbers.map(root).collect()
    }

    fn line(&mut self, line: &impl Serialize) -> Result<(), WriteError> {
        let text = serde_json::to_vec(line).map_err(|error| at(&self.folder)(error.into()))?;
        self.write(&[&text, b"\n"])
    }

    fn write(&mut self, pieces: &[&[u8]]) -> Result<(), WriteError> {
        let Some((path, file)) = &mut self.file else { return Ok(()) };
        pieces.iter().try_for_each(|piece| file.write_all(piece)).map_err(at(path))
    }

    /// What is written must be on the disk before the bundle is said to be complete.
    fn close(&mut self) -> Result<(), WriteError> {
        let Some((path, mut file)) = self.file.take() else { return Ok(()) };
        file.flush().and_then(|()| file.get_ref().sync_all()).map_err(at(&path))
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> WriteError {
    let path = path.to_owned();
    move |source| WriteError::File { path, source }
}
