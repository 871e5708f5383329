//! A contact's details as users and files give them: text, not checked yet.

use lethe_kernel::{ContactId, ErrorCode, Patch, Personal, UserError, text};
use lethe_nordic::{Country, Cpr, EmailAddress};

use super::{
    CprDate, CprSerial, Details, Email, FirstName, LastName, Mobile, Phone, Remark, SealedCpr, Title,
};

/// What to set, empty or leave alone; blank text empties a field.
#[derive(Clone, Default)]
pub struct ContactInput {
    /// The given name.
    pub first_name: Patch<String>,
    /// The family name.
    pub last_name: Patch<String>,
    /// The title or position.
    pub title: Patch<String>,
    /// The e-mail address.
    pub email: Patch<String>,
    /// The phone number, in any usual spelling (R58).
    pub phone: Patch<String>,
    /// The mobile number, likewise.
    pub mobile: Patch<String>,
    /// The remark on the card.
    pub remark: Patch<String>,
    /// The CPR number, `DDMMYY-SSSS`.
    pub cpr: Patch<String>,
}

impl ContactInput {
    /// Checks and normalises every field, for a contact of a unit in `home`.
    ///
    /// # Errors
    /// One `INVALID_VALUE` per field at fault.
    pub fn check(&self, contact: ContactId, home: Country) -> Result<Details, Vec<UserError>> {
        let mut errors = Vec::new();
        let phone =
            |text: &str| lethe_nordic::Phone::parse(text, home).map(|phone| phone.as_str().to_owned());
        let email = |text: &str| EmailAddress::parse(text).map(|email| email.as_str().to_owned());
        let any = |text: &str| Ok(text.to_owned());
        let details = Details {
            first_name: field(&self.first_name, "firstName", any, &mut errors)
                .map(|v| Personal::of(contact, FirstName(v))),
            last_name: field(&self.last_name, "lastName", any, &mut errors)
                .map(|v| Personal::of(contact, LastName(v))),
            title: field(&self.title, "title", any, &mut errors).map(|v| Personal::of(contact, Title(v))),
            email: field(&self.email, "email", email, &mut errors).map(|v| Personal::of(contact, Email(v))),
            phone: field(&self.phone, "phone", phone, &mut errors).map(|v| Personal::of(contact, Phone(v))),
            mobile: field(&self.mobile, "mobile", phone, &mut errors)
                .map(|v| Personal::of(contact, Mobile(v))),
            remark: remark(&self.remark, &mut errors).map(|v| Personal::of(contact, Remark(v))),
            cpr: field(&self.cpr, "cpr", Cpr::parse, &mut errors).map(|cpr| SealedCpr {
                date: Personal::of(contact, CprDate(cpr.date_part().to_owned())),
                serial: Personal::of(contact, CprSerial(cpr.serial().to_owned())),
            }),
        };
        if errors.is_empty() { Ok(details) } else { Err(errors) }
    }
}

fn field<T>(
    patch: &Patch<String>,
    name: &str,
    parse: impl Fn(&str) -> Result<T, lethe_nordic::Error>,
    errors: &mut Vec<UserError>,
) -> Patch<T> {
    let checked = match patch {
        Patch::Keep => Ok(Patch::Keep),
        Patch::Clear => Ok(Patch::Clear),
        Patch::Set(given) => text::line(name, given).and_then(|line| match line {
            None => Ok(Patch::Clear),
            Some(line) => parse(&line)
                .map(Patch::Set)
                .map_err(|error| UserError::at(ErrorCode::InvalidValue, name, error.to_string())),
        }),
    };
    checked.unwrap_or_else(|error| {
        errors.push(error);
        Patch::Keep
    })
}

fn remark(patch: &Patch<String>, errors: &mut Vec<UserError>) -> Patch<String> {
    match patch.clone().try_map(|given| text::block("remark", &given)) {
        Ok(Patch::Set(None)) => Patch::Clear,
        Ok(checked) => checked.map(Option::unwrap_or_default),
        Err(error) => {
            errors.push(error);
            Patch::Keep
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str) -> Patch<String> {
        Patch::Set(text.into())
    }

    #[test]
    fn phones_are_normalised_at_the_door() {
        let input =
            ContactInput { phone: set("+45 20 30 40 50"), mobile: set(" "), ..ContactInput::default() };
        let details = input.check(ContactId(uuid::Uuid::nil()), Country::Denmark).unwrap();
        assert_eq!(details.phone.value().unwrap().clear(), Some(&Phone("20304050".into())));
        assert_eq!(details.mobile, Patch::Clear);
        assert_eq!(details.email, Patch::Keep);
    }

    #[test]
    fn every_field_at_fault_is_named_and_no_value_is_quoted() {
        let input = ContactInput {
            first_name: set("mark\0er"),
            email: set("marker"),
            phone: set("marker"),
            cpr: set("marker"),
            remark: set("marker\u{1}"),
            ..ContactInput::default()
        };
        let errors = input.check(ContactId(uuid::Uuid::nil()), Country::Denmark).unwrap_err();
        let fields: Vec<_> = errors.iter().flat_map(|error| error.field.clone()).collect();
        assert_eq!(fields, ["firstName", "email", "phone", "remark", "cpr"]);
        assert!(errors.iter().all(|error| !error.message.contains("mark")));
    }
}
