//! A stored event and what is known about it.

use chrono::{DateTime, Utc};
use lethe_kernel::{Caller, CommandId, EventId, RequestId, Role, UnitId, UserId};
use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::evolution::{UNKNOWN, upcast};
use crate::{LedgerError, Versioned};

/// Who caused an event, when, and by which command. Stored as a flat object of strings, as `cqrs-es` reads it;
/// it holds no personal value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// The keys destroyed with this event, in the form of `keys`. It comes first: the index that finds such events looks
    /// at how the text begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destroyed: Option<String>,
    /// The user who gave the command.
    pub user: UserId,
    /// The unit in whose name.
    pub unit: UnitId,
    /// The role in which.
    pub role: Role,
    /// The unit of work the event belongs to.
    pub command: CommandId,
    /// The request it came with.
    pub request: RequestId,
    /// What ties together everything that one cause led to.
    pub correlation: Uuid,
    /// The event that caused it, if an event did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causation: Option<EventId>,
    /// When the command was decided.
    pub occurred: DateTime<Utc>,
    /// The keys created with this event: `subject kind/subject id/class/key id/commitment (base64url)`, separated by blanks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<String>,
}

impl Metadata {
    /// The caller.
    #[must_use]
    pub fn caller(&self) -> Caller {
        Caller { user: self.user, unit: self.unit, role: self.role }
    }

    /// The JSON that is stored.
    ///
    /// # Errors
    /// [`LedgerError::Encode`].
    pub fn to_json(&self) -> Result<String, LedgerError> {
        serde_json::to_string(self).map_err(|error| LedgerError::Encode(error.to_string()))
    }
}

/// One event as the ledger holds it.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// Its place in the order of all events, from 1, without gaps.
    pub position: i64,
    /// Its id.
    pub id: EventId,
    /// The type of its stream, for example `contact`.
    pub aggregate_type: String,
    /// The id of its stream.
    pub stream: Uuid,
    /// Its place in the stream, from 1.
    pub sequence: i64,
    /// Its type, for example `contact.registered`.
    pub event_type: String,
    /// The version of its form.
    pub version: String,
    /// When the ledger took it; never earlier than the event before it.
    pub recorded_at: DateTime<Utc>,
    /// Who, when, by which command, as stored: the JSON of [`Metadata`].
    pub metadata: String,
    /// The payload as stored: JSON, personal values sealed.
    pub payload: String,
}

/// The columns [`Recorded`] is read from, by their places and without asking for their types: both cost more than
/// reading the values. The binary form of `json` is its text.
pub(crate) const COLUMNS: &str = "position, aggregate_type, aggregate_id, sequence, event_type, event_version, \
                                  event_id, recorded_at, metadata, payload";

impl Recorded {
    pub(crate) fn from_row(row: &PgRow) -> Result<Self, LedgerError> {
        let (position, event_type, version) =
            (row.try_get_unchecked(0)?, row.try_get_unchecked(4)?, row.try_get_unchecked(5)?);
        let stream: &str = row.try_get_unchecked(2)?;
        let Ok(stream) = stream.parse() else {
            let reason = "the stream id is no UUID".to_owned();
            return Err(LedgerError::Unreadable { position, event_type, version, reason });
        };
        Ok(Self {
            position,
            id: EventId(row.try_get_unchecked(6)?),
            aggregate_type: row.try_get_unchecked(1)?,
            stream,
            sequence: row.try_get_unchecked(3)?,
            event_type,
            version,
            recorded_at: row.try_get_unchecked(7)?,
            metadata: row.try_get_unchecked(8)?,
            payload: row.try_get_unchecked(9)?,
        })
    }

    /// Who caused it, when and by which command. Read when it is asked for, since most folds do without.
    ///
    /// # Errors
    /// [`LedgerError::Unreadable`] when it is damaged.
    pub fn metadata(&self) -> Result<Metadata, LedgerError> {
        serde_json::from_str(&self.metadata).map_err(|_| self.unreadable("the metadata is damaged"))
    }

    /// The payload as an event of an aggregate, brought up from an older version if it is of one.
    ///
    /// # Errors
    /// [`LedgerError::Unreadable`] when type, version and payload are not those of one event that `E` can read.
    pub fn decode<E: Versioned>(&self) -> Result<E, LedgerError> {
        let known = E::TYPES.iter().find(|known| known.name == self.event_type);
        let known = known.ok_or_else(|| self.unreadable(UNKNOWN))?;
        let event: E = if known.version == self.version {
            self.parsed(&self.payload)?
        } else {
            let steps = known.steps_from(&self.version).map_err(|reason| self.unreadable(reason))?;
            let payload = upcast(&self.payload, steps).map_err(|error| self.malformed(&error))?;
            let payload = payload.ok_or_else(|| {
                self.unreadable("the payload does not have the fields of this version; the event was altered")
            })?;
            self.parsed(&payload)?
        };
        if event.stored_type() != self.event_type {
            return Err(self.unreadable("the payload is that of another type; the event was altered"));
        }
        Ok(event)
    }

    fn parsed<E: Versioned>(&self, payload: &str) -> Result<E, LedgerError> {
        serde_json::from_str(payload).map_err(|error| self.malformed(&error))
    }

    /// The error of an event whose stream nobody knows.
    #[must_use]
    pub fn unknown(&self) -> LedgerError {
        self.unreadable("nobody knows this type of stream")
    }

    /// The error of an event that says what nobody understands; the reason quotes no value.
    #[must_use]
    pub fn unreadable(&self, reason: &str) -> LedgerError {
        LedgerError::Unreadable {
            position: self.position,
            event_type: self.event_type.clone(),
            version: self.version.clone(),
            reason: reason.to_owned(),
        }
    }

    /// serde's own message may quote what it found, so only the place is told.
    fn malformed(&self, error: &serde_json::Error) -> LedgerError {
        self.unreadable(&format!(
            "the payload does not have the form of this type (line {}, column {}); the event was altered",
            error.line(),
            error.column()
        ))
    }
}
