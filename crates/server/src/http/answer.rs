//! Answers as "GraphQL over HTTP" wants them.

use async_graphql::{Response as Executed, ServerError, Value};
use axum::http::header::{ALLOW, CONNECTION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::accept::MediaType;

/// The code of the first error of an answer, for traces and the log.
#[derive(Clone, Debug)]
pub(super) struct Code(pub(super) String);

impl Code {
    /// Only codes of errors that our own code made: names in capitals.
    fn of(response: &Executed) -> Option<Self> {
        let extensions = response.errors.first()?.extensions.as_ref()?;
        let Some(Value::String(code)) = extensions.get("code") else { return None };
        code.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_').then(|| Self(code.clone()))
    }
}

/// A request that is answered without being executed.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
    /// What a client is asked to show, of an answer that is 401.
    challenge: &'static str,
}

impl Refusal {
    /// A refusal in a sentence that says what to do.
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), challenge: "Bearer realm=\"lethe\"" }
    }

    /// There is no token.
    pub(super) fn unauthenticated(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", message)
    }

    /// The token is not believed (RFC 6750, section 3.1).
    pub(super) fn invalid_token(message: impl Into<String>) -> Self {
        let challenge = "Bearer realm=\"lethe\", error=\"invalid_token\"";
        Self { challenge, ..Self::unauthenticated(message) }
    }

    /// The caller is known, and may not do this.
    pub(super) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "FORBIDDEN", message)
    }

    /// The request is not what the protocol wants.
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", message)
    }

    /// The answer in a media type that the client takes.
    pub(super) fn answer(&self, media: MediaType) -> Response {
        let body = json!({ "errors": [{ "message": self.message, "extensions": { "code": self.code } }] });
        let mut response = (self.status, [(CONTENT_TYPE, media.header())], body.to_string()).into_response();
        match self.status {
            StatusCode::UNAUTHORIZED => {
                response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(self.challenge));
            }
            StatusCode::METHOD_NOT_ALLOWED => {
                response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            // What is still to come of the body is not read, so the connection cannot be used again.
            StatusCode::REQUEST_TIMEOUT => {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            _ => {}
        }
        response.extensions_mut().insert(Code(self.code.to_owned()));
        response
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.answer(MediaType::Json)
    }
}

/// The answer to a request that the executor took. One that it refused before running it – syntax, validation,
/// limits – has no `data`, and says 400 to clients that understand it.
pub(super) fn executed(mut response: Executed, media: MediaType) -> Response {
    let refused = add_codes(&mut response);
    let code = Code::of(&response);
    let status = match media {
        MediaType::GraphqlResponse if refused => StatusCode::BAD_REQUEST,
        _ => StatusCode::OK,
    };
    let body = if refused {
        serde_json::to_string(&json!({ "errors": response.errors }))
    } else {
        serde_json::to_string(&response)
    };
    match body {
        Ok(body) => {
            let mut answer = (status, [(CONTENT_TYPE, media.header())], body).into_response();
            answer.headers_mut().extend(response.http_headers);
            if let Some(code) = code {
                answer.extensions_mut().insert(code);
            }
            answer
        }
        Err(error) => {
            tracing::error!(category = ?error.classify(), "a response could not be encoded");
            internal().answer(media)
        }
    }
}

/// What is told about a defect: nothing but that it was recorded.
pub(super) fn internal() -> Refusal {
    Refusal::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "INTERNAL_ERROR",
        "The server failed. The log has an entry with this answer's x-request-id.",
    )
}

/// Gives every error a code; answers whether the request was refused before running it.
pub(super) fn add_codes(response: &mut Executed) -> bool {
    let refused = response.data == Value::Null
        && !response.errors.is_empty()
        && response.errors.iter().all(|error| error.path.is_empty());
    for error in &mut response.errors {
        add_code(error, refused);
    }
    refused
}

/// Errors of resolvers carry their code; those of the executor get one here.
fn add_code(error: &mut ServerError, refused: bool) {
    let extensions = error.extensions.get_or_insert_default();
    if extensions.get("code").is_none() {
        extensions.set("code", if refused { code_of(&error.message) } else { "BAD_USER_INPUT" });
        if let Some(advice) = advice(&error.message) {
            advice.clone_into(&mut error.message);
        }
    }
}

/// What the executor leaves out when it tells a limit: what to do.
fn advice(message: &str) -> Option<&'static str> {
    match message {
        "Query is nested too deep." => {
            Some("The query is nested too deeply. Ask for fewer levels, or split it into several requests.")
        }
        "Query is too complex." => Some(
            "The query asks for too much at once. Ask for smaller pages or fewer fields, or split it into several requests.",
        ),
        _ => None,
    }
}

fn code_of(message: &str) -> &'static str {
    match message {
        "Query is nested too deep." => "QUERY_TOO_DEEP",
        "Query is too complex." => "QUERY_TOO_COMPLEX",
        _ => "GRAPHQL_VALIDATION_FAILED",
    }
}
