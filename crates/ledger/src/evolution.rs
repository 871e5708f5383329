//! Events of older versions: which there were, and how one becomes the next.

use cqrs_es::DomainEvent;
use serde_json::{Map, Value};

/// The fields of a stored event. Personal values among them are sealed texts.
pub type Fields = Map<String, Value>;

/// One step of an event's evolution: from a version to the next one.
#[derive(Clone, Copy, Debug)]
pub struct Upcaster {
    /// The version it begins with.
    pub from: &'static str,
    /// Turns the fields of that version into those of the next; `None` if they are not those of that version. It is
    /// pure, and moves sealed values as they are.
    pub upcast: fn(Fields) -> Option<Fields>,
}

/// A type of event as it is stored.
#[derive(Clone, Copy, Debug)]
pub struct EventType {
    /// Its name, for example `contact.registered`.
    pub name: &'static str,
    /// The version that is written.
    pub version: &'static str,
    /// The way from the oldest version that can be read to the one that is written, step by step.
    pub upcasters: &'static [Upcaster],
}

/// An enum of events that knows its stored types. Implement it with [`domain_event!`](crate::domain_event).
pub trait Versioned: DomainEvent {
    /// Every stored type.
    const TYPES: &'static [EventType];

    /// The name of this event's type.
    fn stored_type(&self) -> &'static str;
}

impl EventType {
    /// Every version that can be read, oldest first.
    pub fn versions(&self) -> impl Iterator<Item = &'static str> {
        self.upcasters.iter().map(|upcaster| upcaster.from).chain([self.version])
    }

    /// The steps from an older version to the one that is written.
    pub(crate) fn steps_from(&self, version: &str) -> Result<&'static [Upcaster], &'static str> {
        let older = self.upcasters.iter().position(|upcaster| upcaster.from == version);
        match older.and_then(|first| self.upcasters.get(first..)) {
            Some(steps) => Ok(steps),
            None if number(version) > number(self.version) => Err(NEWER),
            None => Err(NO_WAY),
        }
    }
}

pub(crate) const UNKNOWN: &str = "this version of Lethe knows no such type of event. If a newer version wrote it, \
                                  start that version; otherwise the event was altered";
const NEWER: &str = "it was written by a newer version of Lethe. Start that version, or a newer one";
const NO_WAY: &str = "this version of Lethe knows no such version of this type. Start the version of Lethe that \
                      wrote it; if there is none, the event was altered";

/// Brings a stored payload, the fields behind the name of their variant, up to the version that is written.
pub(crate) fn upcast(payload: &str, steps: &[Upcaster]) -> serde_json::Result<Option<String>> {
    let stored: Map<String, Value> = serde_json::from_str(payload)?;
    let brought_up = |(variant, fields)| {
        let Value::Object(fields) = fields else { return None };
        let fields = steps.iter().try_fold(fields, |fields, step| (step.upcast)(fields))?;
        Some((variant, Value::Object(fields)))
    };
    stored
        .into_iter()
        .map(brought_up)
        .collect::<Option<Map<_, _>>>()
        .map(|payload| serde_json::to_string(&payload))
        .transpose()
}

/// Whether upcasters lead to a version one by one, without a gap. Checked when Lethe is compiled.
#[must_use]
pub const fn lead_to(version: &str, upcasters: &[Upcaster]) -> bool {
    let Some(version) = number(version) else { return false };
    let mut rest = upcasters;
    while let [first, later @ ..] = rest {
        match number(first.from) {
            Some(from) if from as usize + rest.len() == version as usize => rest = later,
            _ => return false,
        }
    }
    version > 0
}

const fn number(version: &str) -> Option<u32> {
    match u32::from_str_radix(version, 10) {
        Ok(number) => Some(number),
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests;
