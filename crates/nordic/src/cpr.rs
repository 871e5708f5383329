//! The Danish civil registration number. R7, R9.

use chrono::NaiveDate;

use crate::Error;
use crate::digits::{are_digits, value, weighted_sum};
use crate::text::{hidden, stored_as_text};

/// A CPR number; stored as `DDMMYY-SSSS`.
///
/// Replacement numbers (day + 60), which administrations give to people without a CPR number, are accepted.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Cpr {
    text: String,
    birth_date: NaiveDate,
}

stored_as_text!(Cpr, Cpr::parse);
hidden!(Cpr);

impl Cpr {
    const WEIGHTS: [u32; 10] = [4, 3, 2, 7, 6, 5, 4, 3, 2, 1];

    /// Reads `DDMMYY-SSSS`, with a dash, a space or nothing between the parts.
    ///
    /// Modulus 11 is not asked for: since 2007 numbers are given out that do not follow it.
    ///
    /// # Errors
    /// [`Error::CprShape`] or [`Error::CprDate`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let (date, rest) = text.trim().split_at_checked(6).ok_or(Error::CprShape)?;
        let serial = rest.strip_prefix(['-', ' ']).unwrap_or(rest);
        if !are_digits(date, 6) || !are_digits(serial, 4) {
            return Err(Error::CprShape);
        }
        let birth_date = birth_date(date, serial).ok_or(Error::CprDate)?;
        Ok(Self { text: format!("{date}-{serial}"), birth_date })
    }

    /// The first six digits, `DDMMYY`.
    #[must_use]
    pub fn date_part(&self) -> &str {
        self.text.get(..6).unwrap_or_default()
    }

    /// The last four digits.
    #[must_use]
    pub fn serial(&self) -> &str {
        self.text.get(7..).unwrap_or_default()
    }

    /// What may be shown without a reveal: `DDMMYY-****` (R7).
    #[must_use]
    pub fn masked(&self) -> String {
        format!("{}-****", self.date_part())
    }

    /// The date of birth; the seventh digit names the century.
    #[must_use]
    pub fn birth_date(&self) -> NaiveDate {
        self.birth_date
    }

    /// Whether this is a replacement number (day + 60).
    #[must_use]
    pub fn is_replacement(&self) -> bool {
        value(self.text.get(..2)) > 60
    }

    /// Whether the number passes modulus 11: a pass raises confidence, a miss is no error.
    #[must_use]
    pub fn passes_modulus_11(&self) -> bool {
        let digits = self.text.replace('-', "");
        weighted_sum(&digits, &Self::WEIGHTS).is_multiple_of(11)
    }
}

fn birth_date(date: &str, serial: &str) -> Option<NaiveDate> {
    let day = value(date.get(..2));
    let day = if day > 60 { day - 60 } else { day };
    let month = value(date.get(2..4));
    let year = value(date.get(4..6));
    let century = match (value(serial.get(..1)), year) {
        (4 | 9, ..=36) | (5..=8, ..=57) => 2000,
        (5..=8, _) => 1800,
        _ => 1900,
    };
    NaiveDate::from_ymd_opt(i32::try_from(century + year).ok()?, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn born(written: &str) -> String {
        Cpr::parse(written).unwrap().birth_date().to_string()
    }

    #[test]
    fn seventh_digit_names_the_century() {
        assert_eq!(born("010199-3000"), "1999-01-01");
        assert_eq!(born("010100-0000"), "1900-01-01");
        assert_eq!(born("010136-4000"), "2036-01-01");
        assert_eq!(born("010137-4000"), "1937-01-01");
        assert_eq!(born("010136-9000"), "2036-01-01");
        assert_eq!(born("010137-9000"), "1937-01-01");
        assert_eq!(born("010157-5000"), "2057-01-01");
        assert_eq!(born("010158-5000"), "1858-01-01");
        assert_eq!(born("010157-8000"), "2057-01-01");
        assert_eq!(born("010158-8000"), "1858-01-01");
    }

    #[test]
    fn every_written_form_is_stored_alike() {
        for written in ["010158-5123", "0101585123", " 010158 5123 "] {
            let cpr = Cpr::parse(written).unwrap();
            assert_eq!(cpr.as_str(), "010158-5123");
            assert_eq!((cpr.date_part(), cpr.serial()), ("010158", "5123"));
            assert_eq!(cpr.masked(), "010158-****");
        }
    }

    #[test]
    fn refused() {
        for written in
            ["", "010158-512", "010158-51234", "010158+5123", "0101a8-5123", "æøåæøå", "010158--5123"]
        {
            assert_eq!(Cpr::parse(written), Err(Error::CprShape), "{written}");
        }
        // 2000 was a leap year, 1900 was none; 60 and 92 are no days.
        assert!(Cpr::parse("290200-4000").is_ok());
        for written in [
            "290200-0000",
            "320158-5123",
            "311158-5123",
            "010058-5123",
            "000158-5123",
            "600158-5123",
            "920158-5123",
        ] {
            assert_eq!(Cpr::parse(written), Err(Error::CprDate), "{written}");
        }
    }

    #[test]
    fn replacement_numbers() {
        let cpr = Cpr::parse("610158-5123").unwrap();
        assert!(cpr.is_replacement());
        assert_eq!(cpr.birth_date().to_string(), "1858-01-01");
        assert!(!Cpr::parse("310158-5123").unwrap().is_replacement());
    }

    #[test]
    fn modulus_11_is_told_but_not_asked_for() {
        // 1·3 + 1·7 + 5·6 + 8·5 + 5·4 + 1·2 + 8·1 = 110.
        assert!(Cpr::parse("010158-5018").unwrap().passes_modulus_11());
        assert!(!Cpr::parse("010158-5019").unwrap().passes_modulus_11());
        assert!(!Cpr::parse("010158-5081").unwrap().passes_modulus_11());
    }
}
