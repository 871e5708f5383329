//! Text that users type: trimmed, bounded, without control characters.

use crate::{ErrorCode, UserError};

/// The longest line, in characters.
pub const LINE: usize = 200;

/// The longest text of several lines, in characters.
pub const BLOCK: usize = 20_000;

/// A line of text; `None` if it is blank.
///
/// # Errors
/// `INVALID_VALUE` for more than [`LINE`] characters or a control character.
pub fn line(field: &str, text: &str) -> Result<Option<String>, UserError> {
    bounded(field, text, LINE, char::is_control)
}

/// A text of several lines; `None` if it is blank. Line breaks become `\n`.
///
/// # Errors
/// `INVALID_VALUE` for more than [`BLOCK`] characters or a control character other than line break and tab.
pub fn block(field: &str, text: &str) -> Result<Option<String>, UserError> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    bounded(field, &text, BLOCK, |c| c.is_control() && c != '\n' && c != '\t')
}

/// A code from a list that administrators define: 1 to 40 capital letters, digits and `_`, beginning with a letter.
///
/// # Errors
/// `INVALID_VALUE`.
pub fn code(field: &str, text: &str) -> Result<String, UserError> {
    let well_formed = text.len() <= 40
        && text.starts_with(|c: char| c.is_ascii_uppercase())
        && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    if well_formed {
        return Ok(text.to_owned());
    }
    Err(UserError::at(
        ErrorCode::InvalidValue,
        field,
        "A code has 1 to 40 capital letters, digits and underscores and begins with a letter, for example NEWSLETTER.",
    ))
}

fn bounded(
    field: &str,
    text: &str,
    limit: usize,
    forbidden: impl Fn(char) -> bool,
) -> Result<Option<String>, UserError> {
    let invalid = |message: String| UserError::at(ErrorCode::InvalidValue, field, message);
    let text = text.trim();
    let length = text.chars().count();
    if length > limit {
        return Err(invalid(format!(
            "The text has {length} characters; at most {limit} are allowed. Shorten it."
        )));
    }
    if let Some(at) = text.chars().position(forbidden) {
        return Err(invalid(format!("Character {} of the text is a control character. Remove it.", at + 1)));
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_trimmed_and_blank_ones_are_nothing() {
        assert_eq!(line("f", "  Åse  ").unwrap().unwrap(), "Åse");
        assert_eq!(line("f", " \u{a0} ").unwrap(), None);
    }

    #[test]
    fn control_characters_are_refused_and_named_by_place_alone() {
        for text in ["a\0b", "a\nb", "a\u{7f}b", "a\u{9d}b"] {
            let error = line("f", text).unwrap_err();
            assert_eq!(error.code, ErrorCode::InvalidValue);
            assert!(error.message.contains("Character 2 "), "{}", error.message);
        }
        assert_eq!(block("f", "a\r\nb\tc").unwrap().unwrap(), "a\nb\tc");
        assert!(block("f", "a\0").is_err());
    }

    #[test]
    fn a_text_that_is_too_long_is_refused_without_quoting_it() {
        let error = block("f", &"marker".repeat(400_000)).unwrap_err();
        assert!(error.message.len() < 200 && !error.message.contains("marker"));
        assert!(line("f", &"x".repeat(LINE)).is_ok());
        assert!(line("f", &"x".repeat(LINE + 1)).is_err());
    }

    #[test]
    fn codes_are_capitals() {
        assert!(code("f", "E_MARKETING2").is_ok());
        for text in ["", "e", "2A", "A-B", &"A".repeat(41)] {
            assert!(code("f", text).is_err(), "{text}");
        }
    }
}
