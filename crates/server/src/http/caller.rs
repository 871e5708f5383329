//! Who asks. Until access control exists, the headers are believed; that is why the server listens on loopback only.

use axum::http::HeaderMap;
use lethe_kernel::{Caller, Role, UnitId, UserId};
use uuid::Uuid;

use super::answer::Refusal;
use crate::demo::CONSULTANT;

const USER: &str = "x-lethe-user";
const UNIT: &str = "x-lethe-unit";
const ROLE: &str = "x-lethe-role";

/// The caller that the headers of a request name.
///
/// # Errors
/// 400 names the header that is malformed.
pub(super) fn from_headers(headers: &HeaderMap) -> Result<Caller, Refusal> {
    named(CONSULTANT, |name| {
        let mut values = headers.get_all(name).iter();
        let first = values.next()?;
        // Two values contradict each other; neither is believed.
        Some(if values.next().is_some() { "" } else { first.to_str().unwrap_or_default() })
    })
}

/// The caller that the payload of a `connection_init` message names, else the one of the upgrade request. Browsers
/// cannot set headers there.
///
/// # Errors
/// As [`from_headers`].
pub(super) fn from_payload(payload: &serde_json::Value, default: Caller) -> Result<Caller, Refusal> {
    let fields = payload.as_object();
    named(default, |name| {
        let (_, value) = fields?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        Some(value.as_str().unwrap_or_default())
    })
}

fn named<'a>(default: Caller, value: impl Fn(&str) -> Option<&'a str>) -> Result<Caller, Refusal> {
    let uuid = |name: &str, spelled: &str, default: Uuid| match value(name) {
        None => Ok(default),
        Some(text) => Uuid::try_parse(text)
            .map_err(|_| malformed(spelled, "a UUID, for example 9eab5b04-5ebc-5824-843b-c3fe65dc6dd6")),
    };
    let user = UserId(uuid(USER, "X-Lethe-User", default.user.0)?);
    if user == Caller::SYSTEM {
        return Err(malformed("X-Lethe-User", "the id of a user; the nil UUID is the system's own"));
    }
    let unit = UnitId(uuid(UNIT, "X-Lethe-Unit", default.unit.0)?);
    let role = match value(ROLE) {
        None => default.role,
        Some(name) => Role::claimed(name).ok_or_else(|| {
            malformed(
                "X-Lethe-Role",
                "CONSULTANT, UNIT_ADMINISTRATOR, SYSTEM_ADMINISTRATOR, DPM, AUDITOR or INTEGRATION",
            )
        })?,
    };
    Ok(Caller { user, unit, role })
}

fn malformed(header: &str, expected: &str) -> Refusal {
    Refusal::bad_request(format!("The header {header} must hold {expected}."))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};
    use serde_json::json;

    use super::*;

    const ID: &str = "0198a6b2-5c1e-7000-8000-000000000001";

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn the_default_caller_is_a_consultant_of_the_first_demo_unit() {
        let units = include_str!("../../../../fixtures/demo/units.json");
        let units: serde_json::Value = serde_json::from_str(units).unwrap();
        let caller = from_headers(&HeaderMap::new()).unwrap();
        assert_eq!(units[0]["id"], caller.unit.to_string());
        assert_eq!(caller.role, Role::Consultant);
    }

    #[test]
    fn headers_name_the_caller() {
        let caller = from_headers(&headers(&[(USER, ID), (UNIT, ID), (ROLE, "DPM")])).unwrap();
        let id: Uuid = ID.parse().unwrap();
        assert_eq!(caller, Caller { user: UserId(id), unit: UnitId(id), role: Role::Dpm });
    }

    #[test]
    fn a_malformed_header_is_named_and_not_quoted() {
        for (pairs, name) in [
            (&[(USER, "marker")][..], "X-Lethe-User"),
            (&[(USER, "00000000-0000-0000-0000-000000000000")], "X-Lethe-User"),
            (&[(UNIT, "")], "X-Lethe-Unit"),
            (&[(UNIT, ID), (UNIT, ID)], "X-Lethe-Unit"),
            (&[(ROLE, "SYSTEM")], "X-Lethe-Role"),
            (&[(ROLE, "consultant")], "X-Lethe-Role"),
        ] {
            let refusal = from_headers(&headers(pairs)).unwrap_err();
            assert_eq!(refusal.status, 400);
            assert!(
                refusal.message.contains(name) && !refusal.message.contains("marker"),
                "{}",
                refusal.message
            );
        }
    }

    #[test]
    fn a_connection_may_name_its_caller_in_the_payload() {
        let caller =
            from_payload(&json!({ "X-Lethe-User": ID, "x-lethe-role": "AUDITOR" }), CONSULTANT).unwrap();
        assert_eq!(
            (caller.user.to_string().as_str(), caller.unit, caller.role),
            (ID, CONSULTANT.unit, Role::Auditor)
        );
        assert_eq!(from_payload(&json!(null), CONSULTANT).unwrap(), CONSULTANT);
        assert!(from_payload(&json!({ "X-Lethe-Unit": 7 }), CONSULTANT).is_err());
    }
}
