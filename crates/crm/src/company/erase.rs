//! The erasure of a company that is one person.

use lethe_access::unit::own_unit;
use lethe_kernel::{Caller, CompanyId, KeyClass, Role, Subject};
use lethe_ledger::{Answer, Failure, UnitOfWork, Work};

use super::work::refuse;
use super::{Company, CompanyCommand, CompanyError, Erased};
use crate::contact::ErasureReason;
use crate::import::{Because, Naming, note_forgotten};

/// Erases the personal values of a company that is one person and has no contact who is said to be that person. Closed
/// or not, they can be opened by nobody any more, and the files that name it are not recognised any more. Answers the
/// company.
pub struct EraseCompany {
    /// The company.
    pub company: CompanyId,
    /// The version the caller has seen and approves to be erased.
    pub expected_version: i64,
    /// Why.
    pub reason: ErasureReason,
}

impl Work for EraseCompany {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        own_unit(unit).await?;
        let Caller { role, unit: own, .. } = unit.caller();
        let company = unit.existing::<Company>(self.company, CompanyError::Unknown.into()).await?;
        match (role, company.proprietor()) {
            (Role::Dpm, _) if company.unit() != Some(own) => return refuse(CompanyError::ErasureForbidden),
            (Role::Dpm | Role::SystemAdministrator, Some(_)) if !company.is_erased() => {
                return refuse(CompanyError::ErasedWithContact);
            }
            (Role::Dpm | Role::SystemAdministrator, _) => {}
            _ => return refuse(CompanyError::ErasureForbidden),
        }
        unit.expect::<Company>(self.company, Some(self.expected_version)).await?;
        erase_alone(unit, self.company, self.reason).await?;
        // The input holds nothing personal, and its digest must outlive the key.
        Ok(Answer::of(self.company))
    }
}

/// Destroys the keys of a company that is one person, and of the imports whose files name it or may name it, and has
/// their streams say so; nothing if it was erased before.
///
/// # Errors
/// The rule that forbids it, and what can fail in loading and in the vault.
pub async fn erase_alone(
    unit: &mut UnitOfWork<'_>,
    company: CompanyId,
    reason: ErasureReason,
) -> Result<(), Failure> {
    let mut naming = Naming::default();
    naming.add_company(unit.load::<Company>(company).await?);
    // First, so that the event that says what was erased also names the keys that were destroyed.
    let erased = Erased { reason, with: None };
    if !unit.handle::<Company>(company, CompanyCommand::Erase(erased)).await? {
        return Ok(());
    }
    // Bookkeeping law keeps what is of a class of its own.
    unit.destroy(Subject::sole_proprietor(company), |class| class != KeyClass::Accounting).await?;
    let (imports, _) = naming.destroy_keys(unit).await?;
    for import in imports {
        note_forgotten(unit, import, Because::Erasure).await?;
    }
    Ok(())
}
