//! Typed ids: a UUID that cannot be mistaken for the id of something else.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    )+};
}

ids! {
    /// A user of the CRM.
    UserId,
    /// An organisation that shares the database with others.
    UnitId,
    /// A group of users across units (R39).
    UserGroupId,
    /// A device from which a user works (R53).
    DeviceId,
    /// One outgoing mail.
    MailId,
    /// A natural person, the data subject.
    ContactId,
    /// A company.
    CompanyId,
    /// A business idea without a company number (R2).
    ProspectId,
    /// A note.
    NoteId,
    /// The consent of one contact for one purpose at one unit (R40).
    ConsentId,
    /// One showing of a masked value (R7).
    RevealId,
    /// One warning about an unusual number of reveals.
    AlertId,
    /// One import of a file (R59).
    ImportId,
    /// One stored event.
    EventId,
    /// One unit of work.
    CommandId,
    /// One request of a client.
    RequestId,
}
