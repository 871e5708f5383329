//! Phone numbers as R58 keeps them.

use crate::digits::are_digits;
use crate::text::{hidden, stored_as_text};
use crate::{Country, Error};

/// A phone number; stored as eight digits if Danish, as `+` and digits (E.164) if not.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Phone {
    text: String,
}

stored_as_text!(Phone, Phone::from_stored);
hidden!(Phone);

impl Phone {
    /// Reads a number as people write it; `home` is the country of the unit that wrote it.
    ///
    /// Spaces, dots, dashes and parentheses go, `00` becomes `+`, and `+45` is dropped. Without a prefix a number is
    /// a national one of `home`. In Sweden and Finland these begin with 0, so eight digits without it are read as
    /// the stored form of a Danish number. Reading a stored number again changes nothing, with one exception:
    /// a Danish one in Norway is read as Norwegian, for both have eight digits; use [`Phone::from_stored`].
    ///
    /// # Errors
    /// [`Error::PhoneShape`], [`Error::PhoneDanish`], [`Error::PhoneNational`] or [`Error::PhoneLength`].
    pub fn parse(text: &str, home: Country) -> Result<Self, Error> {
        let kept: String = text.chars().filter(|c| !is_separator(*c)).collect();
        if kept.starts_with('+') || kept.starts_with("00") {
            // The zero in +46 (0)70 … is dialled at home only.
            let kept: String = text.replace("(0)", "").chars().filter(|c| !is_separator(*c)).collect();
            return Self::international(
                kept.strip_prefix("00").unwrap_or(kept.strip_prefix('+').unwrap_or(&kept)),
            );
        }
        if kept.is_empty() || !are_digits(&kept, kept.len()) {
            return Err(Error::PhoneShape);
        }
        match home {
            Country::Denmark => Self::danish(&kept),
            Country::Norway | Country::Iceland => Self::foreign(home, &kept),
            Country::Sweden | Country::Finland => match kept.strip_prefix('0') {
                Some(national) => Self::foreign(home, national),
                None => Self::danish(&kept).map_err(|_| Error::PhoneNational),
            },
        }
    }

    /// Reads a number in its stored form.
    ///
    /// # Errors
    /// As [`Phone::parse`].
    pub fn from_stored(text: &str) -> Result<Self, Error> {
        Self::parse(text, Country::Denmark)
    }

    /// The number with its prefix, as it is dialled from anywhere (E.164).
    #[must_use]
    pub fn e164(&self) -> String {
        if self.is_danish() { format!("+45{}", self.text) } else { self.text.clone() }
    }

    /// Whether this is a Danish number.
    #[must_use]
    pub fn is_danish(&self) -> bool {
        !self.text.starts_with('+')
    }

    fn danish(digits: &str) -> Result<Self, Error> {
        if are_digits(digits, 8) && !digits.starts_with(['0', '1']) {
            Ok(Self { text: digits.to_owned() })
        } else {
            Err(Error::PhoneDanish)
        }
    }

    /// `digits` is what follows `+` or `00`.
    fn international(digits: &str) -> Result<Self, Error> {
        if !are_digits(digits, digits.len()) || digits.is_empty() || digits.starts_with('0') {
            return Err(Error::PhoneShape);
        }
        for country in Country::ALL {
            let Some(national) = digits.strip_prefix(country.calling_code()) else { continue };
            return match country {
                Country::Denmark => Self::danish(national),
                // Often written by mistake: +46070 …
                Country::Sweden | Country::Finland => {
                    Self::foreign(country, national.strip_prefix('0').unwrap_or(national))
                }
                Country::Norway | Country::Iceland => Self::foreign(country, national),
            };
        }
        if (7..=15).contains(&digits.len()) {
            Ok(Self { text: format!("+{digits}") })
        } else {
            Err(Error::PhoneLength)
        }
    }

    fn foreign(country: Country, national: &str) -> Result<Self, Error> {
        let possible = match country {
            Country::Norway | Country::Denmark => 8..=8,
            Country::Iceland => 7..=9,
            Country::Finland => 5..=12,
            Country::Sweden => 6..=13,
        };
        if !possible.contains(&national.len()) || national.starts_with('0') {
            return Err(Error::PhoneLength);
        }
        Ok(Self { text: format!("+{}{national}", country.calling_code()) })
    }
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, '.' | '-' | '(' | ')' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

#[cfg(test)]
mod tests {
    use super::*;

    // Swedish, British and American numbers are from the series reserved for fiction.
    #[test]
    fn written_and_stored() {
        use Country::{Denmark, Finland, Iceland, Norway, Sweden};
        for (written, home, stored) in [
            ("20203030", Denmark, "20203030"),
            ("+45 20 20 30 30", Denmark, "20203030"),
            ("0045 2020-3030", Denmark, "20203030"),
            ("(+45) 20.20.30.30", Denmark, "20203030"),
            ("20\u{a0}20\u{a0}30\u{a0}30", Denmark, "20203030"),
            ("+45 20 20 30 30", Sweden, "20203030"),
            ("20203030", Sweden, "20203030"),
            ("070-174 06 05", Sweden, "+46701740605"),
            ("0046 70 174 06 05", Denmark, "+46701740605"),
            ("+46 (0)70-174 06 05", Denmark, "+46701740605"),
            ("+46070 174 06 05", Denmark, "+46701740605"),
            ("08\u{2013}465 004 00", Sweden, "+46846500400"),
            ("22 22 33 33", Norway, "+4722223333"),
            ("+47 22 22 33 33", Denmark, "+4722223333"),
            ("040 0000000", Finland, "+358400000000"),
            ("555 0000", Iceland, "+3545550000"),
            ("+44 (0)7700 900123", Denmark, "+447700900123"),
            ("+1 (202) 555-0100", Denmark, "+12025550100"),
        ] {
            assert_eq!(Phone::parse(written, home).unwrap().as_str(), stored, "{written}");
        }
    }

    #[test]
    fn refused() {
        use Country::{Denmark, Norway, Sweden};
        for (written, home, error) in [
            ("", Denmark, Error::PhoneShape),
            ("+", Denmark, Error::PhoneShape),
            ("00", Denmark, Error::PhoneShape),
            ("ring først", Denmark, Error::PhoneShape),
            ("20203030 lokal 12", Denmark, Error::PhoneShape),
            ("++4520203030", Denmark, Error::PhoneShape),
            ("+0 20203030", Denmark, Error::PhoneShape),
            ("12345678", Denmark, Error::PhoneDanish),
            ("+45 12 34 56 78", Sweden, Error::PhoneDanish),
            ("2020303", Denmark, Error::PhoneDanish),
            ("0701740605", Denmark, Error::PhoneDanish),
            ("701740605", Sweden, Error::PhoneNational),
            ("222233334", Norway, Error::PhoneLength),
            ("+12345", Denmark, Error::PhoneLength),
            ("+1234567890123456", Denmark, Error::PhoneLength),
        ] {
            assert_eq!(Phone::parse(written, home), Err(error), "{written}");
        }
    }

    #[test]
    fn dialled_from_anywhere() {
        assert_eq!(Phone::from_stored("20203030").unwrap().e164(), "+4520203030");
        assert_eq!(Phone::from_stored("+46701740605").unwrap().e164(), "+46701740605");
    }
}
