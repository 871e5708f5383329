//! Who may do what to users and units, beyond what the role alone tells.

use lethe_kernel::{Caller, ErrorCode, Role, UnitId, UserError};

use super::{Grant, User};

/// Whether the caller administers a unit: its own administrators do, and system administrators.
#[must_use]
pub fn administers(caller: Caller, unit: UnitId) -> bool {
    match caller.role {
        Role::SystemAdministrator | Role::System => true,
        Role::UnitAdministrator => caller.unit == unit,
        Role::Consultant | Role::Dpm | Role::Auditor | Role::Integration => false,
    }
}

/// A refusal of what the caller's role or unit may not do.
#[must_use]
pub fn forbidden(message: &str) -> UserError {
    UserError::new(ErrorCode::Forbidden, message)
}

/// Whether the caller gives and takes this role in this unit.
pub(super) fn may_grant(caller: Caller, grant: Grant) -> bool {
    let is_of_unit = match grant.role {
        Role::Consultant | Role::UnitAdministrator | Role::Integration => true,
        Role::SystemAdministrator | Role::Auditor | Role::Dpm | Role::System => false,
    };
    administers(caller, grant.unit) && (is_of_unit || caller.role != Role::UnitAdministrator)
}

/// Whether the caller changes a user and ends their work: whoever could have given them every role they have.
/// Otherwise an administrator of one unit could take the place of somebody who may do more.
#[must_use]
pub fn manages(caller: Caller, user: &User) -> bool {
    user.unit().is_some_and(|unit| administers(caller, unit))
        && user.grants().all(|grant| may_grant(caller, grant))
}
