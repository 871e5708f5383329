use chrono::{DateTime, Utc};
use lethe_ledger::{Audience, Change, Described, domain_event};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What happened to the keys of the installation as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum VaultEvent {
    /// Everything hangs from a new root.
    KeysRotated(KeysRotated),
    /// The old root is gone everywhere.
    RootDestroyed(RootDestroyed),
    /// The ledger and the vault were restored; a new history begins.
    Restored(Restored),
    /// A key was destroyed in a part of the history that was lost; here it is told again.
    ErasureReconciled(ErasureReconciled),
}

/// Everything hangs from a new root; keys that were destroyed up to the position it covers do not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeysRotated {
    /// The root before.
    pub old_epoch: i64,
    /// The root from now on.
    pub new_epoch: i64,
    /// The last position at which the rotation began: what was erased up to there becomes final. Not known of rotations
    /// before new keys had a nursery; they make nothing final.
    pub covers: Option<i64>,
    /// The destroyed keys that become final.
    pub tombstones: i64,
    /// The buckets that got another key.
    pub buckets: i64,
    /// The keys that were wrapped anew: those of these buckets, and those that were made since the rotation before.
    pub keys: i64,
}

/// A root is gone at every custodian: what its rotation covers is final.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootDestroyed {
    /// The root that is gone.
    pub epoch: i64,
    /// Where `vault.keys_rotated` of that rotation stands.
    pub switched_position: i64,
    /// The custodians that have acknowledged it.
    pub custodians: Vec<String>,
}

/// The ledger and the vault were restored: what follows is another history than that which the copy was taken from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restored {
    /// The history that the copy was taken from.
    pub old_origin: Uuid,
    /// How much of it is there: its last position.
    pub old_size: i64,
    /// The root of the log of that size, in base64; not known of restores before the log was signed.
    pub old_root: Option<String>,
    /// The history that begins here.
    pub new_origin: Uuid,
}

/// A key that was destroyed in a part of the history that was lost with the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasureReconciled {
    /// Whose key it was: the kind of the subject.
    pub subject_kind: String,
    /// And its id.
    pub subject_id: Uuid,
    /// What the key sealed.
    pub class: String,
    /// Which key.
    pub key_id: Uuid,
    /// What bound the key to id and subject, in base64url.
    pub commitment: String,
    /// When it was destroyed.
    pub destroyed_at: DateTime<Utc>,
}

domain_event!(VaultEvent {
    KeysRotated = "vault.keys_rotated" v "2" from ["1" => Some],
    RootDestroyed = "vault.root_destroyed" v "1",
    Restored = "vault.restored" v "2" from ["1" => Some],
    ErasureReconciled = "vault.erasure_reconciled" v "1",
});

impl Described for VaultEvent {
    fn changes(&self, _: Uuid) -> Vec<Change> {
        match self {
            Self::KeysRotated(event) => [
                Some(Change::set("oldEpoch", event.old_epoch)),
                Some(Change::set("newEpoch", event.new_epoch)),
                Change::some("covers", event.covers),
                Some(Change::set("tombstones", event.tombstones)),
                Some(Change::set("buckets", event.buckets)),
                Some(Change::set("keys", event.keys)),
            ]
            .into_iter()
            .flatten()
            .collect(),
            Self::RootDestroyed(event) => vec![
                Change::set("epoch", event.epoch),
                Change::set("switchedPosition", event.switched_position),
                Change::set("custodians", event.custodians.join(", ")),
            ],
            Self::Restored(event) => [
                Some(Change::set("oldOrigin", event.old_origin.to_string())),
                Some(Change::set("oldSize", event.old_size)),
                Change::some("oldRoot", event.old_root.clone()),
                Some(Change::set("newOrigin", event.new_origin.to_string())),
            ]
            .into_iter()
            .flatten()
            .collect(),
            Self::ErasureReconciled(event) => vec![
                Change::set("subjectKind", event.subject_kind.clone()),
                Change::set("subjectId", event.subject_id.to_string()),
                Change::set("class", event.class.clone()),
                Change::set("keyId", event.key_id.to_string()),
                Change::set("commitment", event.commitment.clone()),
                Change::set("destroyedAt", event.destroyed_at),
            ],
        }
    }

    fn audience(&self) -> Audience {
        match self {
            Self::KeysRotated(_)
            | Self::RootDestroyed(_)
            | Self::Restored(_)
            | Self::ErasureReconciled(_) => Audience::Everybody,
        }
    }
}
