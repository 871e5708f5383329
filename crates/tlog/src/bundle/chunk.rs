//! The events of a chunk, compared with the hashes that the signed root vouches for.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::event::Head;
use super::fault::Changed;
use super::folder::Folder;
use super::json;
use super::manifest::Chunk;
use super::order::Order;
use super::source::Source;
use super::{BLOCK, CHUNK, Fault, chunk_file};
use crate::Hash;
use crate::tree::{leaf_hash, root_of};

/// What the line before the events of a block begins with; no event's line does.
const BLOCK_LINE: &[u8] = br#"{"block":"#;

/// What the line of an event begins with.
const EVENT_LINE: &[u8] = br#"{"position":"#;

/// The first line of a file: the roots of the chunk's blocks.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChunkLine {
    pub(super) chunk: u64,
    pub(super) blocks: Vec<Hash>,
}

/// The line before the events of a block: the hashes of its leaves.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BlockLine {
    pub(super) block: u64,
    pub(super) leaves: Vec<Hash>,
}

/// Reads one file.
pub(super) struct Reader<'a> {
    source: Source,
    order: &'a mut Order,
    /// The size of the whole tree.
    size: u64,
    chunk: u64,
    blocks: Vec<Hash>,
    /// The block whose events are read, and the hashes of its leaves.
    block: Option<(u64, Vec<Hash>)>,
    /// Whether no event has come since the block's line.
    bare: bool,
    entry: Vec<u8>,
}

impl<'a> Reader<'a> {
    /// Opens a file and checks the hashes at its head.
    pub(super) fn open(
        folder: &Folder,
        chunk: u64,
        root: &Hash,
        size: u64,
        order: &'a mut Order,
    ) -> Result<Self, Fault> {
        let mut source = Source::open(folder, chunk_file(chunk))?;
        let next = order.next();
        if !source.read_line(next)? {
            return Err(source.truncated(next));
        }
        let line: ChunkLine = json::object(source.line()).map_err(|error| source.malformed(next, error))?;
        let leaves = part(chunk, CHUNK, size);
        let blocks = (leaves.end.saturating_sub(leaves.start)).div_ceil(BLOCK);
        if line.chunk != chunk || line.blocks.len() as u64 != blocks {
            return Err(source.malformed(next, "It does not begin with the roots of the chunk's blocks."));
        }
        if root_of(&line.blocks) != *root {
            return Err(hashes(&source, &leaves));
        }
        Ok(Self {
            source,
            order,
            size,
            chunk,
            blocks: line.blocks,
            block: None,
            bare: false,
            entry: Vec::with_capacity(512),
        })
    }

    /// Checks all events; `done` is told after each block how many were checked since.
    pub(super) fn check(mut self, expected: &Chunk, mut done: impl FnMut(u64)) -> Result<(), Fault> {
        let (mut count, mut told) = (0, 0);
        while count < expected.events {
            let next = self.order.next();
            if !self.source.read_line(next)? {
                return Err(self.source.truncated(next));
            }
            if self.source.line().starts_with(BLOCK_LINE) {
                done(count - told);
                told = count;
                self.begin_block(next)?;
            } else {
                self.event(next)?;
                count += 1;
            }
        }
        done(count - told);
        if self.source.at_end()? {
            return Ok(());
        }
        Err(Fault::Appended { file: self.source.file, position: self.order.last() })
    }

    fn begin_block(&mut self, next: u64) -> Result<(), Fault> {
        let line: BlockLine =
            json::object(self.source.line()).map_err(|error| self.source.malformed(next, error))?;
        let first = self.chunk * (CHUNK / BLOCK);
        let root = line
            .block
            .checked_sub(first)
            .and_then(|number| self.blocks.get(usize::try_from(number).unwrap_or(usize::MAX)))
            .ok_or_else(|| self.source.malformed(next, "The block is not one of this chunk."))?;
        if self.bare || self.block.as_ref().is_some_and(|(last, _)| line.block * BLOCK <= *last) {
            return Err(self
                .source
                .malformed(next, "The block has no events, or does not come once and in order."));
        }
        let leaves = part(line.block, BLOCK, self.size);
        if line.leaves.len() as u64 != leaves.end - leaves.start || root_of(&line.leaves) != *root {
            return Err(hashes(&self.source, &leaves));
        }
        (self.block, self.bare) = (Some((leaves.start, line.leaves)), true);
        Ok(())
    }

    fn event(&mut self, next: u64) -> Result<(), Fault> {
        if !self.source.line().starts_with(EVENT_LINE) {
            return Err(self
                .source
                .malformed(next, "It is neither the line of a block nor that of an event."));
        }
        let head: Head<'_> =
            json::object(self.source.line()).map_err(|error| self.source.malformed(next, error))?;
        let position = head.position;
        self.bare = false;
        self.entry.clear();
        head.entry().encode_into(&mut self.entry).map_err(|error| self.source.malformed(next, error))?;
        let (metadata, payload) =
            ((head.metadata_bytes, head.metadata_sha256), (head.payload_bytes, head.payload_sha256));
        let source = &mut self.source;
        let file = source.file.clone();
        self.order.take(&file, position, |missing| {
            source.comes(format!(r#"{{"position":{missing},"#).as_bytes())
        })?;
        let leaf = self.block.as_ref().and_then(|(first, leaves)| {
            leaves.get(usize::try_from((position - 1).checked_sub(*first)?).ok()?)
        });
        let Some(leaf) = leaf else {
            return Err(source.malformed(position, "The event does not stand below the hashes of its block."));
        };
        let altered = |changed| Err(Fault::Event { position, changed });
        if leaf_hash(&self.entry) != *leaf {
            return altered(Changed::Entry);
        }
        if source.hash_text(metadata.0, position)? != metadata.1 {
            return altered(Changed::Metadata);
        }
        if source.hash_text(payload.0, position)? != payload.1 {
            return altered(Changed::Payload);
        }
        Ok(())
    }
}

/// The numbers of the leaves, from 0, of a piece of the tree.
fn part(number: u64, width: u64, size: u64) -> Range<u64> {
    let begin = number.saturating_mul(width);
    begin..begin.saturating_add(width).min(size)
}

fn hashes(source: &Source, leaves: &Range<u64>) -> Fault {
    Fault::Hashes { file: source.file.clone(), first: leaves.start + 1, last: leaves.end }
}
