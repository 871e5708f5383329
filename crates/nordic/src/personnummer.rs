//! The Swedish personal identity number.

use chrono::{Datelike, NaiveDate};

use crate::Error;
use crate::digits::{are_digits, pass_luhn, value};
use crate::text::{hidden, stored_as_text};

/// A personnummer or samordningsnummer (day + 60; of somebody whose day of birth is not known the day is 60, and the
/// month 00 if that is not known either).
///
/// Stored as it says most: `YYMMDD-SSSS`, `YYMMDD+SSSS` (the person has turned 100) or `YYYYMMDD-SSSS`. The short
/// form fixes the century only together with a date, so the forms are not turned into each other here; compare
/// people by [`Personnummer::ten_digits`].
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Personnummer {
    text: String,
}

stored_as_text!(Personnummer, Personnummer::parse);
hidden!(Personnummer);

impl Personnummer {
    /// Reads ten or twelve digits with `-`, `+`, a space or nothing before the last four.
    ///
    /// # Errors
    /// [`Error::PersonnummerShape`], [`Error::PersonnummerDate`] or [`Error::PersonnummerChecksum`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let (before, serial) = text
            .len()
            .checked_sub(4)
            .and_then(|at| text.split_at_checked(at))
            .ok_or(Error::PersonnummerShape)?;
        let date = before.strip_suffix(['-', '+', ' ']).unwrap_or(before);
        let long = are_digits(date, 8);
        if !are_digits(serial, 4) || !(long || are_digits(date, 6)) {
            return Err(Error::PersonnummerShape);
        }
        let month_and_day = date.get(date.len() - 4..).unwrap_or_default();
        let year = value(date.get(..date.len() - 4));
        let possible = match (long, leaves_open(month_and_day)) {
            (true, _) if !(1800..2100).contains(&year) => false,
            (_, true) => true,
            (true, false) => calendar_date(year, month_and_day).is_some(),
            (false, false) => [1800, 1900, 2000]
                .into_iter()
                .any(|century| calendar_date(century + year, month_and_day).is_some()),
        };
        if !possible {
            return Err(Error::PersonnummerDate);
        }
        let separator = if before.ends_with('+') && !long { '+' } else { '-' };
        let personnummer = Self { text: format!("{date}{separator}{serial}") };
        if pass_luhn(&personnummer.ten_digits()) {
            Ok(personnummer)
        } else {
            Err(Error::PersonnummerChecksum)
        }
    }

    /// The ten digits `YYMMDDSSSS`, the same for every written form.
    #[must_use]
    pub fn ten_digits(&self) -> String {
        let digits: String = self.text.chars().filter(char::is_ascii_digit).collect();
        digits.get(digits.len().saturating_sub(10)..).unwrap_or_default().to_owned()
    }

    /// What may be shown without a reveal: `YYMMDD-****`, or `YYMMDD+****` for a number written so.
    #[must_use]
    pub fn masked(&self) -> String {
        let separator = if self.text.contains('+') { '+' } else { '-' };
        format!("{}{separator}****", self.ten_digits().get(..6).unwrap_or_default())
    }

    /// The last four digits.
    #[must_use]
    pub fn serial(&self) -> &str {
        self.text.get(self.text.len().saturating_sub(4)..).unwrap_or_default()
    }

    /// Whether this is a samordningsnummer (day + 60, or 60).
    #[must_use]
    pub fn is_samordningsnummer(&self) -> bool {
        value(self.ten_digits().get(4..6)) >= 60
    }

    /// The date of birth as the number is understood on the day `on`; none if that year had no such day, or if the
    /// number leaves month or day open.
    ///
    /// A short number with `-` is younger than 100 in the year of `on`, one with `+` has turned 100 by then.
    #[must_use]
    pub fn birth_date(&self, on: NaiveDate) -> Option<NaiveDate> {
        let digits = self.ten_digits();
        let month_and_day = digits.get(2..6)?;
        if are_digits(self.text.get(..8)?, 8) {
            return calendar_date(value(self.text.get(..4)), month_and_day);
        }
        let this_year = u32::try_from(on.year()).ok()?;
        let age = (this_year + 100 - value(digits.get(..2))) % 100;
        let older = if self.text.contains('+') { 100 } else { 0 };
        calendar_date(this_year.checked_sub(age + older)?, month_and_day)
    }
}

