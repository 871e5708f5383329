//! The Swedish organisation number.

use crate::digits::{are_digits, pass_luhn};
use crate::text::{shown, stored_as_text};
use crate::{Error, Personnummer};

/// The number of a Swedish legal person; stored as `NNNNNN-NNNN`.
///
/// The third digit is 2 or more, which no personnummer has. A sole trader is entered under a personnummer; to read
/// a number that may be either, use [`SwedishOrganisation::parse`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Organisationsnummer {
    text: String,
}

stored_as_text!(Organisationsnummer, Organisationsnummer::parse);
shown!(Organisationsnummer);

impl Organisationsnummer {
    /// Reads ten digits, with or without spaces and the dash; also twelve with the tax agency's prefix 16.
    ///
    /// # Errors
    /// [`Error::OrganisationsnummerShape`], [`Error::OrganisationsnummerPersonal`] or
    /// [`Error::OrganisationsnummerChecksum`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let digits: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        let digits = if digits.len() == 12 { digits.strip_prefix("16").unwrap_or(&digits) } else { &digits };
        if !are_digits(digits, 10) {
            return Err(Error::OrganisationsnummerShape);
        }
        if digits.get(2..3) < Some("2") {
            return Err(Error::OrganisationsnummerPersonal);
        }
        if !pass_luhn(digits) {
            return Err(Error::OrganisationsnummerChecksum);
        }
        let (start, end) = digits.split_at_checked(6).ok_or(Error::OrganisationsnummerShape)?;
        Ok(Self { text: format!("{start}-{end}") })
    }
}

/// Who stands behind a Swedish organisation number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SwedishOrganisation {
    /// A legal person: the number is public.
    LegalPerson(Organisationsnummer),
    /// A sole trader: the number is a personnummer and to be sealed and masked as one.
    SoleTrader(Personnummer),
}

impl SwedishOrganisation {
    /// Reads the number of a legal person or of a sole trader.
    ///
    /// # Errors
    /// The errors of [`Organisationsnummer::parse`], or those of [`Personnummer::parse`] if the number is a sole
    /// trader's.
    pub fn parse(text: &str) -> Result<Self, Error> {
        match Organisationsnummer::parse(text) {
            Ok(number) => Ok(Self::LegalPerson(number)),
            Err(Error::OrganisationsnummerPersonal) => Personnummer::parse(text).map(Self::SoleTrader),
            Err(Error::OrganisationsnummerShape) => {
                Personnummer::parse(text).map(Self::SoleTrader).map_err(|error| match error {
                    Error::PersonnummerShape => Error::OrganisationsnummerShape,
                    other => other,
                })
            }
            Err(error) => Err(error),
        }
    }

    /// Whether the number belongs to a person.
    #[must_use]
    pub fn is_personal(&self) -> bool {
        matches!(self, Self::SoleTrader(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_written_form() {
        for written in ["599999-9997", "5999999997", " 599999 - 9997 ", "165999999997"] {
            assert_eq!(Organisationsnummer::parse(written).unwrap().as_str(), "599999-9997", "{written}");
        }
    }

    #[test]
    fn refused() {
        for (written, error) in [
            ("599999-999", Error::OrganisationsnummerShape),
            ("59999a-9997", Error::OrganisationsnummerShape),
            ("175999999997", Error::OrganisationsnummerShape),
            ("599999-9998", Error::OrganisationsnummerChecksum),
            ("811218-9876", Error::OrganisationsnummerPersonal),
        ] {
            assert_eq!(Organisationsnummer::parse(written), Err(error), "{written}");
        }
    }

    #[test]
    fn a_sole_trader_is_told_from_a_legal_person() {
        assert!(!SwedishOrganisation::parse("599999-9997").unwrap().is_personal());
        for written in ["811218-9876", "8112189876", "19811218-9876"] {
            let sole_trader = SwedishOrganisation::parse(written).unwrap();
            assert!(sole_trader.is_personal());
            assert_eq!(format!("{sole_trader:?}"), "SoleTrader(Personnummer(…))");
        }
        assert_eq!(SwedishOrganisation::parse("811218-9877"), Err(Error::PersonnummerChecksum));
        assert_eq!(SwedishOrganisation::parse("x"), Err(Error::OrganisationsnummerShape));
    }
}
