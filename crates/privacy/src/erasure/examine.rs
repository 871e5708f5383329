//! What an erasure finds: read from the streams themselves, never from a view.

use std::sync::atomic::{AtomicBool, Ordering};

use lethe_access::unit::own_unit;
use lethe_crm::company::Company;
use lethe_crm::contact::{Contact, ErasureKind, Fate, Remains, existing_contact, living_contact};
use lethe_crm::import::Naming;
use lethe_kernel::{Caller, CompanyId, ContactId, ImportId, KeyClass, Role, Subject, UserError};
use lethe_ledger::{Failure, LedgerError, UnitOfWork};
use lethe_vault::DestroyedKey;

use super::facts::{Facts, token};
use super::{ErasureError, Preview};
use crate::belonging::{Affected, entry};

/// Everything that belongs to the erasure of a contact. The keys that it names are destroyed if the unit of work is
/// appended.
pub(super) async fn examine(
    unit: &mut UnitOfWork<'_>,
    contact: ContactId,
    kind: ErasureKind,
) -> Result<Preview, Failure> {
    own_unit(unit).await?;
    permit(unit.caller(), existing_contact(unit, contact).await?)?;
    living_contact(unit, contact).await?;
    let (mut preview, facts) = gather(unit, contact, kind).await?;
    preview.token = token(&unit.keyed_digest(contact.into(), facts.as_bytes()).await?);
    Ok(preview)
}

/// The same of a contact that is not erased, whoever asks; without a token, for which the contact's key is needed.
pub(super) async fn gather(
    unit: &mut UnitOfWork<'_>,
    contact: ContactId,
    kind: ErasureKind,
) -> Result<(Preview, Facts), Failure> {
    let state = unit.load::<Contact>(contact).await?.clone();
    let mut facts = Facts::new(contact, kind);
    facts.add(b'c', contact, unit.version::<Contact>(contact).await?);
    let belongings = belongings(unit, &state, kind, &mut facts).await?;
    let sole_proprietors = sole_proprietors(unit, &state).await?;
    let proprietorships: Vec<CompanyId> = state.proprietorships().collect();
    for company in &proprietorships {
        facts.add(b's', *company, unit.version::<Company>(*company).await?);
    }
    let (mut destroyed, accounting) = keys(unit, contact, &belongings, &proprietorships).await?;
    let imports = imports(unit, &state, &proprietorships, &mut destroyed).await?;
    let companies: Vec<CompanyId> = state.companies().collect();
    let anonymised = kind == ErasureKind::Anonymised;
    let stays = |remains: &Remains| match remains {
        Remains::Ids | Remains::Audit => true,
        Remains::Statistics => anonymised,
        Remains::SoleProprietors => !sole_proprietors.is_empty(),
        Remains::Accounting => accounting,
        Remains::Consents | Remains::FreeNotes | Remains::NoteShells => {
            belongings.iter().any(|one| entry(one.kind).remains(one.outlook.fate) == Some(*remains))
        }
    };
    let remains = Remains::ALL.into_iter().filter(stays).collect();
    let preview = Preview {
        contact,
        kind,
        destroyed,
        belongings,
        unlinked: if anonymised { Vec::new() } else { companies },
        imports,
        proprietorships,
        sole_proprietors,
        remains,
        holds: state.holds(),
        token: String::new(),
    };
    Ok((preview, facts))
}

/// Who may erase a contact (R21, R67).
fn permit(caller: Caller, contact: &Contact) -> Result<(), UserError> {
    match caller.role {
        Role::SystemAdministrator => Ok(()),
        Role::Dpm if contact.is_of(caller.unit) => Ok(()),
        _ => Err(ErasureError::Forbidden.into()),
    }
}

/// What belongs to it, and what would become of that.
async fn belongings(
    unit: &mut UnitOfWork<'_>,
    contact: &Contact,
    kind: ErasureKind,
    facts: &mut Facts,
) -> Result<Vec<Affected>, LedgerError> {
    let mut affected = Vec::new();
    for bound in contact.belongings() {
        let (version, outlook) = entry(bound.kind).examine(unit, *bound, kind).await?;
        facts.add_belonging(bound.kind, bound.id, version);
        let of = |outlook| Affected { kind: bound.kind, id: bound.id, unit: bound.unit, outlook };
        affected.extend(outlook.map(of));
    }
    Ok(affected)
}

/// Destroys the keys of the imports whose files name the contact or a company that is this person, or may name them. What
/// they are is no part of the facts that a token stands for: nothing but the recognising of a file is lost with them,
/// and an import that begins must not hold an erasure up.
async fn imports(
    unit: &mut UnitOfWork<'_>,
    contact: &Contact,
    proprietorships: &[CompanyId],
    destroyed: &mut Vec<DestroyedKey>,
) -> Result<Vec<ImportId>, Failure> {
    let mut naming = Naming::default();
    naming.add_contact(contact);
    for company in proprietorships {
        naming.add_company(unit.load::<Company>(*company).await?);
    }
    let (imports, keys) = naming.destroy_keys(unit).await?;
    destroyed.extend(keys);
    Ok(imports)
}

async fn sole_proprietors(unit: &mut UnitOfWork<'_>, contact: &Contact) -> Result<Vec<CompanyId>, Failure> {
    let mut found = Vec::new();
    for company in contact.companies().filter(|company| !contact.is_proprietor_of(*company)) {
        if unit.load::<Company>(company).await?.is_personal() {
            found.push(company);
        }
    }
    Ok(found)
}

/// Destroys the keys, and tells whether one stays that bookkeeping law protects (R21).
async fn keys(
    unit: &mut UnitOfWork<'_>,
    contact: ContactId,
    belongings: &[Affected],
    proprietorships: &[CompanyId],
) -> Result<(Vec<DestroyedKey>, bool), Failure> {
    let accounting = AtomicBool::new(false);
    let gone = |class| {
        let kept = class == KeyClass::Accounting;
        accounting.fetch_or(kept, Ordering::Relaxed);
        !kept
    };
    let mut destroyed = unit.destroy(contact, gone).await?;
    for company in proprietorships {
        destroyed.extend(unit.destroy(Subject::sole_proprietor(*company), gone).await?);
    }
    for dying in belongings.iter().filter(|one| one.outlook.fate == Fate::Died) {
        if let Some(subject) = entry(dying.kind).own_key(dying.id) {
            destroyed.extend(unit.destroy(subject, |_| true).await?);
        }
    }
    Ok((destroyed, accounting.into_inner()))
}