/// Whether the date is one of a samordningsnummer that leaves the day open (60), or month and day (00 and 60 or more).
fn leaves_open(month_and_day: &str) -> bool {
    let (month, day) = (value(month_and_day.get(..2)), value(month_and_day.get(2..)));
    (day == 60 && month <= 12) || (month == 0 && (60..=91).contains(&day))
}

fn calendar_date(year: u32, month_and_day: &str) -> Option<NaiveDate> {
    let day = value(month_and_day.get(2..));
    let day = if day > 60 { day - 60 } else { day };
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, value(month_and_day.get(..2)), day)
}

#[cfg(test)]
mod tests {
    use super::*;

    // 811218-9876 is the example number of the Swedish tax agency's own leaflet (SKV 704).
    #[test]
    fn every_written_form() {
        for (written, stored) in [
            ("811218-9876", "811218-9876"),
            ("8112189876", "811218-9876"),
            (" 811218 9876 ", "811218-9876"),
            ("811218+9876", "811218+9876"),
            ("19811218-9876", "19811218-9876"),
            ("198112189876", "19811218-9876"),
        ] {
            let number = Personnummer::parse(written).unwrap();
            assert_eq!(number.as_str(), stored);
            assert_eq!(Personnummer::parse(stored).unwrap(), number);
            assert_eq!(number.ten_digits(), "8112189876");
            assert_eq!(number.serial(), "9876");
        }
    }

    #[test]
    fn masked() {
        assert_eq!(Personnummer::parse("811218+9876").unwrap().masked(), "811218+****");
        assert_eq!(Personnummer::parse("19811218-9876").unwrap().masked(), "811218-****");
    }

    #[test]
    fn refused() {
        for written in ["", "1", "811218-987", "811218--9876", "0811218-9876", "81121å9876", "811218*9876"] {
            assert_eq!(Personnummer::parse(written), Err(Error::PersonnummerShape), "{written}");
        }
        for written in [
            "811318-9876",
            "811232-9876",
            "811200-9876",
            "811360-9876",
            "810031-9876",
            "810092-9876",
            "171218-09876",
            "17811218-9876",
            "17811260-9876",
        ] {
            assert!(
                matches!(
                    Personnummer::parse(written),
                    Err(Error::PersonnummerDate | Error::PersonnummerShape)
                ),
                "{written}"
            );
        }
        assert_eq!(Personnummer::parse("811218-9877"), Err(Error::PersonnummerChecksum));
    }

    #[test]
    fn samordningsnummer_and_dates() {
        let today = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
        let born =
            |written: &str| Personnummer::parse(written).unwrap().birth_date(today).map(|d| d.to_string());
        assert_eq!(born("811218-9876").unwrap(), "1981-12-18");
        assert_eq!(born("811218+9876").unwrap(), "1881-12-18");
        assert_eq!(born("18811218-9876").unwrap(), "1881-12-18");
        let coordination = Personnummer::parse("811278-9873").unwrap();
        assert!(coordination.is_samordningsnummer());
        assert_eq!(coordination.birth_date(today).unwrap().to_string(), "1981-12-18");
    }
    #[test]
    fn a_samordningsnummer_may_leave_month_and_day_open() {
        let today = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
        for date in ["810060", "811260", "810078", "19810060"] {
            let numbers: Vec<_> =
                (0..10).filter_map(|check| Personnummer::parse(&format!("{date}-123{check}")).ok()).collect();
            assert_eq!(numbers.len(), 1, "{date}: one check digit fits");
            assert!(numbers[0].is_samordningsnummer());
            assert_eq!(numbers[0].birth_date(today), None);
            assert!(numbers[0].masked().starts_with(&date[date.len() - 6..]));
        }
    }
}
