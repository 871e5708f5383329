//! An event as it stands in a bundle.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::json;
use crate::entry::Entry;
use crate::{Hash, sha256};

/// An event as the ledger holds it, to be written into a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// Its place in the order of all events, from 1.
    pub position: u64,
    /// The type of its stream.
    pub stream_type: &'a str,
    /// The id of its stream.
    pub stream_id: &'a str,
    /// Its place in the stream, from 1.
    pub sequence: u64,
    /// Its id.
    pub event_id: Uuid,
    /// Its type.
    pub event_type: &'a str,
    /// The version of its form.
    pub event_version: &'a str,
    /// When the ledger took it: microseconds since 1970-01-01T00:00:00Z.
    pub recorded_at: i64,
    /// The payload's text exactly as stored.
    pub payload: &'a str,
    /// The metadata's text exactly as stored.
    pub metadata: &'a str,
}

impl<'a> Event<'a> {
    /// What is entered into the log.
    #[must_use]
    pub fn entry(&self) -> Entry<'a> {
        Entry {
            position: self.position,
            stream_type: self.stream_type,
            stream_id: self.stream_id,
            sequence: self.sequence,
            event_id: self.event_id,
            event_type: self.event_type,
            event_version: self.event_version,
            recorded_at: self.recorded_at,
            payload: sha256(self.payload.as_bytes()),
            metadata: sha256(self.metadata.as_bytes()),
        }
    }
}

/// The line before the texts of an event: what stands in its entry, and how long the texts are.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Head<'a> {
    pub(super) position: u64,
    #[serde(borrow)]
    pub(super) stream_type: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) stream_id: Cow<'a, str>,
    pub(super) sequence: u64,
    #[serde(deserialize_with = "json::uuid")]
    pub(super) event_id: Uuid,
    #[serde(borrow)]
    pub(super) event_type: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) event_version: Cow<'a, str>,
    pub(super) recorded_at: i64,
    pub(super) metadata_bytes: u64,
    pub(super) metadata_sha256: Hash,
    pub(super) payload_bytes: u64,
    pub(super) payload_sha256: Hash,
}

impl<'a> Head<'a> {
    pub(super) fn of(event: &Event<'a>) -> Self {
        let entry = event.entry();
        Self {
            position: event.position,
            stream_type: event.stream_type.into(),
            stream_id: event.stream_id.into(),
            sequence: event.sequence,
            event_id: event.event_id,
            event_type: event.event_type.into(),
            event_version: event.event_version.into(),
            recorded_at: event.recorded_at,
            metadata_bytes: event.metadata.len() as u64,
            metadata_sha256: entry.metadata,
            payload_bytes: event.payload.len() as u64,
            payload_sha256: entry.payload,
        }
    }

    /// The entry that the line stands for.
    pub(super) fn entry(&self) -> Entry<'_> {
        Entry {
            position: self.position,
            stream_type: &self.stream_type,
            stream_id: &self.stream_id,
            sequence: self.sequence,
            event_id: self.event_id,
            event_type: &self.event_type,
            event_version: &self.event_version,
            recorded_at: self.recorded_at,
            payload: self.payload_sha256,
            metadata: self.metadata_sha256,
        }
    }
}
