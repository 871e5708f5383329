use lethe_kernel::{CompanyId, Detail, ErrorCode, Rule};

/// The rules a prospect's command can break.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProspectError {
    /// There is no such prospect.
    #[error("No prospect has this id. Check the id, or query for the prospect again.")]
    Unknown,
    /// A prospect with this id is there already.
    #[error("A prospect is registered under this external reference already. Use that one.")]
    AlreadyRegistered,
    /// It is linked to another company.
    #[error(
        "The prospect is linked to company {0} already, and that does not change. \
         Register another prospect for another company."
    )]
    LinkedToAnother(CompanyId),
    /// Its contact was erased.
    #[error("The contact of this prospect was erased, and the prospect takes no more changes.")]
    Erased,
    /// The reference is that of a prospect whose contact was erased (R68).
    #[error(
        "This external reference belongs to a prospect whose contact was erased. Register another prospect under a new \
         reference."
    )]
    ReferenceEnded,
}

impl Rule for ProspectError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Unknown => ErrorCode::NotFound,
            Self::AlreadyRegistered => ErrorCode::AlreadyExists,
            Self::LinkedToAnother(_) => ErrorCode::RuleViolated,
            Self::Erased => ErrorCode::Erased,
            Self::ReferenceEnded => ErrorCode::ReferenceEnded,
        }
    }

    fn field(&self) -> Vec<String> {
        let field = match self {
            Self::Unknown | Self::Erased => "prospectId",
            Self::AlreadyRegistered | Self::ReferenceEnded => "externalReference",
            Self::LinkedToAnother(_) => "companyId",
        };
        vec![field.to_owned()]
    }

    fn detail(&self) -> Detail {
        match self {
            Self::LinkedToAnother(company) => Detail::Existing("Company", company.0),
            _ => Detail::None,
        }
    }
}
