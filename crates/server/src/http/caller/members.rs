//! Those who work here.

use std::collections::{BTreeMap, BTreeSet};

use lethe_auth::Verified;
use lethe_kernel::{DeviceId, Role, UnitId, UserId};

use super::super::answer::Refusal;
use super::asked::Asked;
use crate::demo::CONSULTANT;

/// One user, as the ledger knows them.
#[derive(Clone, Debug, Default)]
pub(super) struct Member {
    pub(super) off_boarded: bool,
    pub(super) grants: BTreeSet<Grant>,
    pub(super) integration: bool,
    pub(super) devices: BTreeMap<DeviceId, DeviceStatus>,
}

/// A role in a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Grant {
    pub(super) unit: UnitId,
    pub(super) role: Role,
}

impl Grant {
    fn rank(self) -> (UnitId, &'static str) {
        (self.unit, self.role.name())
    }
}

impl Ord for Grant {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl PartialOrd for Grant {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// How far a device has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DeviceStatus {
    Requested,
    Approved,
    Revoked,
}

/// Those who work here, as the ledger said less than a second ago.
#[derive(Clone)]
pub(crate) struct Members;

impl Members {
    /// The user whom a token names, if they are registered.
    ///
    /// # Errors
    /// 503 when the ledger cannot be asked.
    #[expect(clippy::unused_async, reason = "the ledger will be asked")]
    pub(super) async fn find(
        &self,
        verified: &Verified,
        asked: &Asked,
    ) -> Result<Option<(UserId, Member)>, Refusal> {
        let Ok(id) = verified.subject.parse() else { return Ok(None) };
        let unit = asked.unit.or(verified.unit).unwrap_or(CONSULTANT.unit);
        let role = asked.role.or(verified.role).unwrap_or(CONSULTANT.role);
        let devices = asked.device.into_iter().chain(verified.device);
        let member = Member {
            off_boarded: false,
            grants: [Grant { unit, role }].into(),
            integration: role == Role::Integration,
            devices: devices.map(|device| (device, DeviceStatus::Approved)).collect(),
        };
        Ok(Some((UserId(id), member)))
    }
}
