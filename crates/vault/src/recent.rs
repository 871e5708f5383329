//! Keys that commands read lately, for a second at most: a destroyed key opens nothing for long.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lethe_kernel::Subject;

use crate::keyring::{Keyring, SubjectKey};

const LIFE: Duration = Duration::from_secs(1);
const SUBJECTS: usize = 20_000;

#[derive(Default)]
pub(crate) struct Recent(Mutex<Generation>);

/// What was read since a moment; it is forgotten as a whole.
#[derive(Default)]
struct Generation {
    since: Option<Instant>,
    keys: HashMap<Subject, Vec<Arc<SubjectKey>>>,
}

impl Recent {
    /// Copies the keys of a subject into a keyring; tells whether there were any.
    pub(crate) fn copy(&self, subject: Subject, keyring: &mut Keyring) -> bool {
        let present = self.present();
        let Some(keys) = present.keys.get(&subject) else { return false };
        keys.iter().cloned().for_each(|key| keyring.share(key));
        true
    }

    /// Keeps keys. That a subject has none is not kept: it may get one at any moment.
    pub(crate) fn keep(&self, read: impl Iterator<Item = (Subject, Vec<Arc<SubjectKey>>)>) {
        let mut present = self.present();
        present.keys.extend(read.filter(|(_, keys)| !keys.is_empty()));
    }

    pub(crate) fn forget(&self, subjects: impl Iterator<Item = Subject>) {
        let mut present = self.present();
        subjects.for_each(|subject| drop(present.keys.remove(&subject)));
    }

    /// Forgets what is too old, though nobody asks for it.
    pub(crate) fn expire(&self) {
        drop(self.present());
    }

    fn present(&self) -> MutexGuard<'_, Generation> {
        let mut generation = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let old = generation.since.is_none_or(|since| now.duration_since(since) > LIFE);
        if old || generation.keys.len() > SUBJECTS {
            *generation = Generation { since: Some(now), keys: HashMap::new() };
        }
        generation
    }
}
