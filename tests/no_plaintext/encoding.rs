//! The forms in which a text may be left behind.

use std::collections::BTreeSet;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};

/// Every form of a text, in its own, small and capital letters. The search itself ignores the case of ASCII.
pub(crate) fn forms(text: &str) -> BTreeSet<(&'static str, Vec<u8>)> {
    [text.to_owned(), text.to_lowercase(), text.to_uppercase()].iter().flat_map(|text| of(text)).collect()
}

fn of(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let utf16: Vec<u16> = text.encode_utf16().collect();
    let mut forms = vec![
        ("UTF-8", text.as_bytes().to_vec()),
        ("UTF-16LE", utf16.iter().flat_map(|unit| unit.to_le_bytes()).collect()),
        ("UTF-16BE", utf16.iter().flat_map(|unit| unit.to_be_bytes()).collect()),
        ("JSON", json(text).into_bytes()),
        ("percent", percent(text).into_bytes()),
        ("hex", hex(text.as_bytes()).into_bytes()),
    ];
    forms.extend(base64(text.as_bytes()).map(|bytes| ("base64", bytes)));
    if let Some(latin1) = text.chars().map(|c| u8::try_from(c).ok()).collect::<Option<Vec<u8>>>() {
        forms.push(("hex of Latin-1", hex(&latin1).into_bytes()));
        forms.extend(base64(&latin1).map(|bytes| ("base64 of Latin-1", bytes)));
        forms.push(("Latin-1", latin1));
    }
    forms
}

fn json(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_ascii() { c.to_string() } else { format!("\\u{:04x}", u32::from(c)) })
        .collect()
}

fn percent(text: &str) -> String {
    text.bytes()
        .map(
            |byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            },
        )
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// What of base64 depends on these bytes alone, at each of the three places where they may begin in a group.
fn base64(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    [0, 1, 2].into_iter().flat_map(move |before| {
        let padded = [&[0; 2][..before], bytes].concat();
        let (first, end) = ((before * 8).div_ceil(6), padded.len() * 8 / 6);
        [BASE64_STANDARD_NO_PAD.encode(&padded), BASE64_URL_SAFE_NO_PAD.encode(&padded)]
            .map(|text| text.as_bytes()[first..end].to_vec())
    })
}
