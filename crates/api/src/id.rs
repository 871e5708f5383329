//! Global ids: opaque, and of one type each.

use async_graphql::ID;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use lethe_kernel::{ContactId, ErrorCode, UserError};
use uuid::Uuid;

pub(crate) use crate::kind::Kind;

impl Kind {
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// The global id of an object of this type.
    pub(crate) fn id(self, id: impl Into<Uuid>) -> ID {
        encode(self, &id.into().simple().to_string())
    }

    /// The object's own id, if the global id is of this type.
    ///
    /// # Errors
    /// `NOT_FOUND` for another type, `INVALID_VALUE` for what is no global id.
    pub(crate) fn read(self, id: &ID, field: &str) -> Result<Uuid, UserError> {
        match decode(id) {
            Some((kind, text)) if kind == self => text.parse().map_err(|_| malformed(field)),
            Some((kind, _)) => Err(UserError::at(
                ErrorCode::NotFound,
                field,
                format!("This is the id of a {}; the id of a {} is needed here.", kind.name(), self.name()),
            )),
            None => Err(malformed(field)),
        }
    }
}

/// The id of a contact as a person has it at hand: the API's, or the plain UUID.
///
/// # Errors
/// A sentence that says what is expected.
pub fn contact_id(text: &str) -> Result<ContactId, String> {
    let plain = text.parse().ok();
    let global = || Kind::Contact.read(&ID::from(text), "id").ok();
    plain.or_else(global).map(ContactId).ok_or_else(|| {
        "This is no id of a contact. Copy `id` from an answer of the API, or give the plain UUID.".to_owned()
    })
}

/// A unit as somebody writes it on a command line: its global id, or its plain UUID.
///
/// # Errors
/// A sentence that says what to write instead.
pub fn unit_id(text: &str) -> Result<Uuid, String> {
    let plain = text.parse().ok();
    let global = || Kind::Unit.read(&ID::from(text), "id").ok();
    plain.or_else(global).ok_or_else(|| {
        "This is no id of a unit. Copy `id` from an answer of the API, or give the plain UUID.".to_owned()
    })
}

/// The global id of an event.
pub(crate) fn event(position: i64) -> ID {
    encode(Kind::Event, &position.to_string())
}

/// Type and inner id of a global id.
pub(crate) fn decode(id: &ID) -> Option<(Kind, String)> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(id.as_bytes()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (kind, inner) = text.split_once(':')?;
    Some((Kind::from_name(kind)?, inner.to_owned()))
}

fn encode(kind: Kind, inner: &str) -> ID {
    ID(BASE64_URL_SAFE_NO_PAD.encode(format!("{}:{inner}", kind.name())))
}

fn malformed(field: &str) -> UserError {
    UserError::at(
        ErrorCode::InvalidValue,
        field,
        "This is no id of this API. Use an id that the API gave you.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_back_and_keep_their_type() {
        let id = Kind::Contact.id(Uuid::from_u128(7));
        assert_eq!(Kind::Contact.read(&id, "id"), Ok(Uuid::from_u128(7)));
        assert_eq!(Kind::Note.read(&id, "id").unwrap_err().code, ErrorCode::NotFound);
        for bad in ["", "x", "Contact:1", "Q29udGFjdDp4", "🦀"] {
            assert_eq!(
                Kind::Contact.read(&ID(bad.into()), "id").unwrap_err().code,
                ErrorCode::InvalidValue,
                "{bad}"
            );
        }
    }
}
