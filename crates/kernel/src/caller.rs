//! Who asks.

use crate::{Code, DeviceId, UnitId, UserId, codes};

/// The person or programme on whose behalf a command runs. It is written into the metadata of every event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The user; [`Caller::SYSTEM`] for scheduled work.
    pub user: UserId,
    /// The unit in whose name the user acts.
    pub unit: UnitId,
    /// The role in which the user acts.
    pub role: Role,
}

impl Caller {
    /// The user id of scheduled work.
    pub const SYSTEM: UserId = UserId(uuid::Uuid::nil());

    /// Scheduled work in the name of a unit.
    #[must_use]
    pub const fn system(unit: UnitId) -> Self {
        Self { user: Self::SYSTEM, unit, role: Role::System }
    }

    /// The unit whose data alone the caller may see (R67); none for those who look after all units.
    #[must_use]
    pub const fn confined_to(&self) -> Option<UnitId> {
        match self.role {
            Role::Consultant | Role::UnitAdministrator | Role::Dpm | Role::Integration => Some(self.unit),
            Role::SystemAdministrator | Role::Auditor | Role::System => None,
        }
    }
}

/// A caller, and how sure the server is that it is them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Who asks.
    pub caller: Caller,
    /// The approved device they ask from (R53); none for programmes.
    pub device: Option<DeviceId>,
    /// Whether they proved themselves with a second factor (R54).
    pub second_factor: bool,
}

codes! {
    /// A role, as `X-Lethe-Role` and event metadata spell it.
    pub enum Role {
        /// Works with contacts.
        Consultant = "CONSULTANT",
        /// Defines fields and rules of one unit.
        UnitAdministrator = "UNIT_ADMINISTRATOR",
        /// Runs the shared database.
        SystemAdministrator = "SYSTEM_ADMINISTRATOR",
        /// The data protection manager of a unit.
        Dpm = "DPM",
        /// Replays and verifies history.
        Auditor = "AUDITOR",
        /// A programme of a unit.
        Integration = "INTEGRATION",
        /// Lethe itself.
        System = "SYSTEM",
    }
}

impl Role {
    /// The role of that name; `SYSTEM` is nobody's to claim and is not found.
    #[must_use]
    pub fn claimed(name: &str) -> Option<Self> {
        Self::from_name(name).filter(|role| *role != Self::System)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_but_system_can_be_claimed_by_its_name() {
        for role in Role::ALL.iter().copied() {
            assert_eq!(serde_json::to_value(role).unwrap(), role.name());
            assert_eq!(Role::claimed(role.name()), (role != Role::System).then_some(role));
        }
        assert_eq!(Role::claimed("root"), None);
    }
}
