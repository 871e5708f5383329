//! Who asks.

use serde::{Deserialize, Serialize};

use crate::{DeviceId, UnitId, UserId};

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

/// A role, as `X-Lethe-Role` and event metadata spell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Role {
    /// Works with contacts.
    Consultant,
    /// Defines fields and rules of one unit.
    UnitAdministrator,
    /// Runs the shared database.
    SystemAdministrator,
    /// The data protection manager of a unit.
    Dpm,
    /// Replays and verifies history.
    Auditor,
    /// A programme of a unit.
    Integration,
    /// Lethe itself: sweeps and reactions.
    System,
}

impl Role {
    const ALL: [(Self, &'static str); 7] = [
        (Self::Consultant, "CONSULTANT"),
        (Self::UnitAdministrator, "UNIT_ADMINISTRATOR"),
        (Self::SystemAdministrator, "SYSTEM_ADMINISTRATOR"),
        (Self::Dpm, "DPM"),
        (Self::Auditor, "AUDITOR"),
        (Self::Integration, "INTEGRATION"),
        (Self::System, "SYSTEM"),
    ];

    /// The role's name, for example `UNIT_ADMINISTRATOR`.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(role, _)| *role == self).map_or("", |(_, name)| name)
    }

    /// The role of that name; `SYSTEM` is nobody's to claim and is not found.
    #[must_use]
    pub fn claimed(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(role, n)| *n == name && *role != Self::System).map(|(role, _)| *role)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_but_system_can_be_claimed_by_its_name() {
        for (role, name) in Role::ALL {
            assert_eq!(serde_json::to_value(role).unwrap(), name);
            assert_eq!(Role::claimed(name), (role != Role::System).then_some(role));
        }
        assert_eq!(Role::claimed("root"), None);
    }
}
