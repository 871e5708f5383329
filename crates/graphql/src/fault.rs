//! Refusals of documents: errors with a code and without a path, of which nothing was executed.

use async_graphql::{Pos, ServerError};

/// Most errors that an answer to one document tells.
pub(crate) const MOST: usize = 20;

/// The longest name that a message repeats, and a document may hold.
pub(crate) const LONGEST_NAME: usize = 256;

pub(crate) const DEEP: &str = "QUERY_TOO_DEEP";
pub(crate) const COMPLEX: &str = "QUERY_TOO_COMPLEX";
pub(crate) const PARSE: &str = "GRAPHQL_PARSE_FAILED";
pub(crate) const INVALID: &str = "GRAPHQL_VALIDATION_FAILED";
pub(crate) const INPUT: &str = "BAD_USER_INPUT";

/// A refusal at a place of the document.
pub(crate) fn refusal(code: &'static str, message: impl Into<String>, place: Option<Pos>) -> ServerError {
    let mut error = ServerError::new(message, place);
    error.extensions.get_or_insert_default().set("code", code);
    error
}

/// A name in quotation marks, if it is one: whatever else a client put there may be a person's.
pub(crate) fn quoted(name: &str) -> String {
    let is_name = name.len() <= LONGEST_NAME
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    if is_name && !name.is_empty() { format!("\"{name}\"") } else { "that is no name".to_owned() }
}

/// At most [`MOST`] errors, in the order of the document.
pub(crate) fn first(mut errors: Vec<ServerError>) -> Vec<ServerError> {
    errors.sort_by_key(|error| error.locations.first().map(|place| (place.line, place.column)));
    errors.truncate(MOST);
    errors
}
