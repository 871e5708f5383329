//! What stands in a file of somebody else must not steer a terminal, nor pretend to be a line of its own.

use serde_json::Value;

/// A text from elsewhere, for people: what cannot be seen is written as its number.
pub(crate) fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hidden(c) { shown.extend(c.escape_unicode()) } else { shown.push(c) }
    }
    shown
}

/// One line of JSON, with the same characters escaped: programs read them as they were.
pub(crate) fn json(value: &Value) -> String {
    let mut line = String::new();
    for c in value.to_string().chars() {
        if is_hidden(c) { escape(c, &mut line) } else { line.push(c) }
    }
    line
}

/// A character as JSON escapes it: in units of UTF-16, four hexadecimal digits each.
fn escape(c: char, line: &mut String) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        line.push_str("\\u");
        line.extend(
            [12, 8, 4, 0].iter().filter_map(|bits| char::from_digit(u32::from(*unit >> bits) & 15, 16)),
        );
    }
}

/// Whether a character is a control, breaks the line, changes the direction of others or cannot be seen.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const HOSTILE: &str = "Ærø \"1\"\n\u{202e}\u{9b}\u{7f}\u{2028}\u{e0041}å";

    #[test]
    fn what_cannot_be_seen_is_written_as_its_number() {
        let told = "Ærø \"1\"\\u{a}\\u{202e}\\u{9b}\\u{7f}\\u{2028}\\u{e0041}å";
        assert_eq!(shown(HOSTILE), told);
    }

    #[test]
    fn json_is_one_visible_line_and_says_the_same() {
        let value = json!({ HOSTILE: [HOSTILE] });
        let line = json(&value);
        assert!(!line.contains(is_hidden) && line.contains("\\udb40\\udc41"), "{line}");
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), value);
    }
}
