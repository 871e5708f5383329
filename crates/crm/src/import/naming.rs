//! Which imports an erasure has forgotten: those whose files name somebody who is erased, or may name them.

use std::collections::BTreeSet;

use lethe_kernel::{ImportId, UnitId};
use lethe_ledger::{LedgerError, UnitOfWork};
use lethe_vault::DestroyedKey;

use super::RecognisedFiles;
use super::recognition::destroy_key;
use crate::company::Company;
use crate::contact::Contact;

/// The imports that name those who are erased, and the units that may have files about them.
#[derive(Clone, Debug, Default)]
pub struct Naming {
    units: BTreeSet<UnitId>,
    imports: BTreeSet<ImportId>,
    origins: BTreeSet<ImportId>,
}

impl Naming {
    /// Adds what a contact knows.
    pub fn add_contact(&mut self, contact: &Contact) {
        self.units.extend(contact.units());
        self.imports.extend(contact.imports());
        self.origins.extend(contact.origin());
    }

    /// Adds what the company of one who is erased knows.
    pub fn add_company(&mut self, company: &Company) {
        self.units.extend(company.units());
        self.imports.extend(company.imports());
        self.origins.extend(company.origin());
    }

    /// Destroys the keys of these imports, and of those whose files may name anybody of these units: of such a file some row is
    /// not dealt with, or was refused, and that row may be about whoever is erased. Answers the imports, whose streams
    /// are still to say so, and the keys.
    ///
    /// # Errors
    /// What can fail in loading and in the vault.
    pub async fn destroy_keys(
        self,
        unit: &mut UnitOfWork<'_>,
    ) -> Result<(Vec<ImportId>, Vec<DestroyedKey>), LedgerError> {
        let Self { units, imports, origins } = self;
        let (mut to_forget, mut destroyed) = (BTreeSet::new(), Vec::new());
        for of in units {
            let files = unit.load::<RecognisedFiles>(of).await?;
            to_forget.extend(files.of_anybody());
            to_forget.extend(imports.iter().copied().filter(|import| files.has(*import)));
        }
        for import in &to_forget {
            destroyed.extend(destroy_key(unit, *import).await?);
        }
        // One that an earlier version began is not listed, until the first sweep has it forgotten.
        for origin in origins.into_iter().filter(|origin| !to_forget.contains(origin)).collect::<Vec<_>>() {
            let keys = destroy_key(unit, origin).await?;
            to_forget.extend((!keys.is_empty()).then_some(origin));
            destroyed.extend(keys);
        }
        Ok((to_forget.into_iter().collect(), destroyed))
    }
}
