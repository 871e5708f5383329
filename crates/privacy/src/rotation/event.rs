use lethe_ledger::{Change, Described, domain_event};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What happened to the keys of the installation as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum VaultEvent {
    /// Everything hangs from a new root.
    KeysRotated(KeysRotated),
    /// The old root is gone everywhere.
    RootDestroyed(RootDestroyed),
}

/// Everything hangs from a new root; keys that were destroyed before this event do not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeysRotated {
    /// The root before.
    pub old_epoch: i64,
    /// The root from now on.
    pub new_epoch: i64,
    /// The destroyed keys whose buckets were re-keyed.
    pub tombstones: i64,
    /// The buckets that got another key.
    pub buckets: i64,
    /// The keys in them that were wrapped anew.
    pub keys: i64,
}

/// A root is gone at every custodian: what was erased before its switch is final.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootDestroyed {
    /// The root that is gone.
    pub epoch: i64,
    /// Where `vault.keys_rotated` of that rotation stands.
    pub switched_position: i64,
    /// The custodians that have acknowledged it.
    pub custodians: Vec<String>,
}

domain_event!(VaultEvent {
    KeysRotated = "vault.keys_rotated" v "1",
    RootDestroyed = "vault.root_destroyed" v "1",
});

impl Described for VaultEvent {
    fn changes(&self, _: Uuid) -> Vec<Change> {
        match self {
            Self::KeysRotated(event) => vec![
                Change::set("oldEpoch", event.old_epoch),
                Change::set("newEpoch", event.new_epoch),
                Change::set("tombstones", event.tombstones),
                Change::set("buckets", event.buckets),
                Change::set("keys", event.keys),
            ],
            Self::RootDestroyed(event) => vec![
                Change::set("epoch", event.epoch),
                Change::set("switchedPosition", event.switched_position),
                Change::set("custodians", event.custodians.join(", ")),
            ],
        }
    }
}
