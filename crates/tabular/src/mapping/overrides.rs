//! What the person who imports says about headers, before anything is guessed.

use super::{Column, fold};
use crate::Error;

/// The column's name per header, as far as the overrides tell.
pub(super) fn apply(
    folded: &[String],
    vocabulary: &[Column],
    overrides: &[(String, String)],
) -> Result<Vec<Option<&'static str>>, Error> {
    let mut columns = vec![None; folded.len()];
    for (number, (header, name)) in (1..).zip(overrides) {
        let column = vocabulary.iter().find(|column| column.name == name).ok_or_else(|| {
            let names: Vec<&str> = vocabulary.iter().map(|column| column.name).collect();
            Error::UnknownColumn { number, expected: names.join(", ") }
        })?;
        let index = only(folded, &fold(header)).ok_or(Error::UnknownHeader { number })?;
        let other = columns.iter().position(|taken| *taken == Some(column.name));
        if let Some(other) = other.filter(|&other| other != index) {
            let headers = [other, index].map(|index| format!("column {}", index + 1)).to_vec();
            return Err(Error::AmbiguousColumn { column: column.name.to_owned(), headers });
        }
        if let Some(slot) = columns.get_mut(index) {
            *slot = Some(column.name);
        }
    }
    Ok(columns)
}

/// Where a header is, if it is there exactly once.
fn only(folded: &[String], header: &str) -> Option<usize> {
    let mut found = folded.iter().enumerate().filter(|(_, folded)| *folded == header && !header.is_empty());
    let (index, _) = found.next()?;
    found.next().is_none().then_some(index)
}
