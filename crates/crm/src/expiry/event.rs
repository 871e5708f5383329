use chrono::NaiveDate;
use lethe_ledger::{Audience, Change, Described, domain_event};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Effect;
use crate::contact::ItemKind;

/// What happened to a unit's expiry policies. The stream has the unit's id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum PolicyEvent {
    /// A policy was set.
    Set(PolicySet),
}

/// From a day on, items of a kind expire after so many months where nothing else is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicySet {
    /// The kind of item.
    pub kind: ItemKind,
    /// The months from creation.
    pub months: u32,
    /// What then happens.
    pub effect: Effect,
    /// The first day of creation it applies to.
    pub effective_from: NaiveDate,
}

domain_event!(PolicyEvent { Set = "expiry_policy.set" v "1" });

impl Described for PolicyEvent {
    fn changes(&self, _: Uuid) -> Vec<Change> {
        let Self::Set(set) = self;
        vec![
            Change::set("kind", "NOTE"),
            Change::set("months", i64::from(set.months)),
            Change::set("effect", set.effect.name()),
            Change::set("effectiveFrom", set.effective_from),
        ]
    }

    fn audience(&self) -> Audience {
        let Self::Set(_) = self;
        Audience::Everybody
    }
}
