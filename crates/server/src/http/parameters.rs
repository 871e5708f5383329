//! The parameters of a GraphQL request, checked one by one so that the error says which one is wrong.

use async_graphql::parser::types::{DocumentOperations, ExecutableDocument, OperationType};
use async_graphql::{Request, Variables};
use lethe_graphql::read;
use serde_json::{Map, Value};

use super::answer::Refusal;

/// Why a request does not reach the executor.
pub(super) enum Stopped {
    /// The protocol was not kept.
    Refused(Refusal),
    /// The document was not accepted; the answer is a GraphQL response.
    Answered(Box<async_graphql::Response>),
}

impl From<Refusal> for Stopped {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// The request in a JSON body.
///
/// # Errors
/// 400 says what is wrong; a batch is refused.
pub(super) fn from_json(body: &[u8]) -> Result<Request, Refusal> {
    let body: Value = serde_json::from_slice(body).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        Refusal::bad_request(format!("The body is not valid JSON in UTF-8 ({place})."))
    })?;
    match body {
        Value::Object(parameters) => from_parameters(parameters),
        Value::Array(_) => Err(batch()),
        _ => Err(Refusal::bad_request("The body must be a JSON object with the key \"query\".")),
    }
}

/// The request in a query string; `variables` and `extensions` are JSON there.
///
/// # Errors
/// 400 says what is wrong.
pub(super) fn from_pairs(pairs: Vec<(String, String)>) -> Result<Request, Refusal> {
    let mut parameters = Map::new();
    for (name, text) in pairs {
        let value = match name.as_str() {
            "variables" | "extensions" if !text.is_empty() => serde_json::from_str(&text)
                .map_err(|_| Refusal::bad_request(format!("The parameter {name} is not valid JSON.")))?,
            "variables" | "extensions" => Value::Null,
            _ => Value::String(text),
        };
        parameters.insert(name, value);
    }
    from_parameters(parameters)
}

/// Several requests in one are refused: each must be its own unit of work with its own limits.
pub(super) fn batch() -> Refusal {
    Refusal::new(
        axum::http::StatusCode::BAD_REQUEST,
        "BATCH_NOT_SUPPORTED",
        "Several requests in one are not supported. Send them one by one.",
    )
}

fn from_parameters(mut parameters: Map<String, Value>) -> Result<Request, Refusal> {
    let mut take = |name| parameters.remove(name).filter(|value| !value.is_null());
    let wrong = |name, kind| Refusal::bad_request(format!("The parameter {name} must be {kind}."));
    let extensions = match take("extensions") {
        None => Map::new(),
        Some(Value::Object(extensions)) => extensions,
        Some(_) => return Err(wrong("extensions", "an object")),
    };
    let query = match take("query") {
        Some(Value::String(query)) => query,
        // A persisted query may be named by its hash alone.
        None if extensions.contains_key("persistedQuery") => String::new(),
        _ => return Err(wrong("query", "a text with a GraphQL document")),
    };
    let variables = match take("variables") {
        None => Value::Object(Map::new()),
        Some(variables @ Value::Object(_)) => variables,
        Some(_) => return Err(wrong("variables", "an object")),
    };
    let mut request = Request::new(query).variables(Variables::from_json(variables));
    match take("operationName") {
        None => {}
        Some(Value::String(name)) if name.is_empty() => {}
        Some(Value::String(name)) => request = request.operation_name(name),
        Some(_) => return Err(wrong("operationName", "a text")),
    }
    for (name, value) in extensions {
        let value = async_graphql::Value::from_json(value).unwrap_or_default();
        request.extensions.insert(name, value);
    }
    Ok(request)
}

/// Reads the document, so that it is read once and its operation is known; nothing of a document that is named by
/// its hash alone is known here.
///
/// # Errors
/// The answer to a document that is too large to be read, or does not parse.
pub(super) fn parse(request: &mut Request) -> Result<Option<OperationType>, Stopped> {
    if request.query.is_empty() && request.extensions.contains_key("persistedQuery") {
        return Ok(None);
    }
    let refused = |error| Stopped::Answered(Box::new(async_graphql::Response::from_errors(vec![error])));
    let document = read(&request.query).map_err(refused)?;
    let operation = operation(&document, request.operation_name.as_deref());
    request.set_parsed_query(document);
    Ok(operation)
}

/// The type of the operation that will run; none if the executor will find that there is no such operation.
fn operation(document: &ExecutableDocument, name: Option<&str>) -> Option<OperationType> {
    let operation = match (&document.operations, name) {
        (DocumentOperations::Single(operation), _) => Some(operation),
        (DocumentOperations::Multiple(all), Some(name)) => all.get(name),
        (DocumentOperations::Multiple(all), None) => all.values().next().filter(|_| all.len() == 1),
    };
    operation.map(|operation| operation.node.ty)
}
