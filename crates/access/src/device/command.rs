use chrono::{DateTime, Utc};

use super::Requested;

/// What a device can be asked to do.
#[derive(Clone, Debug)]
pub enum DeviceCommand {
    /// Wait for approval.
    Request {
        /// For whom, and what approves it.
        request: Requested,
        /// When; what waits longer than its secret lives can be asked for anew.
        at: DateTime<Utc>,
    },
    /// Be approved, by whoever holds the secret.
    Approve {
        /// The digest of what was shown.
        digest: String,
        /// When.
        at: DateTime<Utc>,
    },
    /// Be refused for good.
    Revoke,
}
