//! A company's master data as users and files give them: text, not checked yet.

use lethe_kernel::{CompanyId, ErrorCode, Patch, PersonalValue, UserError, text};
use lethe_nordic::{Country, EmailAddress};

use super::{Address, City, Details, Email, LegalForm, Master, Nace, NaceVersion, Name, Phone, PostalCode};

/// What to set, empty or leave alone; blank text empties a field.
#[derive(Clone, Default)]
pub struct CompanyInput {
    /// The legal form; required in a registration.
    pub legal_form: Option<LegalForm>,
    /// The name.
    pub name: Patch<String>,
    /// The lines of the street address.
    pub address: Patch<String>,
    /// The postal code.
    pub postal_code: Patch<String>,
    /// The city.
    pub city: Patch<String>,
    /// The phone number, in any usual spelling (R58).
    pub phone: Patch<String>,
    /// The e-mail address.
    pub email: Patch<String>,
    /// The industry code, with or without dots.
    pub nace_code: Patch<String>,
    /// The list the industry code is from; required with one.
    pub nace_version: Option<NaceVersion>,
}

impl CompanyInput {
    /// Checks and normalises every field, for a unit in `home`; `owner` is the company if that is a person.
    ///
    /// # Errors
    /// One per field at fault.
    pub fn check(&self, owner: Option<CompanyId>, home: Country) -> Result<Details, Vec<UserError>> {
        let mut fields = Fields { owner, errors: Vec::new() };
        let phone =
            |text: &str| lethe_nordic::Phone::parse(text, home).map(|phone| phone.as_str().to_owned());
        let email = |text: &str| EmailAddress::parse(text).map(|email| email.as_str().to_owned());
        let details = Details {
            name: fields.line("name", &self.name, as_given, Name),
            address: fields
                .text(text::block, "address", &self.address, as_given)
                .map(|v| Master::of(owner, Address(v))),
            postal_code: fields.line("postalCode", &self.postal_code, as_given, PostalCode),
            city: fields.line("city", &self.city, as_given, City),
            phone: fields.line("phone", &self.phone, phone, Phone),
            email: fields.line("email", &self.email, email, Email),
            nace: fields.nace(&self.nace_code, self.nace_version),
        };
        if fields.errors.is_empty() { Ok(details) } else { Err(fields.errors) }
    }
}

type Parsed = Result<String, lethe_nordic::Error>;

#[expect(clippy::unnecessary_wraps, reason = "stands beside checks that can fail")]
fn as_given(text: &str) -> Parsed {
    Ok(text.to_owned())
}

/// The fields read so far: whose they are, and what was wrong with them.
struct Fields {
    owner: Option<CompanyId>,
    errors: Vec<UserError>,
}

type Bounded = fn(&str, &str) -> Result<Option<String>, UserError>;

impl Fields {
    fn line<T: PersonalValue>(
        &mut self,
        name: &str,
        given: &Patch<String>,
        parse: impl Fn(&str) -> Parsed,
        value: fn(String) -> T,
    ) -> Patch<Master<T>> {
        let owner = self.owner;
        self.text(text::line, name, given, parse).map(|text| Master::of(owner, value(text)))
    }

    fn text(
        &mut self,
        bounded: Bounded,
        name: &str,
        given: &Patch<String>,
        parse: impl Fn(&str) -> Parsed,
    ) -> Patch<String> {
        let checked = given.clone().try_map(|text| match bounded(name, &text)? {
            None => Ok(None),
            Some(text) => parse(&text)
                .map(Some)
                .map_err(|error| UserError::at(ErrorCode::InvalidValue, name, error.to_string())),
        });
        self.kept(checked)
    }

    fn nace(&mut self, code: &Patch<String>, version: Option<NaceVersion>) -> Patch<Nace> {
        let checked = match (code, version) {
            (Patch::Keep, Some(_)) => {
                let message = "Give the NACE code together with its list.";
                Err(UserError::at(ErrorCode::Required, "naceCode", message))
            }
            _ => code.clone().try_map(|code| Nace::check(&code, version)),
        };
        self.kept(checked)
    }

    /// What a field is set to, blank being empty; an error is noted and the field left alone.
    fn kept<T>(&mut self, checked: Result<Patch<Option<T>>, UserError>) -> Patch<T> {
        match checked {
            Ok(Patch::Set(Some(value))) => Patch::Set(value),
            Ok(Patch::Set(None) | Patch::Clear) => Patch::Clear,
            Ok(Patch::Keep) => Patch::Keep,
            Err(error) => {
                self.errors.push(error);
                Patch::Keep
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: CompanyId = CompanyId(uuid::Uuid::nil());

    fn set(text: &str) -> Patch<String> {
        Patch::Set(text.into())
    }

    fn input() -> CompanyInput {
        CompanyInput {
            name: set(" Nord "),
            phone: set("+45 20 30 40 50"),
            city: set(" "),
            ..CompanyInput::default()
        }
    }

    #[test]
    fn master_data_of_a_legal_person_are_public() {
        let details = input().check(None, Country::Denmark).unwrap();
        assert_eq!(details.name, Patch::Set(Master::Public(Name("Nord".into()))));
        assert_eq!(details.phone, Patch::Set(Master::Public(Phone("20304050".into()))));
        assert_eq!((details.city, details.email), (Patch::Clear, Patch::Keep));
    }

    #[test]
    fn master_data_of_a_sole_proprietor_are_personal() {
        let filled = CompanyInput {
            address: set("Prøvegade 1\r\n2. tv."),
            postal_code: set("8000"),
            city: set("Aarhus C"),
            email: set("a@example.org"),
            ..input()
        };
        let details = filled.check(Some(OWNER), Country::Denmark).unwrap();
        let subject = lethe_kernel::Subject::sole_proprietor(OWNER);
        assert_eq!(
            details.address,
            Patch::Set(Master::Personal(lethe_kernel::Personal::of(
                subject,
                Address("Prøvegade 1\n2. tv.".into())
            )))
        );
        assert!(matches!(details.name, Patch::Set(Master::Personal(_))));
        assert!(matches!(details.postal_code, Patch::Set(Master::Personal(_))));
        assert!(matches!(details.city, Patch::Set(Master::Personal(_))));
        assert!(matches!(details.phone, Patch::Set(Master::Personal(_))));
        assert!(matches!(details.email, Patch::Set(Master::Personal(_))));
    }

    #[test]
    fn every_field_at_fault_is_named_and_no_value_is_quoted() {
        let wrong = CompanyInput {
            name: set("mark\0er"),
            address: set("marker\u{1}"),
            postal_code: set("mark\ner"),
            city: set(&"marker".repeat(40)),
            phone: set("marker"),
            email: set("marker"),
            nace_code: set("marker"),
            ..CompanyInput::default()
        };
        let errors = wrong.check(Some(OWNER), Country::Denmark).unwrap_err();
        let fields: Vec<_> = errors.iter().flat_map(|error| error.field.clone()).collect();
        assert_eq!(fields, ["name", "address", "postalCode", "city", "phone", "email", "naceCode"]);
        assert!(errors.iter().all(|error| !error.message.contains("mark")));
    }

    #[test]
    fn the_list_of_an_industry_code_does_not_change_alone() {
        let alone = CompanyInput { nace_version: Some(NaceVersion::Db25), ..CompanyInput::default() };
        assert_eq!(alone.check(None, Country::Denmark).unwrap_err()[0].field, ["naceCode"]);
    }
}
