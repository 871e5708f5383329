//! Keys that commands used lately, in memory for as long as no key is destroyed anywhere.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lethe_kernel::Subject;
use lru::LruCache;

use crate::keyring::Keyring;
use crate::subject_key::SubjectKey;

/// How old the knowledge may be that no key was destroyed.
const TRUST: Duration = Duration::from_secs(1);
const SUBJECTS: NonZeroUsize = NonZeroUsize::new(20_000).unwrap();

pub(crate) struct Recent(Mutex<Known>);

struct Known {
    /// The number of destructions in the database, and when it was asked for.
    destructions: Option<(i64, Instant)>,
    keys: LruCache<Subject, Vec<Arc<SubjectKey>>>,
}

impl Recent {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Known { destructions: None, keys: LruCache::new(SUBJECTS) }))
    }

    /// Takes note of the number of destructions at a moment; forgets everything if it has changed.
    pub(crate) fn heed(&self, destructions: i64, at: Instant) {
        let mut known = self.lock();
        if known.destructions.is_none_or(|(before, _)| before != destructions) {
            known.keys.clear();
        }
        known.destructions = Some((destructions, at));
    }

    /// Copies the keys of a subject into a keyring; tells whether there were any.
    pub(crate) fn copy(&self, subject: Subject, keyring: &mut Keyring) -> bool {
        let mut known = self.lock();
        if !known.is_current() {
            // Nobody could tell that a key was destroyed: nothing is kept.
            known.keys.clear();
            return false;
        }
        let Some(keys) = known.keys.get(&subject) else { return false };
        keys.iter().cloned().for_each(|key| keyring.share(key));
        true
    }

    /// The number of destructions as it is known now; to be asked before keys are read that are to be kept.
    pub(crate) fn destructions(&self) -> Option<i64> {
        self.lock().destructions.map(|(number, _)| number)
    }

    /// Keeps keys that were read since the number of destructions was `known`. If it is another one now, what was
    /// read may be destroyed already. That a subject has no key is not kept: it may get one at any moment.
    pub(crate) fn keep(
        &self,
        read: impl Iterator<Item = (Subject, Vec<Arc<SubjectKey>>)>,
        known: Option<i64>,
    ) {
        let mut now = self.lock();
        if known.is_some() && now.destructions.map(|(number, _)| number) == known {
            for (subject, keys) in read.filter(|(_, keys)| !keys.is_empty()) {
                now.keys.put(subject, keys);
            }
        }
    }

    pub(crate) fn forget(&self, subjects: impl Iterator<Item = Subject>) {
        let mut known = self.lock();
        subjects.for_each(|subject| drop(known.keys.pop(&subject)));
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn is_current(&self) -> bool {
        self.destructions.is_some_and(|(_, at)| at.elapsed() <= TRUST)
    }
}

#[cfg(test)]
mod tests;
