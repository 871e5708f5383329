//! The cells of a row, and why one of them refuses it.

use lethe_kernel::{ErrorCode, Patch};
use lethe_nordic::Country;
use lethe_tabular::{Mapping, Row};

/// The cells of a row, by column.
pub(super) struct Cells<'a> {
    pub(super) row: &'a Row,
    mapping: &'a Mapping,
}

impl<'a> Cells<'a> {
    pub(super) fn new(row: &'a Row, mapping: &'a Mapping) -> Self {
        Self { row, mapping }
    }

    pub(super) fn text(&self, column: &str) -> Option<&str> {
        self.mapping.get(self.row, column)
    }

    pub(super) fn owned(&self, column: &str) -> Option<String> {
        self.text(column).map(str::to_owned)
    }

    pub(super) fn patch(&self, column: &str) -> Patch<String> {
        self.owned(column).map_or(Patch::Keep, Patch::Set)
    }
}

/// The country whose company numbers look like this: a CVR number has 8 digits, an organisationsnummer 10 or 12.
pub(super) fn country_of_number(number: &str) -> Option<Country> {
    let digits: String = number
        .trim()
        .trim_start_matches(['D', 'K', 'd', 'k'])
        .chars()
        .filter(|c| !" -.\u{a0}".contains(*c))
        .collect();
    match digits.len() {
        _ if !digits.chars().all(|c| c.is_ascii_digit()) => None,
        8 => Some(Country::Denmark),
        10 | 12 => Some(Country::Sweden),
        _ => None,
    }
}

/// Why a row is refused before it is a command.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: &'static str,
    pub(super) column: Option<&'static str>,
}

impl Refusal {
    pub(super) fn at(code: ErrorCode, column: &'static str) -> Self {
        Self { code: code.name(), column: Some(column) }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::import::{ImportKind, vocabulary};

    /// The cells of a one-row file.
    pub(in crate::import) fn with_cells<R>(
        kind: ImportKind,
        row: &[(&str, &str)],
        read: impl FnOnce(&Cells<'_>) -> R,
    ) -> R {
        let headers: Vec<String> = row.iter().map(|(column, _)| (*column).to_owned()).collect();
        let columns: Vec<_> = vocabulary(kind)
            .columns
            .iter()
            .map(|column| lethe_tabular::Column { required: false, ..*column })
            .collect();
        let mapping = Mapping::guess(&headers, &columns, &[]).unwrap();
        let row = Row { number: 7, cells: row.iter().map(|(_, cell)| (*cell).to_owned()).collect() };
        read(&Cells { row: &row, mapping: &mapping })
    }

    #[test]
    fn numbers_tell_their_country() {
        for (number, country) in [
            ("DK 99 65 50 62", Some(Country::Denmark)),
            ("99655062", Some(Country::Denmark)),
            ("596296-2683", Some(Country::Sweden)),
            ("165962962683", Some(Country::Sweden)),
            ("NO 123", None),
            ("", None),
        ] {
            assert_eq!(country_of_number(number), country, "{number}");
        }
    }
}
