//! Documents nested so deeply that reading them would exhaust the stack are refused before anything reads them.

use async_graphql::{Data, Executor, Request, Response, ServerError};
use futures_util::stream::{BoxStream, StreamExt};

use super::answer::add_codes;

/// Deeper than any limit on queries, with room for lists and objects in arguments.
const DEEPEST: usize = 200;

/// An executor that never sees such documents.
#[derive(Clone)]
pub(super) struct Guarded<E>(pub(super) E);

impl<E: Executor> Executor for Guarded<E> {
    async fn execute(&self, request: Request) -> Response {
        match check(&request.query) {
            Ok(()) => self.0.execute(request).await,
            Err(refusal) => *refusal,
        }
    }

    fn execute_stream(
        &self,
        request: Request,
        session_data: Option<std::sync::Arc<Data>>,
    ) -> BoxStream<'static, Response> {
        match check(&request.query) {
            Ok(()) => self
                .0
                .execute_stream(request, session_data)
                .map(|mut response| {
                    add_codes(&mut response);
                    response
                })
                .boxed(),
            Err(refusal) => futures_util::stream::once(std::future::ready(*refusal)).boxed(),
        }
    }
}

/// Refuses a document that is nested too deeply.
///
/// # Errors
/// The response to send instead.
pub(super) fn check(document: &str) -> Result<(), Box<Response>> {
    if depth(document) <= DEEPEST {
        return Ok(());
    }
    let mut error =
        ServerError::new("The document is nested too deeply. Split it into several requests.", None);
    error.extensions.get_or_insert_default().set("code", "QUERY_TOO_DEEP");
    Err(Box::new(Response::from_errors(vec![error])))
}

/// The deepest nesting of brackets outside texts and comments.
fn depth(document: &str) -> usize {
    let (mut now, mut deepest) = (0_usize, 0);
    let mut rest = document;
    while let Some(first) = rest.chars().next() {
        rest = match first {
            '#' => rest.find(['\n', '\r']).and_then(|end| rest.get(end..)).unwrap_or_default(),
            '"' => behind_text(rest),
            '{' | '[' | '(' => {
                now += 1;
                deepest = deepest.max(now);
                rest.get(1..).unwrap_or_default()
            }
            '}' | ']' | ')' => {
                now = now.saturating_sub(1);
                rest.get(1..).unwrap_or_default()
            }
            other => rest.get(other.len_utf8()..).unwrap_or_default(),
        };
    }
    deepest
}

/// What follows a text in quotes, or in three quotes, that begins here.
fn behind_text(document: &str) -> &str {
    let quotes = if document.starts_with("\"\"\"") { "\"\"\"" } else { "\"" };
    let mut rest = document.get(quotes.len()..).unwrap_or_default();
    loop {
        let Some(end) = rest.find(['"', '\\']) else { return "" };
        rest = rest.get(end..).unwrap_or_default();
        if let Some(behind) = rest.strip_prefix(quotes) {
            return behind;
        }
        // In a block only `\"""` is an escape; in a line a backslash escapes whatever follows.
        let escaped = match (quotes.len(), rest.starts_with('\\')) {
            (1, true) => 1 + rest.chars().nth(1).map_or(0, char::len_utf8),
            (_, true) if rest.get(1..).is_some_and(|rest| rest.starts_with(quotes)) => 4,
            _ => 1,
        };
        rest = rest.get(escaped..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_is_measured_not_length() {
        assert_eq!(depth("{ a { b(x: [{ y: 1 }]) } }"), 5);
        assert!(check(&"{ a } ".repeat(10_000)).is_ok());
        assert!(check(&"{a".repeat(DEEPEST + 1)).is_err());
        assert!(check(&format!("{{ a(x: {} }}", "[".repeat(100_000))).is_err());
    }

    #[test]
    fn brackets_in_texts_and_comments_count_neither_way() {
        for harmless in [
            r#"{ a(x: "{{{\"{{{") }"#,
            "{ a # {{{{ \n }",
            r#"{ a(x: """ {{{ " \""" {{{ """) }"#,
            "{ a(x: \"æ{{{\") }",
        ] {
            assert!(depth(harmless) <= 2, "{harmless}");
        }
        for hidden in ["{a #}\n", "{a(x: \"}\") ", "{a(x: \"\"\"}\\\"\"\"}\"\"\") ", "{a(x: \"\\\"}\") "] {
            assert!(check(&hidden.repeat(DEEPEST + 1)).is_err(), "{hidden}");
        }
    }

    #[test]
    fn the_deepest_document_allowed_fits_on_a_small_stack() {
        for pattern in ["{a", "{a(x:[", "{...on A"] {
            let opened = pattern.matches(['{', '(', '[']).count();
            let document = pattern.repeat(DEEPEST / opened);
            assert!(check(&document).is_ok());
            let parse = move || drop(async_graphql::parser::parse_query(&document));
            std::thread::Builder::new().stack_size(1 << 20).spawn(parse).unwrap().join().unwrap();
        }
    }
}
