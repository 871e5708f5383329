use lethe_ledger::{Change, Described, domain_event};
use lethe_nordic::Country;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::UnitKind;

/// What happened to a unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum UnitEvent {
    /// It began to share the database.
    Registered(Registered),
}

/// A unit began to share the database.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Registered {
    /// The organisation's name.
    pub name: String,
    /// Where it is.
    pub country: Country,
    /// What it is.
    pub kind: UnitKind,
}

domain_event!(UnitEvent { Registered = "unit.registered" v "1" });

impl Described for UnitEvent {
    fn changes(&self, _: Uuid) -> Vec<Change> {
        let Self::Registered(Registered { name, country, kind }) = self;
        let kind = match kind {
            UnitKind::BusinessHub => "BUSINESS_HUB",
            UnitKind::Other => "OTHER",
        };
        vec![
            Change::set("name", name.as_str()),
            Change::set("country", country.as_str()),
            Change::set("kind", kind),
        ]
    }
}
