//! The claims of a token whose signature is right, read one by one so that the error says which one is wrong.

use chrono::{DateTime, Utc};
use lethe_kernel::Role;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::error::TokenError;

/// The last second of the year 9999; what is later is no date but an attempt.
const LAST: i64 = 253_402_300_799;
/// OpenID Connect allows no longer subject.
const LONGEST_SUBJECT: usize = 255;

/// What stands in the middle of a token.
pub(crate) struct Claims(pub(crate) Map<String, Value>);

impl Claims {
    /// A text that must be there.
    pub(crate) fn text(&self, name: &'static str) -> Result<&str, TokenError> {
        self.0.get(name).and_then(Value::as_str).ok_or(TokenError::Claim(name))
    }

    /// The subject, a text of a length that is allowed.
    pub(crate) fn subject(&self) -> Result<&str, TokenError> {
        let subject = self.text("sub")?;
        let usable = !subject.is_empty()
            && subject.chars().count() <= LONGEST_SUBJECT
            && !subject.chars().any(char::is_control);
        if usable { Ok(subject) } else { Err(TokenError::Claim("sub")) }
    }

    /// The texts of a claim that may hold one or several; none if it is missing or holds something else.
    pub(crate) fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        let value = self.0.get(name);
        let one = value.and_then(Value::as_str);
        let several = value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        one.into_iter().chain(several)
    }

    /// A moment, which may have parts of seconds; they are left out.
    pub(crate) fn moment(&self, name: &'static str) -> Result<Option<DateTime<Utc>>, TokenError> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a number that is too large saturates, and is refused"
        )]
        let seconds = value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds.floor() as i64));
        let moment = seconds.filter(|seconds| (0..=LAST).contains(seconds));
        moment
            .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
            .map(Some)
            .ok_or(TokenError::Claim(name))
    }

    /// A UUID, if it is there.
    pub(crate) fn uuid(&self, name: &'static str) -> Result<Option<Uuid>, TokenError> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let uuid = value.as_str().and_then(|text| Uuid::try_parse(text).ok());
        uuid.map(Some).ok_or(TokenError::Claim(name))
    }

    /// A role, if it is there.
    pub(crate) fn role(&self, name: &'static str) -> Result<Option<Role>, TokenError> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        value.as_str().and_then(Role::claimed).map(Some).ok_or(TokenError::Claim(name))
    }
}
