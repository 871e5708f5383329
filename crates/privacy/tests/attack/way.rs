//! The way down the hierarchy of keys: from what was found to what a person was called.

use lethe_kernel::{Subject, SubjectKind};

use crate::cryptography::{Key, cipher, derive, unpadded};
use crate::dump::{Dump, KeyRow};
use crate::hunt::{Finds, Targets};

/// Somebody, and the name that only their key opens.
pub(crate) struct Person {
    pub(crate) id: Subject,
    pub(crate) name: &'static str,
}

impl Person {
    /// What the name is sealed as.
    fn label(&self) -> &'static str {
        if self.id.kind == SubjectKind::User { "user.name" } else { "contact.first_name" }
    }
}

/// Two people whose keys hang from the same bucket. With four buckets there are at least three such among twelve.
pub(crate) fn neighbours(people: &[Person], dump: &Dump) -> (usize, usize) {
    let bucket = |person: &Person| dump.key_of(person.id).unwrap().bucket;
    let pair =
        |one: usize| (one + 1..people.len()).find(|other| bucket(&people[*other]) == bucket(&people[one]));
    (0..people.len()).find_map(|one| Some((one, pair(one)?))).unwrap()
}

/// What to look for to open a person by a dump.
pub(crate) fn targets(person: &Person, before: &Dump, after: &Dump) -> Targets {
    let key = before.key_of(person.id).unwrap().clone();
    let bucket = before.buckets.iter().find(|bucket| bucket.bucket == key.bucket).unwrap();
    Targets {
        roots: vec![before.root.clone(), after.root.clone()],
        bucket: bucket.locked(before.root.installation, before.root.epoch),
        value: key.sealed(before.name_of(person.id), person.label()),
        key,
    }
}

/// Goes down from all keys that were found to those of a person: through every bucket of every dump, whatever the epoch.
fn secrets(person: &Person, finds: &Finds, dumps: [&Dump; 2]) -> Vec<(KeyRow, Key)> {
    let mut buckets: Vec<Key> = finds.buckets.iter().copied().collect();
    for dump in dumps {
        for row in &dump.buckets {
            let locked = |epoch| row.locked(dump.root.installation, epoch);
            buckets.extend(
                finds
                    .roots
                    .iter()
                    .filter_map(|(epoch, root)| locked(*epoch).key(&derive(root, "lethe-bucket/1"))),
            );
            buckets.extend(finds.wrapping.iter().filter_map(|key| locked(dump.root.epoch).key(key)));
        }
    }
    let rows = dumps.into_iter().filter_map(|dump| dump.key_of(person.id));
    rows.flat_map(|row| {
        let unwrapped = buckets.iter().filter_map(|bucket| row.locked().key(bucket));
        let secrets = finds.subjects.iter().copied().chain(unwrapped);
        secrets
            .filter(|secret| row.is_of(&derive(secret, "lethe-commit/1")))
            .map(|secret| (row.clone(), secret))
    })
    .collect()
}

/// The name of a person, if what was found opens it.
pub(crate) fn opened(person: &Person, finds: &Finds, dumps: [&Dump; 2]) -> Option<String> {
    let secrets = secrets(person, finds, dumps);
    let mut sealing = secrets.iter().map(|(_, secret)| derive(secret, "lethe-seal/1"));
    let key = sealing.next().or_else(|| finds.sealing.first().copied())?;
    let row = dumps.into_iter().find_map(|dump| dump.key_of(person.id)).unwrap();
    let sealed = row.sealed(dumps[0].name_of(person.id), person.label());
    sealed.open(&cipher(&key)).map(|plaintext| unpadded(&plaintext))
}
