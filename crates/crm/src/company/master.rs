//! Master data: public for a legal person, personal for a sole proprietor.

use lethe_kernel::{CompanyId, Personal, PersonalValue, Subject, personal_text};
use lethe_ledger::Secrets;
use serde::{Deserialize, Serialize};

personal_text! {
    /// The name.
    Name = "company.name",
    /// The lines of the street address.
    Address = "company.address",
    /// The postal code.
    PostalCode = "company.postal_code",
    /// The city.
    City = "company.city",
    /// The phone number, in stored form.
    Phone = "company.phone",
    /// The e-mail address.
    Email = "company.email",
}

/// A value of a company's master data. Its JSON says which of the two it is: `{"public":"…"}` or
/// `{"sealed":"…"}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "T: PersonalValue")]
pub enum Master<T> {
    /// Of a legal person.
    #[serde(rename = "public")]
    Public(T),
    /// Of a sole proprietor; sealed for [`Subject::sole_proprietor`].
    #[serde(rename = "sealed")]
    Personal(Personal<T>),
}

impl<T: PersonalValue> Master<T> {
    /// A value of a legal person, or of the sole proprietor `owner`.
    pub fn of(owner: Option<CompanyId>, value: T) -> Self {
        match owner {
            None => Self::Public(value),
            Some(company) => Self::Personal(Personal::of(Subject::sole_proprietor(company), value)),
        }
    }

    /// Whether two values of `company` are equal.
    pub(super) fn same(&self, other: &Self, company: CompanyId, secrets: &Secrets) -> bool {
        match (self, other) {
            (Self::Public(one), Self::Public(other)) => one == other,
            (Self::Personal(one), Self::Personal(other)) => {
                secrets.same(one, other, Subject::sole_proprietor(company))
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_stored_value_is_never_ambiguous() {
        let public: Master<Name> = serde_json::from_str(r#"{"public":"AbC"}"#).unwrap();
        let sealed: Master<Name> = serde_json::from_str(r#"{"sealed":"AbC"}"#).unwrap();
        assert_eq!(public, Master::Public(Name("AbC".into())));
        assert!(matches!(&sealed, Master::Personal(value) if value.sealed().is_some()));
        assert_eq!(serde_json::to_string(&public).unwrap(), r#"{"public":"AbC"}"#);
        assert_eq!(serde_json::to_string(&sealed).unwrap(), r#"{"sealed":"AbC"}"#);
        assert!(serde_json::from_str::<Master<Name>>(r#""AbC""#).is_err());
    }

    #[test]
    fn the_name_of_a_sole_proprietor_cannot_be_written_in_clear() {
        let name = Master::of(Some(CompanyId(Uuid::nil())), Name("marker".into()));
        let error = serde_json::to_string(&name).unwrap_err().to_string();
        assert!(error.contains("company.name of sole_proprietor") && !error.contains("marker"), "{error}");
        assert!(!format!("{name:?}").contains("marker"));
    }
}
