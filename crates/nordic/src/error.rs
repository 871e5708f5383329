//! Why a text was refused.

/// Why a text is not the number, address or code it was read as; never repeats the text itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not eight digits.
    #[error("A CVR number has 8 digits; give it with or without spaces and the prefix DK.")]
    CvrShape,
    /// The first digit is 0.
    #[error("A CVR number never begins with 0; check the first digit.")]
    CvrLeadingZero,
    /// The weighted sum is not divisible by 11.
    #[error("The CVR number does not pass its check (modulus 11); check the digits.")]
    CvrChecksum,
    /// Not ten digits.
    #[error("A P-number has 10 digits; give it with or without spaces.")]
    PNumberShape,
    /// Not ten digits.
    #[error("A Swedish organisationsnummer has 10 digits; write it as NNNNNN-NNNN.")]
    OrganisationsnummerShape,
    /// The Luhn check fails.
    #[error("The organisationsnummer does not pass its check (Luhn); check the digits.")]
    OrganisationsnummerChecksum,
    /// The third digit is 0 or 1, as in the personnummer of a sole trader.
    #[error(
        "This organisationsnummer is a sole trader's personnummer; register it as personal, \
         not as the number of a legal person."
    )]
    OrganisationsnummerPersonal,
    /// Not ten digits.
    #[error("A CPR number has 10 digits; write it as DDMMYY-SSSS.")]
    CprShape,
    /// The first six digits are no date in the century that the seventh digit names.
    #[error("The CPR number does not begin with a possible date of birth; check the first seven digits.")]
    CprDate,
    /// Neither ten nor twelve digits, or an unknown separator.
    #[error("A Swedish personnummer has 10 or 12 digits; write it as YYMMDD-SSSS or YYYYMMDD-SSSS.")]
    PersonnummerShape,
    /// The first digits are no date.
    #[error("The personnummer does not begin with a possible date of birth; check the year, month and day.")]
    PersonnummerDate,
    /// The Luhn check fails.
    #[error("The personnummer does not pass its check (Luhn); check the digits.")]
    PersonnummerChecksum,
    /// Something else than digits, separators and a leading `+`.
    #[error(
        "A phone number has digits, spaces, dots, dashes, parentheses and at most one leading +; remove the rest."
    )]
    PhoneShape,
    /// A Danish number that is not `[2-9]` and seven digits.
    #[error(
        "A Danish phone number has 8 digits and begins with 2 to 9; check it, or begin a foreign number with +."
    )]
    PhoneDanish,
    /// A number without prefix that is no national number of the home country.
    #[error(
        "The phone number is no national number of this country; begin a foreign number with + and the country's code."
    )]
    PhoneNational,
    /// Too short or too long for its country or for E.164.
    #[error("The phone number has too few or too many digits for its country; check it.")]
    PhoneLength,
    /// Not one local part, one `@` and one domain name.
    #[error("An e-mail address is written name@domain.tld, at most 254 characters; check it.")]
    EmailShape,
    /// Not one of the codes this system knows.
    #[error("The country code is unknown; use DK, SE, NO, FI or IS.")]
    CountryUnknown,
}
