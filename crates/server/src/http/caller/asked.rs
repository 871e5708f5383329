//! What a request says about its caller.

use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, USER_AGENT};
use lethe_kernel::{DeviceId, Role, UnitId};
use uuid::Uuid;

use super::super::answer::Refusal;

const UNIT: &str = "x-lethe-unit";
const ROLE: &str = "x-lethe-role";
const DEVICE: &str = "x-lethe-device";

/// What a request says about its caller. Only the token is to be believed, once it is verified.
#[derive(Clone, Default, PartialEq, Eq)]
pub(in super::super) struct Asked {
    /// The bearer token.
    pub(super) token: Option<String>,
    /// The unit to act for.
    pub(super) unit: Option<UnitId>,
    /// The role to act in.
    pub(super) role: Option<Role>,
    /// The device.
    pub(super) device: Option<DeviceId>,
    /// What the device calls itself.
    pub(super) agent: Option<String>,
}

impl Asked {
    /// What the headers of a request say.
    ///
    /// # Errors
    /// 400 names the header that is malformed, 401 says so of the token's.
    pub(in super::super) fn from_headers(headers: &HeaderMap) -> Result<Self, Refusal> {
        Self::default().or(|name| {
            let mut values = headers.get_all(name).iter();
            let first = values.next()?;
            // Two values contradict each other; neither is believed.
            Some(if values.next().is_some() { "" } else { first.to_str().unwrap_or_default() })
        })
    }

    /// What the payload of a `connection_init` message says, and of what it does not say, what this says. Browsers
    /// cannot set headers on a web socket.
    ///
    /// # Errors
    /// As [`Asked::from_headers`].
    pub(in super::super) fn with_payload(&self, payload: &serde_json::Value) -> Result<Self, Refusal> {
        let fields = payload.as_object();
        self.or(|name| {
            let mut values = fields?.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
            let (_, first) = values.next()?;
            Some(if values.next().is_some() { "" } else { first.as_str().unwrap_or_default() })
        })
    }

    /// Whether there is a token.
    pub(in super::super) fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// Without the token, which nobody needs any more.
    pub(super) fn without_token(self) -> Self {
        Self { token: None, ..self }
    }

    fn or<'a>(&self, value: impl Fn(&str) -> Option<&'a str>) -> Result<Self, Refusal> {
        let uuid = |name: &str, spelled: &str| match value(name) {
            None => Ok(None),
            Some(text) => Uuid::try_parse(text)
                .map(Some)
                .map_err(|_| malformed(spelled, "a UUID, for example 9eab5b04-5ebc-5824-843b-c3fe65dc6dd6")),
        };
        let role = match value(ROLE) {
            None => None,
            Some(name) => Some(Role::claimed(name).ok_or_else(|| {
                let roles =
                    "CONSULTANT, UNIT_ADMINISTRATOR, SYSTEM_ADMINISTRATOR, DPM, AUDITOR or INTEGRATION";
                malformed("X-Lethe-Role", roles)
            })?),
        };
        Ok(Self {
            token: value(AUTHORIZATION.as_str()).map(bearer).transpose()?.or_else(|| self.token.clone()),
            unit: uuid(UNIT, "X-Lethe-Unit")?.map(UnitId).or(self.unit),
            role: role.or(self.role),
            device: uuid(DEVICE, "X-Lethe-Device")?.map(DeviceId).or(self.device),
            agent: value(USER_AGENT.as_str()).map(str::to_owned).or_else(|| self.agent.clone()),
        })
    }
}

impl std::fmt::Debug for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { token, unit, role, device, agent: _ } = self;
        let token = token.as_ref().map(|_| "…");
        f.debug_struct("Asked")
            .field("token", &token)
            .field("unit", unit)
            .field("role", role)
            .field("device", device)
            .finish_non_exhaustive()
    }
}

/// The token in the value of an `Authorization` header (RFC 6750).
fn bearer(value: &str) -> Result<String, Refusal> {
    let (scheme, token) = value.split_once(' ').unwrap_or_default();
    let token = token.trim_matches(' ');
    if scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() {
        return Ok(token.to_owned());
    }
    Err(Refusal::invalid_token("Send one header Authorization, and in it: Bearer, a space, and a token."))
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
    const TOKEN: &str = "authorization";

    fn asked(pairs: &[(&'static str, &str)]) -> Result<Asked, Refusal> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
        Asked::from_headers(&headers)
    }

    #[test]
    fn headers_say_who_asks_and_as_whom() {
        assert_eq!(asked(&[]).unwrap(), Asked::default());
        let id: Uuid = ID.parse().unwrap();
        let all = asked(&[(TOKEN, "bearer  a.b.c"), (UNIT, ID), (ROLE, "DPM"), (DEVICE, ID)]).unwrap();
        let expected = Asked {
            token: Some("a.b.c".to_owned()),
            unit: Some(UnitId(id)),
            role: Some(Role::Dpm),
            device: Some(DeviceId(id)),
            agent: None,
        };
        assert_eq!(all, expected);
        assert!(!format!("{all:?}").contains("a.b.c"));
    }

    #[test]
    fn a_malformed_header_is_named_and_not_quoted() {
        for (pairs, status, name) in [
            (&[(UNIT, "marker")][..], 400, "X-Lethe-Unit"),
            (&[(UNIT, "")], 400, "X-Lethe-Unit"),
            (&[(UNIT, ID), (UNIT, ID)], 400, "X-Lethe-Unit"),
            (&[(DEVICE, "marker")], 400, "X-Lethe-Device"),
            (&[(ROLE, "SYSTEM")], 400, "X-Lethe-Role"),
            (&[(ROLE, "consultant")], 400, "X-Lethe-Role"),
            (&[(TOKEN, "marker")], 401, "Authorization"),
            (&[(TOKEN, "Bearer")], 401, "Authorization"),
            (&[(TOKEN, "Bearer ")], 401, "Authorization"),
            (&[(TOKEN, "Basic marker")], 401, "Authorization"),
            (&[(TOKEN, "")], 401, "Authorization"),
            (&[(TOKEN, "Bearer a.b.c"), (TOKEN, "Bearer a.b.c")], 401, "Authorization"),
        ] {
            let refusal = asked(pairs).unwrap_err();
            assert_eq!(refusal.status, status, "{pairs:?}");
            assert!(
                refusal.message.contains(name) && !refusal.message.contains("marker"),
                "{}",
                refusal.message
            );
        }
    }

    #[test]
    fn a_payload_says_more_than_the_headers_and_wins() {
        let headers = asked(&[(TOKEN, "Bearer a.b.c"), (ROLE, "DPM"), (UNIT, ID)]).unwrap();
        let both = headers
            .with_payload(&json!({"Authorization": "Bearer d.e.f", "x-lethe-role": "AUDITOR"}))
            .unwrap();
        assert_eq!(both.token.as_deref(), Some("d.e.f"));
        assert_eq!((both.role, both.unit), (Some(Role::Auditor), headers.unit));
        assert_eq!(headers.with_payload(&json!(null)).unwrap(), headers);
        assert!(headers.with_payload(&json!({ "X-Lethe-Unit": 7 })).is_err());
        assert!(headers.with_payload(&json!({ "authorization": ["Bearer a.b.c"] })).is_err());
        let twice = json!({ "authorization": "Bearer a.b.c", "Authorization": "Bearer a.b.c" });
        assert!(headers.with_payload(&twice).is_err());
    }
}
