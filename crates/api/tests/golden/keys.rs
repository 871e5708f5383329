//! The committed test keys.

use std::sync::Arc;

use lethe_kernel::{EventId, KeyClass, SealedText, Subject, SubjectKind};
use lethe_vault::{Keyring, SubjectKey, VaultError};
use serde::Deserialize;
use uuid::Uuid;

use crate::example::Place;
use crate::folder::golden;

#[derive(Deserialize)]
struct File {
    event: Uuid,
    keys: Vec<Key>,
}

#[derive(Deserialize)]
struct Key {
    kind: SubjectKind,
    subject: Uuid,
    id: Uuid,
    secret: String,
}

/// The keys of `tests/golden/keys.json`, and the event that all values there are sealed for.
pub(crate) struct Keys {
    pub(crate) ring: Arc<Keyring>,
    pub(crate) event: EventId,
}

impl Keys {
    pub(crate) fn read() -> Self {
        Self::parse(&golden().text("keys.json"))
    }

    pub(crate) fn parse(json: &str) -> Self {
        let file: File = serde_json::from_str(json).unwrap();
        let mut ring = Keyring::default();
        for Key { kind, subject, id, secret } in file.keys {
            let secret: [u8; 32] = secret.as_bytes().try_into().unwrap();
            let subject = Subject::new(kind, subject);
            ring.insert(SubjectKey::new(id, subject, KeyClass::Crm, secret.into()).unwrap());
        }
        Self { ring: Arc::new(ring), event: EventId(file.event) }
    }

    pub(crate) fn open(&self, place: &Place, sealed: &str) -> Result<String, VaultError> {
        self.ring.open_text(&SealedText(sealed.to_owned()), place.subject, &place.label, self.event)
    }
}
