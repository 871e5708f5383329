use lethe_crm::company::{CompanyOrder, CompanyStatus, LegalForm, NaceVersion, Scheme};

use crate::code::code;
code! {
    /// Whether a company takes changes.
    CompanyStatusField: "CompanyStatus" = CompanyStatus
}

code! {
    /// The kind of number under which a country registers companies.
    SchemeField: "CompanyScheme" = Scheme
}

code! {
    /// A legal form. That of a sole proprietor makes the company's master data personal.
    LegalFormField: "LegalForm" = LegalForm
}

code! {
    /// The list an industry code is from.
    NaceVersionField: "NaceVersion" = NaceVersion
}

code! {
    /// The fields a list of companies can be ordered by.
    CompanyOrderField: "CompanyOrderField" = CompanyOrder
}
