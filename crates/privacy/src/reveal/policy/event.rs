use lethe_ledger::{Audience, Change, Described, domain_event};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a unit decided about its reveals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PolicyEvent {
    /// What a value may be revealed for.
    PurposesSet(PurposesSet),
    /// How many reveals are usual, and how many are allowed.
    LimitsSet(LimitsSet),
}

/// What a value may be revealed for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurposesSet {
    /// The codes, in the order in which they are offered. They replace the earlier ones.
    pub codes: Vec<String>,
}

/// How many reveals of one user within an hour are usual, and how many are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitsSet {
    /// One more gives a warning.
    pub usual: u32,
    /// One more is refused.
    pub most: u32,
}

domain_event!(PolicyEvent {
    PurposesSet = "reveal_policy.purposes_set" v "1",
    LimitsSet = "reveal_policy.limits_set" v "1",
});

impl Described for PolicyEvent {
    fn changes(&self, _: Uuid) -> Vec<Change> {
        match self {
            Self::PurposesSet(set) => {
                set.codes.iter().map(|code| Change::set("purposes", code.as_str())).collect()
            }
            Self::LimitsSet(set) => {
                vec![Change::set("usual", i64::from(set.usual)), Change::set("most", i64::from(set.most))]
            }
        }
    }

    fn audience(&self) -> Audience {
        match self {
            Self::PurposesSet(_) | Self::LimitsSet(_) => Audience::Everybody,
        }
    }
}
