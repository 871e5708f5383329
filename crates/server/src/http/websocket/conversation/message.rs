//! Messages of `graphql-transport-ws`: read from the client, and written in the form that the library knows.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;
use serde_json::value::RawValue;

use super::super::super::answer::Refusal;
use super::super::super::parameters::from_json;

/// What a client may say.
pub(super) enum FromClient<'a> {
    ConnectionInit { payload: Option<&'a RawValue> },
    Subscribe { id: Cow<'a, str>, payload: &'a RawValue },
    Complete { id: Cow<'a, str> },
    Ping,
    Pong,
}

/// A message, whoever sends it. A key that comes twice is refused.
#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
}

impl<'a> FromClient<'a> {
    /// Reads a message.
    ///
    /// # Errors
    /// A sentence that says what it should be.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, &'static str> {
        let Fields { kind, id, payload } = serde_json::from_slice(bytes).map_err(
            |_| "A message is a JSON object with the text type, and id and payload where it has them.",
        )?;
        let id =
            || id.filter(|id| !id.is_empty()).ok_or("Give the operation an id: a text that is not empty.");
        let object = |payload: &&RawValue| payload.get().starts_with('{');
        if !payload.as_ref().is_none_or(object) {
            return Err("The payload of a message is an object.");
        }
        match kind.as_ref() {
            "connection_init" => Ok(Self::ConnectionInit { payload }),
            "subscribe" => {
                let payload = payload.ok_or("Send the request as the payload of subscribe.")?;
                Ok(Self::Subscribe { id: id()?, payload })
            }
            "complete" => Ok(Self::Complete { id: id()? }),
            "ping" => Ok(Self::Ping),
            "pong" => Ok(Self::Pong),
            _ => Err("The type of a message is connection_init, subscribe, complete, ping or pong."),
        }
    }
}

/// What the library says.
pub(super) enum FromLibrary<'a> {
    ConnectionAck,
    Next { number: u64, payload: &'a RawValue },
    Complete { number: u64 },
    Other,
}

impl<'a> FromLibrary<'a> {
    pub(super) fn read(text: &'a str) -> Self {
        let Ok(Fields { kind, id, payload }) = serde_json::from_str(text) else { return Self::Other };
        let number = id.and_then(|id| id.parse().ok());
        match (kind.as_ref(), number, payload) {
            ("connection_ack", ..) => Self::ConnectionAck,
            ("next", Some(number), Some(payload)) => Self::Next { number, payload },
            ("complete", Some(number), _) => Self::Complete { number },
            _ => Self::Other,
        }
    }
}

/// The request in a payload, read as that of a body over HTTP is.
///
/// # Errors
/// The refusal says which parameter is wrong.
pub(super) fn request(payload: &RawValue) -> Result<serde_json::Value, Refusal> {
    let request = from_json(payload.get().as_bytes())?;
    serde_json::to_value(request).map_err(|_| Refusal::bad_request("The payload cannot be read."))
}

/// The errors of an answer to a request that was refused before anything of it was executed.
pub(super) fn refusal(answer: &RawValue) -> Option<&RawValue> {
    #[derive(Deserialize)]
    struct Answer<'a> {
        #[serde(borrow)]
        data: Option<&'a RawValue>,
        #[serde(borrow)]
        errors: Option<&'a RawValue>,
    }
    #[derive(Deserialize)]
    struct Error {
        path: Option<IgnoredAny>,
    }
    let Answer { data, errors } = serde_json::from_str(answer.get()).ok()?;
    let errors = errors.filter(|_| data.is_none())?;
    let all: Vec<Error> = serde_json::from_str(errors.get()).ok()?;
    (!all.is_empty() && all.iter().all(|error| error.path.is_none())).then_some(errors)
}

pub(super) fn connection_init(payload: Option<&RawValue>) -> String {
    match payload {
        Some(payload) => format!(r#"{{"type":"connection_init","payload":{}}}"#, payload.get()),
        None => r#"{"type":"connection_init"}"#.to_owned(),
    }
}

pub(super) fn subscribe(number: u64, request: &serde_json::Value) -> String {
    json!({ "type": "subscribe", "id": number.to_string(), "payload": request }).to_string()
}

pub(super) fn stop(number: u64) -> String {
    json!({ "type": "complete", "id": number.to_string() }).to_string()
}

pub(super) fn ping() -> String {
    r#"{"type":"ping"}"#.to_owned()
}

/// What the library takes for a sign of life, and for nothing else.
pub(super) fn pong() -> String {
    r#"{"type":"pong"}"#.to_owned()
}

pub(super) fn next(id: &str, answer: &RawValue) -> String {
    format!(r#"{{"type":"next","id":{},"payload":{}}}"#, json!(id), answer.get())
}

pub(super) fn error(id: &str, errors: &RawValue) -> String {
    format!(r#"{{"type":"error","id":{},"payload":{}}}"#, json!(id), errors.get())
}

pub(super) fn complete(id: &str) -> String {
    json!({ "type": "complete", "id": id }).to_string()
}
