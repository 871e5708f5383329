use chrono::NaiveDate;
use lethe_kernel::{CompanyId, ErrorCode, Rule};

use super::Hold;

/// The rules a contact's command can break.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContactError {
    /// There is no such contact.
    #[error("No contact has this id. Check the id, or query for the contact again.")]
    Unknown,
    /// A contact with this id is there already.
    #[error("This contact is registered already. Amend it instead.")]
    AlreadyRegistered,
    /// A name is the only thing a contact must have.
    #[error("A contact needs a name. Give a first name or a last name.")]
    NameRequired,
    /// It is not linked to the company.
    #[error("The contact is not linked to this company, so the link cannot be removed.")]
    NotLinked(CompanyId),
    /// It was erased.
    #[error(
        "This contact was erased on {0}, and nothing more is written about it. A person who comes back is a new contact: \
         register it."
    )]
    Erased(NaiveDate),
    /// The reference is that of an erased contact (R68).
    #[error(
        "This external reference belongs to a contact that was erased. A person who comes back is a new contact: \
         register it under a new reference."
    )]
    ReferenceEnded,
    /// Somebody keeps it in the system.
    #[error("The contact cannot be erased while it is held:{}. Have that lifted first.", listed(.0))]
    Held(Vec<Hold>),
}

fn listed(holds: &[Hold]) -> String {
    let one = |hold: &Hold| {
        let until = hold.until.map(|date| format!(" until {date}")).unwrap_or_default();
        format!(" {} by unit {}{until}", hold.kind.name(), hold.unit)
    };
    holds.iter().map(one).collect::<Vec<_>>().join(",")
}

impl Rule for ContactError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Unknown => ErrorCode::NotFound,
            Self::AlreadyRegistered => ErrorCode::AlreadyExists,
            Self::NameRequired => ErrorCode::Required,
            Self::NotLinked(_) => ErrorCode::RuleViolated,
            Self::Erased(_) => ErrorCode::Erased,
            Self::ReferenceEnded => ErrorCode::ReferenceEnded,
            Self::Held(_) => ErrorCode::ErasureBlocked,
        }
    }

    fn field(&self) -> Vec<String> {
        let field = match self {
            Self::Unknown | Self::Erased(_) | Self::Held(_) => "contactId",
            Self::AlreadyRegistered | Self::ReferenceEnded => "externalReference",
            Self::NameRequired => "firstName",
            Self::NotLinked(_) => "companyId",
        };
        vec![field.to_owned()]
    }
}
