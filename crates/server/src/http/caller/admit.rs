//! As whom a user is let in: the rules, without asking anybody.

use axum::http::StatusCode;
use lethe_access::directory::{DeviceStatus, Grant, Member};
use lethe_auth::{LOCAL_ISSUER, Verified};
use lethe_kernel::{Caller, DeviceId, Role, Session, UnitId, UserId};

use super::super::answer::Refusal;
use super::asked::Asked;

/// The session of a user in one of their roles, or why there is none.
pub(super) fn admit(
    verified: &Verified,
    asked: &Asked,
    found: Option<(UserId, &Member)>,
) -> Result<Session, Refusal> {
    let Some((user, member)) = found else {
        return Err(Refusal::invalid_token(
            "Nobody is registered here under this identity. A unit administrator registers users.",
        ));
    };
    if member.off_boarded || user == Caller::SYSTEM {
        return Err(Refusal::invalid_token("This user has left."));
    }
    if member.unreadable {
        return Err(Refusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "UNAVAILABLE",
            "Something that the ledger says of you cannot be read, so nobody knows what you may do. Tell whoever runs this \
             server: `lethe doctor` names the place.",
        ));
    }
    let Grant { unit, role } = grant(verified, asked, member)?;
    let device = device((user, member), verified, asked)?;
    let second_factor = verified.second_factor && !member.integration;
    Ok(Session { caller: Caller { user, unit, role }, device, second_factor })
}

/// The session of who sets the installation up: as long as nobody is a system administrator, whoever can sign tokens
/// with the data folder's key may be one without being registered.
pub(super) fn found(verified: &Verified, asked: &Asked) -> Result<Session, Refusal> {
    let user = verified.subject.parse().ok().map(UserId).filter(|user| *user != Caller::SYSTEM);
    match (user, asked.role.or(verified.role)) {
        (Some(user), Some(role @ Role::SystemAdministrator)) if verified.issuer == LOCAL_ISSUER => {
            let unit = asked.unit.or(verified.unit).unwrap_or(UnitId(uuid::Uuid::nil()));
            let device = asked.device.or(verified.device);
            Ok(Session { caller: Caller { user, unit, role }, device, second_factor: verified.second_factor })
        }
        _ => admit(verified, asked, None),
    }
}

/// The role in a unit: what headers name must be so; then what the token was made for; then the first.
fn grant(verified: &Verified, asked: &Asked, member: &Member) -> Result<Grant, Refusal> {
    let by_headers = asked.unit.is_some() || asked.role.is_some();
    let (unit, role) = if by_headers { (asked.unit, asked.role) } else { (verified.unit, verified.role) };
    let fits = |grant: &&Grant| {
        unit.is_none_or(|unit| unit == grant.unit)
            && role.is_none_or(|role| role == grant.role)
            // A programme is never anything else, and nobody else is a programme.
            && member.integration == (grant.role == Role::Integration)
    };
    // Of several that fit, one that the token was made for.
    let unlike = |grant: &&Grant| (verified.unit != Some(grant.unit), verified.role != Some(grant.role));
    member.grants.iter().filter(fits).min_by_key(unlike).copied().ok_or_else(|| {
        Refusal::forbidden(if member.grants.is_empty() {
            "You have no role in any unit. Ask a unit administrator for one."
        } else if by_headers {
            "You do not have this role in this unit. Leave out X-Lethe-Role and X-Lethe-Unit, or ask for the role."
        } else {
            "You do not have the role that your token was made for. Name one that you have with X-Lethe-Role and \
             X-Lethe-Unit."
        })
    })
}

/// The approved device (R53). Both the one of the token and that of the header must be approved if both are there.
fn device(
    (user, member): (UserId, &Member),
    verified: &Verified,
    asked: &Asked,
) -> Result<Option<DeviceId>, Refusal> {
    if member.integration {
        return Ok(None);
    }
    let Some(device) = asked.device.or(verified.device) else {
        return Err(not_approved(
            "Name the device you work from: a UUID that the device keeps, in the header X-Lethe-Device.",
        ));
    };
    for named in [Some(device), verified.device].into_iter().flatten() {
        match member.devices.get(&named) {
            Some(DeviceStatus::Approved) => {}
            // Whoever signs local tokens has the data folder: they are believed about their own machine, which they call
            // as the user is called, until it is revoked.
            None if verified.issuer == LOCAL_ISSUER && named.0 == user.0 => {}
            Some(DeviceStatus::Revoked) => {
                return Err(not_approved("This device was revoked. Work from another one that you approve."));
            }
            Some(DeviceStatus::Requested) | None => {
                return Err(not_approved(
                    "You have not approved this device yet. Follow the link in the mail that you get, and try again.",
                ));
            }
        }
    }
    Ok(Some(device))
}

fn not_approved(message: &str) -> Refusal {
    Refusal::new(StatusCode::FORBIDDEN, "DEVICE_NOT_APPROVED", message)
}

#[cfg(test)]
mod tests;
