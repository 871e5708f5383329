use chrono::{DateTime, Utc};
use lethe_kernel::{DeviceId, Patch, Personal, Role, UnitId, UserId};
use lethe_ledger::{Audience, Change, Described, domain_event};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Email, Identity, Name};

/// What happened to a user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum UserEvent {
    /// They were registered.
    Registered(Registered),
    /// Name, e-mail or identities changed.
    Amended(Amended),
    /// They got a role in a unit.
    Granted(Granted),
    /// They lost a role in a unit.
    Revoked(Revoked),
    /// They want to work from a device.
    DeviceRequested(DeviceRequested),
    /// They left.
    OffBoarded(OffBoarded),
    /// They were forgotten.
    Anonymised(Anonymised),
}

/// A role in a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Grant {
    /// The unit.
    pub unit: UnitId,
    /// The role.
    pub role: Role,
}

/// A user was registered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Registered {
    /// The unit that takes care of the user; a programme works for that one alone.
    pub unit: UnitId,
    /// Whether it is a programme, not a person.
    pub integration: bool,
    /// The name.
    pub name: Personal<Name>,
    /// The e-mail address; a programme may have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Personal<Email>>,
    /// How the user proves who they are.
    pub identities: Vec<Identity>,
}

/// A user's name, e-mail or identities changed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Amended {
    /// The new name, if it changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Personal<Name>>,
    /// What became of the e-mail address.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub email: Patch<Personal<Email>>,
    /// All identities from now on, if they changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identities: Option<Vec<Identity>>,
}

/// A user got a role in a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    /// Which.
    #[serde(flatten)]
    pub grant: Grant,
}

/// A user lost a role in a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    /// Which.
    #[serde(flatten)]
    pub grant: Grant,
}

/// A user wants to work from a device. It stands in the user's own stream, so that off-boarding misses none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceRequested {
    /// The device.
    pub device: DeviceId,
    /// When.
    pub at: DateTime<Utc>,
}

/// A user left: every role and device ended (R52).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OffBoarded {}

/// A user was forgotten: their key was destroyed, what they did stays under their id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anonymised {}

domain_event!(UserEvent {
    Registered = "user.registered" v "1",
    Amended = "user.amended" v "1",
    Granted = "user.granted" v "1",
    Revoked = "user.revoked" v "1",
    DeviceRequested = "user.device_requested" v "1",
    OffBoarded = "user.off_boarded" v "1",
    Anonymised = "user.anonymised" v "1",
});

impl Described for UserEvent {
    fn changes(&self, stream: Uuid) -> Vec<Change> {
        let user = UserId(stream);
        match self {
            Self::Registered(event) => {
                [Change::object("unit", "Unit", event.unit), Change::set("integration", event.integration)]
                    .into_iter()
                    .chain(Change::personal("name", &event.name, user))
                    .chain(event.email.as_ref().and_then(|email| Change::personal("email", email, user)))
                    .chain(identities(&event.identities, user))
                    .collect()
            }
            Self::Amended(event) => (event.name.iter())
                .filter_map(|name| Change::personal("name", name, user))
                .chain(Change::patched("email", &event.email, user))
                .chain(event.identities.iter().flat_map(|all| identities(all, user)))
                .collect(),
            Self::Granted(Granted { grant }) | Self::Revoked(Revoked { grant }) => {
                vec![Change::object("unit", "Unit", grant.unit), Change::set("role", grant.role.name())]
            }
            Self::DeviceRequested(event) => vec![Change::set("device", event.device.to_string())],
            Self::OffBoarded(_) | Self::Anonymised(_) => Vec::new(),
        }
    }

    fn audience(&self) -> Audience {
        match self {
            Self::Registered(_)
            | Self::Amended(_)
            | Self::Granted(_)
            | Self::Revoked(_)
            | Self::DeviceRequested(_)
            | Self::OffBoarded(_)
            | Self::Anonymised(_) => Audience::Everybody,
        }
    }
}

fn identities(all: &[Identity], user: UserId) -> Vec<Change> {
    all.iter()
        .flat_map(|identity| {
            [
                Some(Change::set("issuer", identity.issuer.as_str())),
                Change::personal("subject", &identity.subject, user),
            ]
        })
        .flatten()
        .collect()
}
