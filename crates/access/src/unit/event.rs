use lethe_kernel::{Patch, UserId};
use lethe_ledger::{Audience, Change, Described, domain_event};
use lethe_nordic::Country;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::UnitKind;

/// What happened to a unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum UnitEvent {
    /// It began to share the database.
    Registered(Registered),
    /// Its name or P-number changed.
    Amended(Amended),
    /// It got a DPM, in the place of the one it had.
    DpmAppointed(DpmAppointed),
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

/// A unit's name or P-number changed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Amended {
    /// The new name, if it changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What became of the P-number: the number of its production unit, 10 digits.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub p_number: Patch<String>,
}

/// A unit got a DPM; whoever was it before no longer is (R51).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DpmAppointed {
    /// The data protection manager.
    pub user: UserId,
}

domain_event!(UnitEvent {
    Registered = "unit.registered" v "1",
    Amended = "unit.amended" v "1",
    DpmAppointed = "unit.dpm_appointed" v "1",
});

impl Described for UnitEvent {
    fn changes(&self, _: Uuid) -> Vec<Change> {
        match self {
            Self::Registered(Registered { name, country, kind }) => {
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
            Self::Amended(Amended { name, p_number }) => Change::some("name", name.clone())
                .into_iter()
                .chain(Change::plain("pNumber", p_number))
                .collect(),
            Self::DpmAppointed(DpmAppointed { user }) => vec![Change::object("dpm", "User", *user)],
        }
    }

    fn audience(&self) -> Audience {
        match self {
            Self::Registered(_) | Self::Amended(_) | Self::DpmAppointed(_) => Audience::Everybody,
        }
    }
}
