//! Folding in memory, in ranges of keys: each worker has its share of them and keeps no more rows than fit.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use tokio::sync::mpsc;
use uuid::Uuid;

use super::copy::{Chunk, Layout};
use crate::shape::{Shape, State};
use crate::{LedgerError, Recorded};

const ROWS: u64 = 5_000;
/// What a row takes beside the values of its events.
const OVERHEAD: usize = 256;

/// A range of the keys of one worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Share {
    worker: u64,
    workers: u64,
    low: u64,
    high: u64,
}

/// Where a key stands among all: its end, which is random in every kind of id.
fn place(key: Uuid) -> u64 {
    u64::try_from(key.as_u128() & u128::from(u32::MAX)).unwrap_or(0)
}

impl Share {
    const END: u64 = 1 << 32;

    /// All keys, in as many shares as there are workers.
    pub(super) fn all(workers: u64) -> Vec<Self> {
        (0..workers).map(|worker| Self { worker, workers, low: 0, high: Self::END }).collect()
    }

    fn has(&self, key: Uuid) -> bool {
        let place = place(key);
        place % self.workers == self.worker && (self.low..self.high).contains(&place)
    }

    /// The keys that are left when these are done.
    fn rest(self) -> Option<Self> {
        (self.high < Self::END).then_some(Self { low: self.high, high: Self::END, ..self })
    }
}

/// A row, behind a pointer: the table of all rows is moved whenever it grows.
struct Slot {
    weight: usize,
    row: Box<dyn State>,
}

/// Folds what it is sent into the rows of a share, gives the rows away as chunks, and answers which keys it had no
/// room for.
pub(super) fn fold(
    view: &Shape,
    mut share: Share,
    memory: usize,
    mut batches: mpsc::Receiver<Arc<Vec<Recorded>>>,
    (layout, chunks): (&Layout, &mpsc::Sender<Chunk>),
) -> Result<Option<Share>, LedgerError> {
    let mut rows: HashMap<Uuid, Slot> = HashMap::new();
    let mut weight = 0;
    while let Some(batch) = batches.blocking_recv() {
        for event in batch.iter() {
            for key in (view.keys)(event)?.into_iter().filter(|key| share.has(*key)) {
                let slot = match rows.entry(key) {
                    Entry::Occupied(slot) => slot.into_mut(),
                    Entry::Vacant(place) => place.insert(Slot { weight: OVERHEAD, row: view.nothing()? }),
                };
                slot.weight += event.payload.len();
                weight += event.payload.len();
                slot.row.fold(key, event)?;
            }
        }
        while weight + rows.len() * OVERHEAD > memory && share.high - share.low > 1 {
            share.high = share.low + (share.high - share.low) / 2;
            rows.retain(|key, _| share.has(*key));
            weight = rows.values().map(|slot| slot.weight - OVERHEAD).sum();
        }
    }
    give(rows, layout, chunks)?;
    Ok(share.rest())
}

/// In the order of their keys, which is that of time for most of them.
fn give(rows: HashMap<Uuid, Slot>, layout: &Layout, chunks: &mpsc::Sender<Chunk>) -> Result<(), LedgerError> {
    let mut rows: Vec<(Uuid, Box<dyn State>)> = rows.into_iter().map(|(key, slot)| (key, slot.row)).collect();
    rows.sort_unstable_by_key(|(key, _)| *key);
    let mut chunk = layout.chunk();
    for (_, row) in rows {
        let Some(row) = row.json()? else { continue };
        layout.encode(&row, &mut chunk)?;
        if chunk.rows == ROWS && chunks.blocking_send(std::mem::replace(&mut chunk, layout.chunk())).is_err()
        {
            // Who writes has failed, and says why.
            return Ok(());
        }
    }
    if chunk.rows > 0 && chunks.blocking_send(chunk).is_err() {
        tracing::debug!("a rebuild was given up while its rows were written");
    }
    Ok(())
}
