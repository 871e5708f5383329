//! What can be done to a value in a JSON text.

use std::ops::Range;

use lethe_tlog::Hash;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::text::{Span, spans};

/// Values that are put where others stand: hashes and numbers that could be there, and what no field holds.
const VALUES: [&str; 30] = [
    "null",
    "true",
    "0",
    "1",
    "2",
    "44",
    "256",
    "300",
    "-0",
    "-1",
    "1.0",
    "1e2",
    "1e999",
    "NaN",
    "18446744073709551615",
    "18446744073709551616",
    "\"\"",
    "\"x\"",
    "\"\\ud800\"",
    "\"\\u0000\"",
    "\"A\\u030a\\u202e\"",
    "[]",
    "{}",
    "[[1]]",
    "\"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\"",
    "\"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=\"",
    "\"00000000-0000-0000-0000-000000000ABC\"",
    "{\"kind\":\"all\"}",
    "{\"kind\":\"range\",\"from\":2,\"until\":9}",
    "\"range\"",
];

/// What is done to a value.
#[derive(Clone, Debug)]
pub(crate) enum Edit {
    Value(&'static str),
    Other(Index),
    Near(i64),
    Drop,
    Double,
    Add(&'static str),
    List,
    Upper,
    Spaces,
    Last,
}

pub(super) fn edits() -> impl Strategy<Value = Edit> {
    prop_oneof![
        6 => select(&VALUES[..]).prop_map(Edit::Value),
        3 => any::<Index>().prop_map(Edit::Other),
        3 => (-2..3_i64).prop_map(Edit::Near),
        2 => Just(Edit::Drop),
        2 => Just(Edit::Double),
        2 => select(&["\"more\":1,", "\"\":null,", "\"from\":1,", "\"id\":null,", "\"\\ud800\":1,"][..]).prop_map(Edit::Add),
        2 => Just(Edit::List),
        2 => Just(Edit::Upper),
        1 => Just(Edit::Spaces),
        1 => Just(Edit::Last),
    ]
}

/// Edits a value of a JSON text: four times out of five one that is a field.
pub(super) fn edit(bytes: &mut Vec<u8>, at: Index, how: &Edit) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut found = spans(text);
    if !at.index(5).is_multiple_of(5) && found.iter().any(Span::is_field) {
        found.retain(Span::is_field);
    }
    if !found.is_empty() {
        let (range, new) = edited(text, &found, at.get(&found).clone(), how);
        bytes.splice(range, new.into_bytes());
    }
}

/// A part of a text, and what is to stand there instead.
fn edited(text: &str, found: &[Span], span: Span, how: &Edit) -> (Range<usize>, String) {
    let (value, field) = (text[span.value.clone()].to_owned(), text[span.field.clone()].to_owned());
    let begin = usize::from(value.starts_with('{'));
    match how {
        Edit::Value(new) => (span.value, (*new).to_owned()),
        Edit::Other(other) => (span.value, text[other.get(found).value.clone()].to_owned()),
        Edit::Near(by) => {
            let near = value.parse::<i64>().map_or(value, |number| (number + by).to_string());
            (span.value, near)
        }
        Edit::Drop => (
            span.field.start..span.field.end + usize::from(text[span.field.end..].starts_with(',')),
            String::new(),
        ),
        Edit::Double => (span.field.end..span.field.end, format!(",{field}")),
        Edit::Add(more) => (span.value.start + begin..span.value.start + begin, (*more).to_owned()),
        Edit::List => {
            let fields = spans(&value);
            let inner =
                fields.iter().filter(|inner| inner.is_field()).map(|inner| &value[inner.value.clone()]);
            (span.value, format!("[{}]", inner.collect::<Vec<_>>().join(",")))
        }
        Edit::Upper => (span.value, value.to_uppercase()),
        Edit::Spaces => (span.value, format!(" {value}\t")),
        Edit::Last => {
            let rest = text[span.field.end..].to_owned();
            let moved = match (rest.strip_prefix(','), rest.find('}')) {
                (Some(after), Some(end)) => format!("{},{field}{}", &after[..end - 1], &rest[end..]),
                _ => format!("{field}{rest}"),
            };
            (span.field.start..text.len(), moved)
        }
    }
}

/// A hash that could stand anywhere.
#[test]
fn the_hash_among_the_values_is_one() {
    assert!(VALUES[24].trim_matches('"').parse::<Hash>().is_ok());
}
