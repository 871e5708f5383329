//! The checks on what a mail is made of.

use lethe_kernel::{ErrorCode, UserError, text};
use lethe_nordic::EmailAddress;

/// An address, as it is stored. One with a control character is no slip but an attempt to add headers.
///
/// # Errors
/// `INVALID_VALUE`; the message quotes nothing.
pub(crate) fn address(field: &str, text: &str) -> Result<String, UserError> {
    let invalid = |message: String| UserError::at(ErrorCode::InvalidValue, field, message);
    if text.chars().any(char::is_control) {
        return Err(invalid("An e-mail address holds no line break and no control character.".to_owned()));
    }
    let address = EmailAddress::parse(text).map_err(|error| invalid(error.to_string()))?;
    Ok(address.as_str().to_owned())
}

/// A title: one line that is not blank.
///
/// # Errors
/// `REQUIRED`, and as [`text::line`].
pub(crate) fn title(field: &str, text: &str) -> Result<String, UserError> {
    text::line(field, text)?.ok_or_else(|| required(field))
}

/// A text that is not blank.
///
/// # Errors
/// `REQUIRED`, and as [`text::block`].
pub(crate) fn body(field: &str, text: &str) -> Result<String, UserError> {
    text::block(field, text)?.ok_or_else(|| required(field))
}

fn required(field: &str) -> UserError {
    UserError::at(ErrorCode::Required, field, "A mail needs an address, a title and a text.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_cannot_be_smuggled_in() {
        for smuggled in [
            "anna@example.org\r\nBcc: x@example.org",
            "anna@example.org\n",
            "\ranna@example.org",
            "anna@example.org\0",
            "anna@example.org, bo@example.org",
            "Anna <anna@example.org>",
        ] {
            let error = address("to", smuggled).unwrap_err();
            assert_eq!(error.code, ErrorCode::InvalidValue, "{smuggled:?}");
            assert!(!error.message.contains("anna"), "{}", error.message);
        }
        assert_eq!(title("title", "Hi\r\nBcc: x@example.org").unwrap_err().code, ErrorCode::InvalidValue);
        assert_eq!(title("title", "Hi\nthere").unwrap_err().code, ErrorCode::InvalidValue);
    }

    #[test]
    fn what_is_written_stays_as_it_was() {
        assert_eq!(address("to", "Åse@Ærø.Example").unwrap(), "Åse@ærø.example");
        assert_eq!(title("title", "Ny enhed – godkend").unwrap(), "Ny enhed – godkend");
        assert_eq!(body("text", "Hej\r\n.\r\nHej").unwrap(), "Hej\n.\nHej");
    }

    #[test]
    fn blank_and_endless_ones_are_refused() {
        assert_eq!(title("title", " ").unwrap_err().code, ErrorCode::Required);
        assert_eq!(body("text", "\n\n").unwrap_err().code, ErrorCode::Required);
        assert_eq!(body("text", &"æ".repeat(text::BLOCK + 1)).unwrap_err().code, ErrorCode::InvalidValue);
        assert!(body("text", &"æ".repeat(text::BLOCK)).is_ok());
    }
}
