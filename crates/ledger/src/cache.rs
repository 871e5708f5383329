//! Aggregates used lately, in memory. Personal values in them are sealed, as in the events they were folded from.
//!
//! What is here may be old: other processes append too. Whoever decides on it names the version, and the ledger checks
//! it before anything is appended or refused.

use std::any::Any;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use uuid::Uuid;

const AGGREGATES: NonZeroUsize = NonZeroUsize::new(20_000).unwrap();

/// The type and id of a stream.
pub(crate) type StreamId = (&'static str, Uuid);

/// An aggregate's state, whatever its type.
pub(crate) type State = Arc<dyn Any + Send + Sync>;

pub(crate) struct Cache(Mutex<LruCache<StreamId, (State, i64)>>);

impl Cache {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(LruCache::new(AGGREGATES)))
    }

    /// The state kept of a stream, and its version.
    pub(crate) fn get(&self, stream: StreamId) -> Option<(State, i64)> {
        let found = self.lock().get(&stream).cloned();
        let outcome = if found.is_some() { "hit" } else { "miss" };
        metrics::counter!("lethe_aggregate_cache_total", "outcome" => outcome).increment(1);
        found
    }

    /// Keeps a state, unless a newer one is there.
    pub(crate) fn put(&self, stream: StreamId, state: State, version: i64) {
        let mut cache = self.lock();
        if cache.peek(&stream).is_none_or(|(_, known)| *known < version) {
            cache.put(stream, (state, version));
        }
    }

    /// Forgets a state that turned out to be old.
    pub(crate) fn forget(&self, stream: StreamId) {
        self.lock().pop(&stream);
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<StreamId, (State, i64)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
