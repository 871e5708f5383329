use lethe_kernel::{CompanyId, ContactId};

use super::{Closed, Details, Erased, FoundByImport, LegalForm, Registered};

/// What can be asked of a company.
#[derive(Clone, Debug)]
pub enum CompanyCommand {
    /// Register it.
    Register {
        /// The company itself.
        company: CompanyId,
        /// What is registered.
        registered: Box<Registered>,
    },
    /// Change its master data.
    Amend {
        /// The company itself, whose values are compared.
        company: CompanyId,
        /// The legal form it gets.
        legal_form: Option<LegalForm>,
        /// What else to change.
        details: Box<Details>,
    },
    /// Close it.
    Close {
        /// The company itself.
        company: CompanyId,
        /// Why, and which company takes its place.
        closed: Closed,
    },
    /// Note that a contact is its sole proprietor.
    NameProprietor(ContactId),
    /// Note that a contact is not, after all.
    ReleaseProprietor(ContactId),
    /// Note that a row of an import is about it, if it is one person.
    FindByImport(FoundByImport),
    /// Erase its personal values.
    Erase(Erased),
}
