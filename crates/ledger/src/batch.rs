//! Which units of work go into one batch.
//!
//! All checks of a batch look at what was there before it. So a unit may join only if no unit before it in the batch
//! writes what it looked at; then the batch is as if its units had come one after another. The others wait for the
//! next one, unless the outcome of this one has already decided them.

use std::collections::{HashMap, HashSet, VecDeque};

use lethe_kernel::{CommandId, KeyClass, Subject};
use uuid::Uuid;

use crate::append::{Appended, NewUnit};
use crate::cache::StreamId;

/// The largest number of units in a batch.
pub(crate) const UNITS: usize = 256;
/// The size of payloads, in bytes, from which on a batch takes no further unit.
const BYTES: usize = 8 << 20;

/// Something that brings a unit of work.
pub(crate) trait Carries {
    fn unit(&self) -> &NewUnit;
}

#[derive(Default)]
struct Claims {
    /// The streams that are written, and the version they then have.
    written: HashMap<StreamId, i64>,
    /// Whose keys are made, or destroyed and never made anew.
    minted: HashSet<(Subject, KeyClass)>,
    destroyed: HashSet<Uuid>,
    commands: HashSet<CommandId>,
}

impl Claims {
    fn add(&mut self, unit: &NewUnit) {
        for event in &unit.events {
            self.written.insert((event.aggregate, event.stream), event.sequence);
        }
        self.minted.extend(unit.new_keys.iter().map(|key| (key.subject, key.class)));
        self.minted.extend(unit.destroyed.iter().map(|key| (key.subject, key.class)));
        self.destroyed.extend(unit.destroyed.iter().map(|key| key.id));
        self.commands.insert(unit.command);
    }

    /// Whether one of them destroys a key that a unit uses or destroys.
    fn destroys_a_key_of(&self, unit: &NewUnit) -> bool {
        let mut used = unit.live_keys.iter().map(|key| key.id).chain(unit.destroyed.iter().map(|key| key.id));
        !self.destroyed.is_empty() && used.any(|key| self.destroyed.contains(&key))
    }

    fn touches(&self, unit: &NewUnit) -> bool {
        self.commands.contains(&unit.command)
            || unit.new_keys.iter().any(|key| self.minted.contains(&(key.subject, key.class)))
            || unit.expectations.iter().any(|x| self.written.contains_key(&(x.aggregate, x.stream)))
            || self.destroys_a_key_of(unit)
    }

    /// What has become of a unit that waited while these were appended, if that decides it.
    fn decides(&self, unit: &NewUnit) -> Option<Appended> {
        let overtaken = |(aggregate, stream): (&'static str, Uuid), version| {
            self.written.get(&(aggregate, stream)).is_some_and(|now| *now != version)
        };
        if self.commands.contains(&unit.command) {
            return Some(Appended::Duplicate);
        }
        let conflict = unit.new_keys.iter().any(|key| self.minted.contains(&(key.subject, key.class)))
            || unit.expectations.iter().any(|x| overtaken((x.aggregate, x.stream), x.version))
            || self.destroys_a_key_of(unit);
        conflict.then_some(Appended::Conflict)
    }
}

/// Takes the next batch out of what waits: units that are independent of one another, in the order they came.
pub(crate) fn choose<P: Carries>(waiting: &mut VecDeque<P>) -> Vec<P> {
    let (mut chosen, mut left) = (Vec::new(), VecDeque::new());
    let (mut claims, mut bytes) = (Claims::default(), 0);
    while let Some(next) = waiting.pop_front() {
        if chosen.len() == UNITS || bytes >= BYTES {
            left.push_back(next);
            break;
        }
        if claims.touches(next.unit()) {
            left.push_back(next);
        } else {
            bytes += next.unit().events.iter().map(|event| event.payload.len()).sum::<usize>();
            claims.add(next.unit());
            chosen.push(next);
        }
    }
    left.append(waiting);
    *waiting = left;
    chosen
}

/// Takes out of what waits the units whose outcome is known now that others were appended.
pub(crate) fn decided<'u, P: Carries>(
    waiting: &mut VecDeque<P>,
    appended: impl Iterator<Item = &'u NewUnit>,
) -> Vec<(P, Appended)> {
    let mut claims = Claims::default();
    appended.for_each(|unit| claims.add(unit));
    let (mut known, mut left) = (Vec::new(), VecDeque::new());
    for unit in waiting.drain(..) {
        match claims.decides(unit.unit()) {
            Some(outcome) => known.push((unit, outcome)),
            None => left.push_back(unit),
        }
    }
    *waiting = left;
    known
}

#[cfg(test)]
mod tests;
