//! Reading a text. What is wrong with one is told by its place and by what was expected: the text itself may hold a
//! person's data, and is not repeated.

use async_graphql::ServerError;
use async_graphql::parser::types::ExecutableDocument;
use async_graphql::parser::{Error, parse_query};

use crate::fault::{DEEP, PARSE, quoted, refusal};
use crate::text;

/// Reads a document, if it is small enough to be read.
///
/// # Errors
/// The error says which limit is exceeded, or where the text is no GraphQL.
pub fn read(document: &str) -> Result<ExecutableDocument, ServerError> {
    text::check(document)?;
    parse_query(document).map_err(|error| told(&error))
}

fn told(error: &Error) -> ServerError {
    let place = error.positions().next();
    let message = match error {
        Error::Syntax { message, start, .. } => format!(
            "The document is no GraphQL at line {}, column {}{}. Correct it there.",
            start.line,
            start.column,
            expected(message)
        ),
        Error::MultipleOperations { .. } => {
            "An operation without a name must be the only one. Give each operation a name.".to_owned()
        }
        Error::OperationDuplicated { operation, .. } => {
            format!("The operation {} is defined twice. Give each a name of its own.", quoted(operation))
        }
        Error::FragmentDuplicated { fragment, .. } => {
            format!("The fragment {} is defined twice. Give each a name of its own.", quoted(fragment))
        }
        Error::MissingOperation => {
            "The document has no operation. Write a query, a mutation or a subscription.".to_owned()
        }
        Error::RecursionLimitExceeded => {
            let message = "The document is nested too deeply. Split it into several requests.";
            return refusal(DEEP, message, place);
        }
        _ => "The document cannot be read. Correct it.".to_owned(),
    };
    refusal(PARSE, message, place)
}

/// What the grammar names as possible there. The parser draws the line of the text above it, which is left out.
fn expected(message: &str) -> String {
    let Some(told) = message.lines().last().and_then(|line| line.trim().strip_prefix("= expected ")) else {
        return String::new();
    };
    let is_rules =
        told.chars().all(|letter| letter.is_ascii_alphabetic() || matches!(letter, '_' | ',' | ' '));
    if is_rules {
        format!(": expected {}", told.replace('_', " ").replace("EOI", "the end"))
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_syntax_error_tells_its_place_and_what_was_expected_and_repeats_no_text() {
        let secret = "310765-7913";
        for (document, place) in [
            (format!("{{ a(cpr: \"{secret}\" }}"), "line 1"),
            (format!("\n\n{{ a(cpr: \"{secret}\") "), "line 3"),
            (format!("{{ a }} # {secret}\n }}"), "line 2"),
            (format!("{{ a(cpr: {secret}) }}"), "line 1"),
            (format!("{{ a(cpr: '{secret}') }}"), "line 1"),
            (secret.to_owned(), "line 1, column 1"),
        ] {
            let error = read(&document).unwrap_err();
            assert!(error.message.contains(place), "{}", error.message);
            assert!(error.message.contains("expected"), "{}", error.message);
            assert!(
                !error.message.contains("310765") && !error.message.contains("7913"),
                "{}",
                error.message
            );
            assert_eq!(error.locations.len(), 1);
        }
    }

    #[test]
    fn a_syntax_error_in_a_long_text_is_short() {
        let error = read(&format!("{{ a(b: \"{}\" }}", "x".repeat(200_000))).unwrap_err();
        assert!(error.message.len() < 300, "{}", error.message.len());
    }

    #[test]
    fn names_that_stand_twice_are_told() {
        for (document, told) in [
            ("query A { a } query A { a }", "operation \"A\""),
            ("{ a } fragment F on A { a } fragment F on A { a }", "fragment \"F\""),
            ("fragment F on A { a }", "no operation"),
            ("{ a } query A { a }", "without a name"),
        ] {
            let error = read(document).unwrap_err();
            assert!(error.message.contains(told), "{}", error.message);
        }
    }
}
