//! An invented log in memory.

use std::collections::HashMap;
use std::path::Path;

use lethe_tlog::Hash;
use lethe_tlog::bundle::{Earlier, Event, Header, Selection, Writer};
use lethe_tlog::checkpoint::Checkpoint;
use lethe_tlog::note::{KeyKind, Note, Signer};
use lethe_tlog::tile::Tile;
use lethe_tlog::tree::{Frontier, Node, Plan};
use uuid::Uuid;

pub(crate) const ORIGIN: &str = "log.example/one";

/// What an event of the log has of its own.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) stream_id: String,
    pub(crate) payload: String,
    pub(crate) metadata: String,
    pub(crate) recorded_at: i64,
}

/// A log, and the rows that its bundles are written from.
#[derive(Clone)]
pub(crate) struct Log {
    pub(crate) rows: Vec<Stored>,
    frontier: Frontier,
    nodes: HashMap<Node, Hash>,
    roots: Vec<Hash>,
}

pub(crate) fn signer(seed: u8) -> Signer {
    Signer::of_seed(ORIGIN, KeyKind::Ed25519, &[seed; 32]).unwrap()
}

pub(crate) fn event(position: u64, row: &Stored) -> Event<'_> {
    Event {
        position,
        stream_type: "contact",
        stream_id: &row.stream_id,
        sequence: position / 7 + 1,
        event_id: Uuid::from_u128(u128::from(position) << 64),
        event_type: "contact.registered",
        event_version: "1",
        recorded_at: row.recorded_at,
        payload: &row.payload,
        metadata: &row.metadata,
    }
}

impl Log {
    pub(crate) fn of(size: u64) -> Self {
        let mut log = Self {
            rows: Vec::new(),
            frontier: Frontier::default(),
            nodes: HashMap::new(),
            roots: Vec::new(),
        };
        log.roots.push(log.frontier.root());
        for position in 1..=size {
            log.push(Stored {
                stream_id: Uuid::from_u128(u128::from(position % 7)).to_string(),
                // Line breaks, umlauts and texts that look like lines of a bundle are texts like others.
                payload: format!("{{\"name\":\"Ærø {position}\",\n\"x\":\"{{\\\"block\\\":{position}\"}}"),
                metadata: format!("{{\"user\":\"{}\"}}", Uuid::from_u128(u128::from(position))),
                recorded_at: 1_700_000_000_000_000 + i64::try_from(position).unwrap(),
            });
        }
        log
    }

    pub(crate) fn push(&mut self, row: Stored) {
        let leaf = event(self.frontier.size() + 1, &row).entry().leaf_hash().unwrap();
        self.rows.push(row);
        let nodes = &mut self.nodes;
        self.frontier.push(leaf, |node, hash| {
            nodes.insert(node, hash);
        });
        self.roots.push(self.frontier.root());
    }

    pub(crate) fn size(&self) -> u64 {
        self.frontier.size()
    }

    pub(crate) fn root(&self, size: u64) -> Hash {
        self.roots[usize::try_from(size).unwrap()]
    }

    pub(crate) fn signed(&self, size: u64, signer: &Signer) -> Note {
        let mut note = Checkpoint::new(ORIGIN, size, self.root(size)).note().unwrap();
        note.push(signer.sign(&note, 0).unwrap());
        note
    }

    pub(crate) fn tile(&self, tile: Tile) -> Vec<u8> {
        let (level, range) = tile.nodes();
        range.flat_map(|index| self.nodes[&Node { level, index }].0).collect()
    }

    pub(crate) fn proof(&self, plan: &Plan) -> Vec<Hash> {
        plan.assemble(|node| self.nodes.get(&node).copied().ok_or(())).unwrap()
    }

    pub(crate) fn earlier(&self, size: u64, signer: &Signer) -> Earlier {
        let proof = self.proof(&Plan::consistency(size, self.size()).unwrap());
        Earlier { checkpoint: self.signed(size, signer).to_string(), proof }
    }

    pub(crate) fn header(&self, selection: Selection, signer: &Signer) -> Header {
        Header {
            checkpoint: self.signed(self.size(), signer),
            key: signer.verifier().clone(),
            selection,
            earlier: Vec::new(),
        }
    }

    /// Writes a bundle of the events at these positions.
    pub(crate) fn write(&self, folder: &Path, header: Header, positions: impl IntoIterator<Item = u64>) {
        let mut writer = Writer::create(folder, header).unwrap();
        for position in positions {
            for tile in writer.wants(position) {
                writer.give(tile, &self.tile(tile)).unwrap();
            }
            let row = &self.rows[usize::try_from(position - 1).unwrap()];
            writer.event(&event(position, row)).unwrap();
        }
        for tile in writer.wants_at_last() {
            writer.give(tile, &self.tile(tile)).unwrap();
        }
        writer.finish().unwrap();
    }

    /// Writes a bundle of all events.
    pub(crate) fn write_all(&self, folder: &Path) {
        self.write(folder, self.header(Selection::All, &signer(1)), 1..=self.size());
    }
}
