//! The one way to write a JSON document: the JSON Canonicalization Scheme (RFC 8785), without fractions, which no
//! certificate has. They are what makes the scheme hard; the rest stands here, so that no crate is needed for it.

use std::io::Write;

use serde_json::{Number, Value};

use super::CertificateError;

/// The largest integer that every reader of JSON reads exactly: 2^53 - 1 (RFC 7493).
const LARGEST: i64 = (1 << 53) - 1;

/// The canonical bytes.
///
/// # Errors
/// [`CertificateError::Number`] for a fraction or an integer beyond 2^53 - 1.
pub(crate) fn canonical(value: &Value) -> Result<Vec<u8>, CertificateError> {
    let mut out = Vec::new();
    write(value, &mut out)?;
    Ok(out)
}

fn write(value: &Value, out: &mut Vec<u8>) -> Result<(), CertificateError> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(truth) => write!(out, "{truth}").map_err(serde_json::Error::io)?,
        Value::Number(number) => write!(out, "{}", integer(number)?).map_err(serde_json::Error::io)?,
        Value::String(text) => string(text, out)?,
        Value::Array(items) => {
            out.push(b'[');
            for (place, item) in items.iter().enumerate() {
                separate(place, out);
                write(item, out)?;
            }
            out.push(b']');
        }
        Value::Object(members) => {
            // By UTF-16 code units, as JavaScript sorts; the order of the map depends on how serde_json was built.
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by(|(one, _), (other, _)| one.encode_utf16().cmp(other.encode_utf16()));
            out.push(b'{');
            for (place, (name, member)) in members.into_iter().enumerate() {
                separate(place, out);
                string(name, out)?;
                out.push(b':');
                write(member, out)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
}

fn separate(place: usize, out: &mut Vec<u8>) {
    if place > 0 {
        out.push(b',');
    }
}

/// `serde_json` escapes exactly what RFC 8785 says, and in the same way.
fn string(text: &str, out: &mut Vec<u8>) -> Result<(), CertificateError> {
    Ok(serde_json::to_writer(out, text)?)
}

fn integer(number: &Number) -> Result<i64, CertificateError> {
    number.as_i64().filter(|value| (-LARGEST..=LARGEST).contains(value)).ok_or(CertificateError::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> String {
        String::from_utf8(canonical(&serde_json::from_str(json).unwrap()).unwrap()).unwrap()
    }

    #[test]
    fn strings_and_literals_are_written_as_in_the_example_of_rfc_8785() {
        // Section 3.2.2, without its fractions.
        assert_eq!(
            of(
                r#"{"string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false]}"#
            ),
            r#"{"literals":[null,true,false],"string":"€$\u000f\nA'B\"\\\\\"/"}"#
        );
    }

    #[test]
    fn members_are_sorted_as_in_the_example_of_rfc_8785() {
        // Section 3.2.3.
        let json =
            r#"{"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\ud83d\ude00": 5, "\u0080": 6, "\u00f6": 7}"#;
        assert_eq!(of(json), "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"ö\":7,\"€\":1,\"😀\":5,\"\u{fb33}\":3}");
    }

    #[test]
    fn only_integers_that_every_reader_reads_exactly_are_written() {
        assert_eq!(of("[9007199254740991, -9007199254740991, 0]"), "[9007199254740991,-9007199254740991,0]");
        for json in ["9007199254740992", "-9007199254740992", "1.5", "1e3", "18446744073709551615", "-0"] {
            let value = serde_json::from_str(json).unwrap();
            assert!(matches!(canonical(&value), Err(CertificateError::Number)), "{json}");
        }
    }
}
