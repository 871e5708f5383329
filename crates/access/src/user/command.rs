use chrono::{DateTime, Utc};
use lethe_kernel::{DeviceId, UnitId, UserId};

use super::{Amended, Grant, Registered};

/// What a user's stream can be asked to do.
#[derive(Clone, Debug)]
pub enum UserCommand {
    /// Begin.
    Register(Registered),
    /// Change name, e-mail or identities.
    Amend {
        /// The user, whose key compares the values.
        user: UserId,
        /// What to change.
        change: Amended,
    },
    /// Give a role in a unit.
    Grant(Grant),
    /// Take a role in a unit.
    Revoke(Grant),
    /// Take note of being appointed DPM of a unit.
    BecomeDpm(UnitId),
    /// Take note of another one having been appointed.
    CeaseAsDpm(UnitId),
    /// Take note of a device from which the user wants to work.
    RequestDevice {
        /// The device.
        device: DeviceId,
        /// When.
        at: DateTime<Utc>,
    },
    /// Leave: every role and device ends (R52).
    OffBoard,
    /// Be forgotten.
    Anonymise,
}
