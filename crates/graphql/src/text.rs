//! The text of a document, looked at before anything reads it: its length, its tokens, its names and its nesting.

use async_graphql::ServerError;

use crate::fault::{COMPLEX, DEEP, LONGEST_NAME, refusal};

/// The longest text; long values belong into variables.
pub(crate) const LONGEST: usize = 256 << 10;
/// Most tokens, as GraphQL counts them.
pub(crate) const MOST_TOKENS: usize = 20_000;
/// Deeper than any limit on queries, with room for lists and objects in arguments.
const DEEPEST: usize = 200;

/// What a text holds.
#[derive(Debug, Default, PartialEq, Eq)]
struct Size {
    tokens: usize,
    /// The deepest nesting of brackets outside texts and comments.
    depth: usize,
    /// The length of the longest name.
    name: usize,
}

/// Refuses a text that is too long, has too many tokens or too long names, or is nested too deeply.
///
/// # Errors
/// The error says which, and what to do.
pub fn check(document: &str) -> Result<(), ServerError> {
    if document.len() > LONGEST {
        return Err(large(&format!("{LONGEST} bytes. Put long values into variables")));
    }
    let size = measure(document);
    if size.depth > DEEPEST {
        let message = "The document is nested too deeply. Split it into several requests.";
        return Err(refusal(DEEP, message, None));
    }
    if size.name > LONGEST_NAME {
        let message =
            format!("A name in the document has more than {LONGEST_NAME} letters. Choose a shorter one.");
        return Err(refusal(COMPLEX, message, None));
    }
    if size.tokens > MOST_TOKENS {
        return Err(large(&format!("{MOST_TOKENS} tokens. Ask for less at once")));
    }
    Ok(())
}

fn large(most: &str) -> ServerError {
    let message = format!("The document has more than {most}, or split it into several requests.");
    refusal(COMPLEX, message, None)
}

fn measure(document: &str) -> Size {
    let mut size = Size::default();
    let (mut now, mut rest) = (0_usize, document);
    while let Some(first) = rest.chars().next() {
        let token = match first {
            ' ' | '\t' | '\n' | '\r' | ',' | '\u{feff}' => {
                rest = rest.get(first.len_utf8()..).unwrap_or_default();
                continue;
            }
            '#' => {
                rest = rest.find(['\n', '\r']).and_then(|end| rest.get(end..)).unwrap_or_default();
                continue;
            }
            '"' => rest.len() - behind_text(rest).len(),
            '{' | '[' | '(' => {
                now += 1;
                size.depth = size.depth.max(now);
                1
            }
            '}' | ']' | ')' => {
                now = now.saturating_sub(1);
                1
            }
            '.' if rest.starts_with("...") => 3,
            digit if digit.is_ascii_digit() || digit == '-' => {
                length(rest, |letter| is_word(letter) || letter == '.')
            }
            letter if is_word(letter) => {
                let length = length(rest, is_word);
                size.name = size.name.max(length);
                length
            }
            other => other.len_utf8(),
        };
        size.tokens += 1;
        rest = rest.get(token.max(1)..).unwrap_or_default();
    }
    size
}

/// The length of what begins with any letter, and goes on with letters of a kind.
fn length(document: &str, goes_on: impl Fn(char) -> bool) -> usize {
    let end = document.char_indices().skip(1).find(|(_, letter)| !goes_on(*letter));
    end.map_or(document.len(), |(end, _)| end)
}

fn is_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
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

    fn code(document: &str) -> Option<String> {
        check(document).err().map(|error| error.extensions.unwrap().get("code").unwrap().to_string())
    }

    #[test]
    fn nesting_is_measured_not_length() {
        assert_eq!(measure("{ a { b(x: [{ y: 1 }]) } }").depth, 5);
        assert_eq!(code(&"{ a } ".repeat(6_000)), None);
        assert!(code(&"{a".repeat(DEEPEST + 1)).unwrap().contains(DEEP));
        assert!(code(&format!("{{ a(x: {} }}", "[".repeat(100_000))).unwrap().contains(DEEP));
    }

    #[test]
    fn brackets_in_texts_and_comments_count_neither_way() {
        for harmless in [
            r#"{ a(x: "{{{\"{{{") }"#,
            "{ a # {{{{ \n }",
            r#"{ a(x: """ {{{ " \""" {{{ """) }"#,
            "{ a(x: \"æ{{{\") }",
        ] {
            assert!(measure(harmless).depth <= 2, "{harmless}");
        }
        for hidden in ["{a #}\n", "{a(x: \"}\") ", "{a(x: \"\"\"}\\\"\"\"}\"\"\") ", "{a(x: \"\\\"}\") "] {
            assert!(check(&hidden.repeat(DEEPEST + 1)).is_err(), "{hidden}");
        }
    }

    #[test]
    fn tokens_names_and_bytes_are_limited_and_text_is_one_token() {
        assert_eq!(measure("query A($a: [Int!] = 1.5e3) { ...F b: c(d: \"x y z\") @e }").tokens, 27);
        assert_eq!(code(&format!("{{ {} }}", "a ".repeat(MOST_TOKENS - 2))), None);
        assert!(code(&format!("{{ {} }}", "a ".repeat(MOST_TOKENS - 1))).unwrap().contains(COMPLEX));
        assert_eq!(code(&format!("{{ {} }}", "a".repeat(LONGEST_NAME))), None);
        assert!(code(&format!("{{ {} }}", "a".repeat(LONGEST_NAME + 1))).unwrap().contains(COMPLEX));
        assert_eq!(code(&format!("{{ a(b: \"{}\") }}", "x".repeat(LONGEST - 14))), None);
        assert!(code(&format!("{{ a }}{}", " ".repeat(LONGEST))).unwrap().contains(COMPLEX));
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
