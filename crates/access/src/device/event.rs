use chrono::{DateTime, Utc};
use lethe_kernel::{DeviceId, Personal, UserId, personal_text};
use lethe_ledger::{Audience, Change, Described, domain_event};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

personal_text! {
    /// What a device calls itself.
    Label = "user.device_label",
}

/// What happened to a device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum DeviceEvent {
    /// A user worked from it for the first time.
    Requested(Requested),
    /// The user said that it is theirs.
    Approved(Approved),
    /// It is refused from now on.
    Revoked(Revoked),
}

/// A user worked from a device for the first time, or the secret of the time before has expired.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Requested {
    /// The user.
    pub user: UserId,
    /// The device.
    pub device: DeviceId,
    /// What it calls itself, sealed for the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Personal<Label>>,
    /// The SHA-256 of 32 random bytes that were mailed to the user, in hexadecimal digits.
    pub secret: String,
    /// From when on the secret approves nothing.
    pub expires: DateTime<Utc>,
}

/// The user said that the device is theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approved {}

/// A device is refused from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {}

domain_event!(DeviceEvent {
    Requested = "device.requested" v "1",
    Approved = "device.approved" v "1",
    Revoked = "device.revoked" v "1",
});

impl Described for DeviceEvent {
    fn changes(&self, _: Uuid) -> Vec<Change> {
        match self {
            Self::Requested(event) => {
                [Change::object("user", "User", event.user), Change::set("device", event.device.to_string())]
                    .into_iter()
                    .chain(
                        event.label.as_ref().and_then(|label| Change::personal("label", label, event.user)),
                    )
                    .chain([Change::set("expiresAt", event.expires)])
                    .collect()
            }
            Self::Approved(_) => vec![Change::set("status", "APPROVED")],
            Self::Revoked(_) => vec![Change::set("status", "REVOKED")],
        }
    }

    fn audience(&self) -> Audience {
        match self {
            Self::Requested(_) | Self::Approved(_) | Self::Revoked(_) => Audience::Everybody,
        }
    }
}
