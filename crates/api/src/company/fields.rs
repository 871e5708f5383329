use async_graphql::Enum;
use lethe_crm::company::{CompanyOrder, CompanyStatus, LegalForm, NaceVersion, Scheme};

/// Whether a company takes changes.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(name = "CompanyStatus", remote = "CompanyStatus")]
pub(crate) enum CompanyStatusField {
    /// It does.
    Active,
    /// It was closed.
    Closed,
    /// The person whose company it is was erased.
    Erased,
}

/// The kind of number under which a country registers companies.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(name = "CompanyScheme", remote = "Scheme")]
pub(crate) enum SchemeField {
    /// Denmark's CVR number.
    Cvr,
    /// Sweden's organisationsnummer.
    Organisationsnummer,
    /// The register number of Norway, Finland or Iceland.
    RegisterNumber,
}

/// A legal form. That of a sole proprietor makes the company's master data personal.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(name = "LegalForm", remote = "LegalForm")]
pub(crate) enum LegalFormField {
    /// One person: enkeltmandsvirksomhed, enskild firma.
    SoleProprietor,
    /// A limited company: anpartsselskab, aktiebolag.
    Limited,
    /// A public limited company: aktieselskab, publikt aktiebolag.
    PublicLimited,
    /// A partnership: I/S, K/S, HB.
    Partnership,
    /// A cooperative.
    Cooperative,
    /// An association.
    Association,
    /// A foundation.
    Foundation,
    /// A public body.
    Public,
    /// Anything else.
    Other,
}

/// The list an industry code is from.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(name = "NaceVersion", remote = "NaceVersion")]
pub(crate) enum NaceVersionField {
    /// Dansk Branchekode 2007 and its Nordic counterparts (NACE Rev. 2).
    #[graphql(name = "DB07")]
    Db07,
    /// Dansk Branchekode 2025 and its Nordic counterparts (NACE Rev. 2.1).
    #[graphql(name = "DB25")]
    Db25,
}

/// The fields a list of companies can be ordered by.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Default)]
#[graphql(remote = "CompanyOrder")]
pub(crate) enum CompanyOrderField {
    /// When they were registered.
    #[default]
    Created,
    /// When they last changed.
    Changed,
}
