use lethe_kernel::{CompanyId, ErrorCode, Rule};

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
}

impl Rule for ContactError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Unknown => ErrorCode::NotFound,
            Self::AlreadyRegistered => ErrorCode::AlreadyExists,
            Self::NameRequired => ErrorCode::Required,
            Self::NotLinked(_) => ErrorCode::RuleViolated,
        }
    }

    fn field(&self) -> Vec<String> {
        let field = match self {
            Self::Unknown => "contactId",
            Self::AlreadyRegistered => "externalReference",
            Self::NameRequired => "firstName",
            Self::NotLinked(_) => "companyId",
        };
        vec![field.to_owned()]
    }
}
