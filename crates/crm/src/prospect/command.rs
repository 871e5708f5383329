use lethe_kernel::CompanyId;

use super::{Erased, Registered};

/// What can be asked of a prospect.
#[derive(Clone, Debug)]
pub enum ProspectCommand {
    /// Register it.
    Register(Registered),
    /// Link it to the company it founded.
    Link(CompanyId),
    /// Its contact is erased.
    Erase(Erased),
}
