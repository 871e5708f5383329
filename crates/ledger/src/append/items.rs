//! What `ledger.append` takes: the items of all units of a batch, each with the number of its unit, from 1. The types are
//! those of the migration, field by field.

use std::borrow::Cow;

use lethe_kernel::{KeyClass, Subject};
use sqlx::postgres::{PgHasArrayType, PgTypeInfo};
use sqlx::{Postgres, Type};
use uuid::Uuid;

use super::NewUnit;

/// The arguments behind the clock, in their order.
#[derive(Default)]
pub(super) struct Items<'u> {
    pub(super) units: Vec<UnitItem<'u>>,
    pub(super) expectations: Vec<Expectation<'u>>,
    pub(super) keyless: Vec<Keyless<'u>>,
    pub(super) used_keys: Vec<StoredKey<'u>>,
    pub(super) destroyed_keys: Vec<StoredKey<'u>>,
    pub(super) new_keys: Vec<NewKey<'u>>,
    pub(super) events: Vec<NewEvent<'u>>,
}

#[derive(sqlx::Encode)]
pub(super) struct UnitItem<'u> {
    command: Uuid,
    outcome: &'u str,
    objects: &'u [Uuid],
    subject_kind: Option<&'u str>,
    subject_id: Option<Uuid>,
    input_mac: Option<&'u [u8]>,
    events: i32,
}

#[derive(sqlx::Encode)]
pub(super) struct Expectation<'u> {
    unit: i32,
    aggregate_type: &'u str,
    aggregate_id: String,
    version: i64,
}

#[derive(sqlx::Encode)]
pub(super) struct Keyless<'u> {
    unit: i32,
    subject_kind: &'u str,
    subject_id: Uuid,
    class: Cow<'static, str>,
}

#[derive(sqlx::Encode)]
pub(super) struct StoredKey<'u> {
    unit: i32,
    key_id: Uuid,
    subject_kind: &'u str,
    subject_id: Uuid,
    class: Cow<'static, str>,
}

#[derive(sqlx::Encode)]
pub(super) struct NewKey<'u> {
    unit: i32,
    key_id: Uuid,
    subject_kind: &'u str,
    subject_id: Uuid,
    class: Cow<'static, str>,
    epoch: i64,
    wrapped: &'u [u8],
    commitment: &'u [u8],
}

#[derive(sqlx::Encode)]
pub(super) struct NewEvent<'u> {
    unit: i32,
    behind: i32,
    aggregate_type: &'u str,
    aggregate_id: String,
    sequence: i64,
    event_type: &'u str,
    event_version: &'u str,
    payload: &'u str,
    metadata: &'u str,
    event_id: Uuid,
}

/// Gives a row the name of its type; the driver's own macro wants rows that own what they hold.
macro_rules! named {
    ($($row:ty = $name:literal),+ $(,)?) => {$(
        impl Type<Postgres> for $row {
            fn type_info() -> PgTypeInfo {
                PgTypeInfo::with_name($name)
            }
        }

        impl PgHasArrayType for $row {
            fn array_type_info() -> PgTypeInfo {
                PgTypeInfo::array_of($name)
            }
        }
    )+};
}

named! {
    UnitItem<'_> = "ledger.new_unit",
    Expectation<'_> = "ledger.expectation",
    Keyless<'_> = "ledger.keyless",
    StoredKey<'_> = "ledger.stored_key",
    NewKey<'_> = "ledger.new_key",
    NewEvent<'_> = "ledger.new_event",
}

impl<'u> Items<'u> {
    pub(super) fn of(units: &[&'u NewUnit]) -> Self {
        let mut items = Self::default();
        for (number, unit) in (1..).zip(units) {
            items.add(number, unit);
        }
        items
    }

    fn add(&mut self, number: i32, unit: &'u NewUnit) {
        let events = i32::try_from(unit.events.len()).unwrap_or(i32::MAX);
        self.units.push(UnitItem {
            command: unit.command.0,
            outcome: unit.outcome,
            objects: &unit.objects,
            subject_kind: unit.input.map(|(subject, _)| subject.kind.name()),
            subject_id: unit.input.map(|(subject, _)| subject.id),
            input_mac: unit.input.as_ref().map(|(_, mac)| mac.as_slice()),
            events,
        });
        self.expectations.extend(unit.expectations.iter().map(|x| Expectation {
            unit: number,
            aggregate_type: x.aggregate,
            aggregate_id: x.stream.to_string(),
            version: x.version,
        }));
        // Nobody can have made a key for a subject whose id was made for this unit.
        let known = unit.new_keys.iter().filter(|key| !unit.new_ids.contains(&key.subject.id));
        self.keyless.extend(known.map(|key| Keyless {
            unit: number,
            subject_kind: key.subject.kind.name(),
            subject_id: key.subject.id,
            class: key.class.name(),
        }));
        let stored = |key_id, subject: Subject, class: KeyClass| StoredKey {
            unit: number,
            key_id,
            subject_kind: subject.kind.name(),
            subject_id: subject.id,
            class: class.name(),
        };
        self.used_keys.extend(unit.live_keys.iter().map(|key| stored(key.id, key.subject, key.class)));
        self.destroyed_keys.extend(unit.destroyed.iter().map(|key| stored(key.id, key.subject, key.class)));
        self.new_keys.extend(unit.new_keys.iter().map(|key| NewKey {
            unit: number,
            key_id: key.id,
            subject_kind: key.subject.kind.name(),
            subject_id: key.subject.id,
            class: key.class.name(),
            epoch: key.epoch,
            wrapped: &key.wrapped,
            commitment: &key.commitment,
        }));
        self.events.extend((0..events).rev().zip(&unit.events).map(|(behind, event)| NewEvent {
            unit: number,
            behind,
            aggregate_type: event.aggregate,
            aggregate_id: event.stream.to_string(),
            sequence: event.sequence,
            event_type: &event.event_type,
            event_version: &event.version,
            payload: &event.payload,
            metadata: &event.metadata,
            event_id: event.id.0,
        }));
    }
}
