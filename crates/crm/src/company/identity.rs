//! What a company is known by, and the id that follows from it.

use lethe_kernel::{CompanyId, ErrorCode, Personal, Subject, UserError, codes, personal_text};
use lethe_nordic::{Country, Cvr, Personnummer, SwedishOrganisation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

const NAMESPACE: Uuid = Uuid::from_u128(0x6c65_7468_655f_636f_6d70_616e_7900_0001);

/// Country, scheme and number; never changes (R1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    /// The country of the register.
    pub country: Country,
    /// The kind of number.
    pub scheme: Scheme,
    /// The number.
    pub number: Number,
}

codes! {
    /// The kind of number under which a country registers companies.
    pub enum Scheme {
        /// Denmark's CVR number.
        Cvr = "CVR",
        /// Sweden's organisationsnummer.
        Organisationsnummer = "ORGANISATIONSNUMMER",
        /// The register number of Norway, Finland or Iceland.
        RegisterNumber = "REGISTER_NUMBER",
    }
}

/// The number of a company.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Number {
    /// A public number, in stored form.
    #[serde(rename = "public")]
    Public(String),
    /// The personnummer of a Swedish sole trader.
    #[serde(rename = "sealed")]
    Personal(SealedNumber),
}

/// A personnummer, sealed as two values for the sole proprietor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SealedNumber {
    /// All but the last four digits.
    pub date: Personal<NumberDate>,
    /// The last four digits.
    pub serial: Personal<NumberSerial>,
}

personal_text! {
    /// What comes before the last four digits of a personnummer: `YYMMDD-`, `YYMMDD+` or `YYYYMMDD-`.
    NumberDate = "company.number_date",
    /// The last four digits of a personnummer; no listing ever opens them (R7).
    NumberSerial = "company.number_serial",
}

impl NumberDate {
    /// What may be shown without a reveal: `YYMMDD-****`, or `YYMMDD+****`.
    #[must_use]
    pub fn masked(&self) -> String {
        let short = self.0.len().checked_sub(7).and_then(|at| self.0.get(at..)).unwrap_or(&self.0);
        format!("{short}****")
    }
}

impl Scheme {
    /// The scheme of a country.
    #[must_use]
    pub const fn of(country: Country) -> Self {
        match country {
            Country::Denmark => Self::Cvr,
            Country::Sweden => Self::Organisationsnummer,
            Country::Norway | Country::Finland | Country::Iceland => Self::RegisterNumber,
        }
    }
}

/// The id of the company with a public number, in any usual spelling.
///
/// # Errors
/// `INVALID_VALUE` for a number that its country does not give to companies, and for a sole trader's
/// personnummer: no id follows from that, since it could be guessed back.
pub fn company_id(country: Country, number: &str) -> Result<CompanyId, UserError> {
    match identify(country, number, CompanyId(Uuid::nil()))? {
        (id, Identity { number: Number::Public(_), .. }) => Ok(id),
        _ => Err(invalid(lethe_nordic::Error::OrganisationsnummerPersonal)),
    }
}

/// Reads a number. The id follows from a public one; a sole trader's personnummer is sealed for `fresh`.
pub(super) fn identify(
    country: Country,
    number: &str,
    fresh: CompanyId,
) -> Result<(CompanyId, Identity), UserError> {
    let scheme = Scheme::of(country);
    let public = match country {
        Country::Denmark => Cvr::parse(number).map_err(invalid)?.as_str().to_owned(),
        Country::Sweden => match SwedishOrganisation::parse(number).map_err(invalid)? {
            SwedishOrganisation::LegalPerson(number) => number.as_str().to_owned(),
            SwedishOrganisation::SoleTrader(number) => {
                return Ok((fresh, Identity { country, scheme, number: sealed(&number, fresh) }));
            }
        },
        Country::Norway | Country::Finland | Country::Iceland => register_number(country, number)?,
    };
    let bare = public.replace('-', "");
    let name = format!("{country}\n{}\n{bare}", scheme.name());
    let id = CompanyId(Uuid::new_v5(&NAMESPACE, name.as_bytes()));
    Ok((id, Identity { country, scheme, number: Number::Public(public) }))
}

fn sealed(number: &Personnummer, company: CompanyId) -> Number {
    let subject = Subject::sole_proprietor(company);
    let (text, serial) = (number.as_str(), number.serial());
    Number::Personal(SealedNumber {
        date: Personal::of(subject, NumberDate(text.strip_suffix(serial).unwrap_or_default().to_owned())),
        serial: Personal::of(subject, NumberSerial(serial.to_owned())),
    })
}

fn register_number(country: Country, text: &str) -> Result<String, UserError> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_uppercase();
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let bare = text.chars().filter(|c| *c != '-').count();
    if !plain || bare < 3 || text.len() > 20 {
        let message = "A company's register number has 3 to 20 letters, digits and dashes; check it.";
        return Err(UserError::at(ErrorCode::InvalidValue, "number", message));
    }
    if is_a_persons(country, &text) {
        let message = "This looks like the number of a person. Give the number from the company register.";
        return Err(UserError::at(ErrorCode::InvalidValue, "number", message));
    }
    Ok(text)
}

/// Whether a register number has the form of a personal number, of that country or another, which may not be stored in
/// clear.
fn is_a_persons(country: Country, text: &str) -> bool {
    let bare: Vec<char> = text.chars().filter(|c| *c != '-').collect();
    let digits = bare.iter().take_while(|c| c.is_ascii_digit()).count();
    // A company's kennitala begins with a day of birth plus 40, which may look like a day plus 60.
    let of_a_company = country == Country::Iceland
        && digits == 10
        && bare.len() == 10
        && bare.first().is_some_and(|c| *c >= '4');
    if !of_a_company && lethe_nordic::looks_personal(text).is_some() {
        return true;
    }
    match country {
        // Eleven digits; companies have nine.
        Country::Norway => digits == 11,
        // Six digits, a sign for the century, three digits and a check character; companies have eight.
        Country::Finland => digits >= 6 && bare.len() >= 10,
        // A kennitala begins with a day of birth; a company's has 40 added to it.
        Country::Iceland => digits == 10 && bare.first().is_some_and(|c| *c < '4'),
        Country::Denmark | Country::Sweden => false,
    }
}

fn invalid(error: lethe_nordic::Error) -> UserError {
    UserError::at(ErrorCode::InvalidValue, "number", error.to_string())
}

#[cfg(test)]
mod tests;
