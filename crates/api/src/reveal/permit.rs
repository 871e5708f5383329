//! Who may reveal, and who may read about it.

use async_graphql::{Context, Result};
use lethe_kernel::{Caller, Role, UnitId};

use crate::app::request;
use crate::error::top_level;

/// What a role may do about reveals.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Right {
    /// Be shown masked values.
    Reveal,
    /// Read the access log and the warnings.
    ReadLog,
    /// Read what a contact may know of the log.
    ReadForSubject,
    /// Decide what the unit's reveals are for, and how many there may be.
    Decide,
}

/// Whether a role has a right.
pub(super) fn may(role: Role, right: Right) -> bool {
    match right {
        Right::Reveal => matches!(role, Role::Consultant | Role::UnitAdministrator | Role::Dpm),
        Right::ReadLog => matches!(role, Role::Dpm | Role::Auditor),
        Right::ReadForSubject => role == Role::Dpm,
        Right::Decide => matches!(role, Role::UnitAdministrator | Role::Dpm),
    }
}

/// The caller, if the role has the right.
///
/// # Errors
/// `FORBIDDEN`.
pub(super) fn permit(context: &Context<'_>, right: Right) -> Result<Caller> {
    let caller = request(context).session.caller;
    if may(caller.role, right) {
        return Ok(caller);
    }
    let whose = match right {
        Right::Reveal => "Only consultants, unit administrators and DPMs may reveal masked values.",
        Right::ReadLog => "Only DPMs and auditors may read the access log.",
        Right::ReadForSubject => "Only DPMs may read what a contact may know of the access log.",
        Right::Decide => "Only a unit administrator or the DPM may decide about the unit's reveals.",
    };
    Err(top_level("FORBIDDEN", whose))
}

/// Refuses a session that was not proved by a second factor (R54).
///
/// # Errors
/// `STEP_UP_REQUIRED`.
pub(super) fn require_second_factor(context: &Context<'_>) -> Result<()> {
    if request(context).session.second_factor {
        return Ok(());
    }
    Err(top_level(
        "STEP_UP_REQUIRED",
        "A masked value is shown only to who has signed in with a second factor. Sign in again with one.",
    ))
}

/// The one unit whose log the caller may read; all of them, if none is said.
pub(super) fn scope(caller: Caller) -> Option<UnitId> {
    (caller.role != Role::Auditor).then_some(caller.unit)
}
