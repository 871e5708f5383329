//! What a certificate says. Field names and forms are fixed by [`FORMAT`]: any change is a new version.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The name and version of the format.
pub const FORMAT: &str = "lethe-certificate/2";

/// What a certificate claims, and what it does not.
pub const STATEMENT: &str = "Erased by destruction of the keys. The personal values of this subject were stored in \
    encrypted form only. The keys listed here were destroyed, and afterwards the root key under which older copies of \
    them could have been opened was destroyed by every custodian listed here. What was encrypted with these keys can \
    therefore no longer be read, neither in the database nor in any backup of it. This certificate does not state that \
    the data that remain are anonymous. It does not cover copies of keys or of readable data that were taken out of \
    the installation before.";

/// The certificate of one erasure. It holds no personal value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Certificate {
    /// [`FORMAT`].
    pub format: String,
    /// The installation that issues it.
    pub installation: Uuid,
    /// What was asked for and decided.
    pub request: Request,
    /// Who decided it.
    pub approved_by: Approval,
    /// The keys that were destroyed with it.
    pub destroyed_keys: Vec<DestroyedKey>,
    /// What made it final.
    pub rotation: Rotation,
    /// The read models that have dropped the values.
    pub views_rewritten: Vec<String>,
    /// What was not erased.
    pub remaining: Vec<Remaining>,
    /// [`STATEMENT`].
    pub statement: String,
}

/// An erasure, as the ledger holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// The contact, by the id that is all that refers to the person now.
    pub contact: Uuid,
    /// The event's place in the ledger.
    pub event_position: i64,
    /// The event's id.
    pub event_id: Uuid,
    /// `ANONYMISED` or `DELETED`.
    pub kind: String,
    /// Why, as a code.
    pub reason: String,
    /// The article of the GDPR.
    pub legal_basis: String,
    /// When the person asked for it, if a request was recorded (R24).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_at: Option<DateTime<Utc>>,
    /// When it was decided.
    pub decided_at: DateTime<Utc>,
    /// When the ledger took it. From then on the running system cannot open the values.
    pub recorded_at: DateTime<Utc>,
}

/// Who gave the command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Approval {
    /// The user.
    pub user: Uuid,
    /// The unit in whose name.
    pub unit: Uuid,
    /// The role in which.
    pub role: String,
}

/// A key that is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DestroyedKey {
    /// What kind of subject it belonged to, for example `contact` or `document`.
    pub subject_kind: String,
    /// The subject.
    pub subject_id: Uuid,
    /// What it sealed, for example `crm`.
    pub class: String,
    /// Its id.
    pub key_id: Uuid,
    /// What bound the key to id and subject, 32 bytes in base64url: it recognises the key, should it ever turn up.
    pub commitment: String,
}

/// The rotation of the root key that made the erasure final.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rotation {
    /// The epoch of the root that was destroyed.
    pub from_epoch: i64,
    /// The epoch of the root that came after it.
    pub to_epoch: i64,
    /// The place in the ledger up to which the rotation makes final what was erased.
    pub covers: i64,
    /// The place in the ledger from which on nothing hung from the old root.
    pub switched_position: i64,
    /// The place in the ledger of the event that says that the old root is gone.
    pub root_destroyed_position: i64,
    /// When the ledger took that event.
    pub root_destroyed_at: DateTime<Utc>,
    /// The custodians that have acknowledged that they destroyed it.
    pub custodians: Vec<String>,
}

/// Something that was not erased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Remaining {
    /// What is still there.
    pub what: String,
    /// Why it is.
    pub why: String,
}
