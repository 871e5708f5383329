//! Numbers of Danish companies: CVR (legal unit) and P-number (production unit). R1, R4.

use crate::Error;
use crate::digits::{are_digits, weighted_sum, without_spaces};
use crate::text::{shown, stored_as_text};

/// The number of a Danish legal unit; stored as eight digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cvr {
    text: String,
}

stored_as_text!(Cvr, Cvr::parse);
shown!(Cvr);

impl Cvr {
    const WEIGHTS: [u32; 8] = [2, 7, 6, 5, 4, 3, 2, 1];

    /// Reads a CVR number, with or without spaces and the prefix `DK`.
    ///
    /// # Errors
    /// [`Error::CvrShape`], [`Error::CvrLeadingZero`] or [`Error::CvrChecksum`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mut digits = without_spaces(text);
        if digits.get(..2).is_some_and(|prefix| prefix.eq_ignore_ascii_case("DK")) {
            digits.drain(..2);
        }
        if !are_digits(&digits, 8) {
            return Err(Error::CvrShape);
        }
        if digits.starts_with('0') {
            return Err(Error::CvrLeadingZero);
        }
        if !weighted_sum(&digits, &Self::WEIGHTS).is_multiple_of(11) {
            return Err(Error::CvrChecksum);
        }
        Ok(Self { text: digits })
    }
}

/// The number of a Danish production unit; stored as ten digits.
///
/// There is no check sum: part of the real series does not follow one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PNumber {
    text: String,
}

stored_as_text!(PNumber, PNumber::parse);
shown!(PNumber);

impl PNumber {
    /// Reads a P-number, with or without spaces.
    ///
    /// # Errors
    /// [`Error::PNumberShape`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let digits = without_spaces(text);
        if are_digits(&digits, 10) { Ok(Self { text: digits }) } else { Err(Error::PNumberShape) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cvr_examples() {
        for written in
            ["13748136", " 13 74 81 36 ", "DK13748136", "dk 13748136", "DK\u{a0}13\u{a0}748\u{a0}136"]
        {
            assert_eq!(Cvr::parse(written).unwrap().as_str(), "13748136", "{written}");
        }
        let refused = [
            ("", Error::CvrShape),
            ("DK", Error::CvrShape),
            ("1374813", Error::CvrShape),
            ("137481360", Error::CvrShape),
            ("SE13748136", Error::CvrShape),
            ("1374813６", Error::CvrShape),
            ("13748137", Error::CvrChecksum),
            ("00000000", Error::CvrLeadingZero),
        ];
        for (written, error) in refused {
            assert_eq!(Cvr::parse(written), Err(error), "{written}");
        }
    }

    #[test]
    fn p_number_examples() {
        assert_eq!(PNumber::parse("99 0000 0001").unwrap().as_str(), "9900000001");
        assert_eq!(PNumber::parse("990000000"), Err(Error::PNumberShape));
        assert_eq!(PNumber::parse("99000000-01"), Err(Error::PNumberShape));
    }
}
