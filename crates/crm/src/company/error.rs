use lethe_kernel::{CompanyId, Detail, ErrorCode, Rule};

/// The rules a company's command can break.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompanyError {
    /// There is no such company.
    #[error("No company has this id. Check the id, or query for the company again.")]
    Unknown,
    /// The number is registered already.
    #[error("The company with this number is registered already. Amend it instead.")]
    AlreadyRegistered(CompanyId),
    /// The number is that of a closed company.
    #[error("The company with this number is closed and cannot be registered again.")]
    NumberEnded(CompanyId),
    /// The unit knows a company under the reference already.
    #[error(
        "Your unit knows a company under this external reference already. Amend that one, or use another reference."
    )]
    ReferenceTaken(CompanyId),
    /// The reference is that of a closed company (R68).
    #[error(
        "This external reference belongs to a company that is closed. Use a new one for another company."
    )]
    ReferenceEnded(CompanyId),
    /// It is closed and takes no changes.
    #[error("The company is closed and takes no changes.{}", superseding(*.0))]
    Closed(Option<CompanyId>),
    /// A name is the one thing known about every company.
    #[error("A company needs a name.")]
    NameRequired,
    /// A sole proprietor never becomes a legal person, or the other way round.
    #[error(
        "A sole proprietor and a legal person are different companies. \
         Register the new one and close this one with supersededBy."
    )]
    OtherLegalPerson,
    /// The number is a personnummer.
    #[error("This number is a sole trader's personnummer. Register it with the legal form SOLE_PROPRIETOR.")]
    PersonalNumber,
    /// Only Danish companies have P-numbers.
    #[error("Only Danish companies have P-numbers. Leave them out.")]
    PNumbersAbroad,
    /// Only one person is a sole proprietor.
    #[error(
        "This company is no sole proprietor's, so no contact is its proprietor. Link the contact without that."
    )]
    NoPersonsCompany,
    /// It has another proprietor.
    #[error("Another contact is said to be the sole proprietor of this company. Correct that link first.")]
    OtherProprietor,
    /// It is erased with the contact who is its proprietor.
    #[error(
        "This company is a person who is one of the contacts. Erase the contact, and the company's personal values go \
         with it."
    )]
    ErasedWithContact,
    /// It is no person's, so there is nothing to erase.
    #[error("This company is no person's; its master data are public. Close it instead.")]
    NothingPersonal,
    /// Who may erase it is somebody else.
    #[error(
        "Only the DPM of the unit that registered this company, or a system administrator, may erase it."
    )]
    ErasureForbidden,
    /// It was erased.
    #[error("The person whose company this is was erased, and nothing more is written about it.")]
    Erased,
    /// It cannot take its own place.
    #[error("A company cannot be superseded by itself. Name the company that takes its place.")]
    SupersededByItself,
    /// The company that is to take its place does not exist.
    #[error("No company has the id given as supersededBy. Register that company first.")]
    SupersedingUnknown,
    /// The company that is to take its place is closed.
    #[error("The company given as supersededBy is closed. Name one that is not.{}", superseding(*.0))]
    SupersedingClosed(Option<CompanyId>),
}

fn superseding(by: Option<CompanyId>) -> String {
    by.map(|company| format!(" It is superseded by company {company}.")).unwrap_or_default()
}

impl Rule for CompanyError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Unknown | Self::SupersedingUnknown => ErrorCode::NotFound,
            Self::AlreadyRegistered(_) | Self::ReferenceTaken(_) => ErrorCode::AlreadyExists,
            Self::NumberEnded(_) | Self::Closed(_) | Self::SupersedingClosed(_) => ErrorCode::Ended,
            Self::ReferenceEnded(_) => ErrorCode::ReferenceEnded,
            Self::NameRequired => ErrorCode::Required,
            Self::OtherLegalPerson
            | Self::PersonalNumber
            | Self::PNumbersAbroad
            | Self::NoPersonsCompany
            | Self::OtherProprietor
            | Self::ErasedWithContact
            | Self::NothingPersonal
            | Self::SupersededByItself => ErrorCode::RuleViolated,
            Self::ErasureForbidden => ErrorCode::Forbidden,
            Self::Erased => ErrorCode::Erased,
        }
    }

    fn field(&self) -> Vec<String> {
        let field = match self {
            Self::Unknown
            | Self::Closed(_)
            | Self::NoPersonsCompany
            | Self::OtherProprietor
            | Self::ErasedWithContact
            | Self::NothingPersonal
            | Self::ErasureForbidden
            | Self::Erased => "companyId",
            Self::AlreadyRegistered(_) | Self::NumberEnded(_) => "number",
            Self::ReferenceTaken(_) | Self::ReferenceEnded(_) => "externalReference",
            Self::NameRequired => "name",
            Self::OtherLegalPerson | Self::PersonalNumber => "legalForm",
            Self::PNumbersAbroad => "pNumbers",
            Self::SupersededByItself | Self::SupersedingUnknown | Self::SupersedingClosed(_) => {
                "supersededBy"
            }
        };
        vec![field.to_owned()]
    }

    fn detail(&self) -> Detail {
        match self {
            Self::AlreadyRegistered(id)
            | Self::NumberEnded(id)
            | Self::ReferenceTaken(id)
            | Self::ReferenceEnded(id)
            | Self::Closed(Some(id))
            | Self::SupersedingClosed(Some(id)) => Detail::Existing("Company", id.0),
            _ => Detail::None,
        }
    }
}
