//! What an erasure finds: read from the streams themselves, never from a view.

use std::sync::atomic::{AtomicBool, Ordering};

use lethe_access::unit::own_unit;
use lethe_crm::company::Company;
use lethe_crm::contact::{Contact, ErasureKind, Remains, existing_contact, living_contact};
use lethe_crm::import::Naming;
use lethe_crm::note::Note;
use lethe_crm::prospect::Prospect;
use lethe_kernel::{Caller, CompanyId, ContactId, ImportId, KeyClass, NoteId, Role, Subject, UserError};
use lethe_ledger::{Failure, Unit};
use lethe_vault::DestroyedKey;

use super::facts::{Facts, token};
use super::{DyingNote, ErasureError, Preview};
use crate::consent::Consent;

/// Everything that belongs to the erasure of a contact. The keys that it names are destroyed if the unit of work is
/// appended.
pub(super) async fn examine(
    unit: &mut Unit<'_>,
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
    unit: &mut Unit<'_>,
    contact: ContactId,
    kind: ErasureKind,
) -> Result<(Preview, Facts), Failure> {
    let state = unit.load::<Contact>(contact).await?.clone();
    let mut facts = Facts::new(contact, kind);
    facts.add(b'c', contact, unit.version::<Contact>(contact).await?);
    let (dying, surviving) = notes(unit, &state, &mut facts).await?;
    for consent in state.consents() {
        facts.add(b'o', consent, unit.version::<Consent>(consent).await?);
    }
    for prospect in state.prospects() {
        facts.add(b'p', prospect, unit.version::<Prospect>(prospect).await?);
    }
    let sole_proprietors = sole_proprietors(unit, &state).await?;
    let proprietorships: Vec<CompanyId> = state.proprietorships().collect();
    for company in &proprietorships {
        facts.add(b's', *company, unit.version::<Company>(*company).await?);
    }
    let (mut destroyed, accounting) = keys(unit, contact, &dying, &proprietorships).await?;
    let imports = imports(unit, &state, &proprietorships, &mut destroyed).await?;
    let companies: Vec<CompanyId> = state.companies().collect();
    let anonymised = kind == ErasureKind::Anonymised;
    let remains = [
        (Remains::Ids, true),
        (Remains::Audit, true),
        (Remains::Statistics, anonymised),
        (Remains::Consents, anonymised && state.consents().next().is_some()),
        (Remains::FreeNotes, !surviving.is_empty()),
        (Remains::NoteShells, !dying.is_empty()),
        (Remains::SoleProprietors, !sole_proprietors.is_empty()),
        (Remains::Accounting, accounting),
    ];
    let preview = Preview {
        contact,
        kind,
        destroyed,
        dying,
        surviving,
        consents: state.consents().collect(),
        prospects: state.prospects().collect(),
        unlinked: if anonymised { Vec::new() } else { companies },
        imports,
        proprietorships,
        sole_proprietors,
        remains: remains.into_iter().filter(|(_, stays)| *stays).map(|(remains, _)| remains).collect(),
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

/// The notes that name it: those that die with it, and those that survive.
async fn notes(
    unit: &mut Unit<'_>,
    contact: &Contact,
    facts: &mut Facts,
) -> Result<(Vec<DyingNote>, Vec<NoteId>), Failure> {
    let (mut dying, mut surviving) = (Vec::new(), Vec::new());
    for item in contact.items() {
        let note = item.item;
        facts.add(b'n', note, unit.version::<Note>(note).await?);
        match unit.load::<Note>(note).await?.active() {
            Some(standing) if standing.is_personal() => dying.push(DyingNote {
                note,
                unit: standing.unit,
                others: standing.contacts.len().saturating_sub(1),
            }),
            Some(_) => surviving.push(note),
            None => {}
        }
    }
    Ok((dying, surviving))
}

/// Destroys the keys of the imports whose files name the contact or a company that is this person, or may name them. What
/// they are is no part of the facts that a token stands for: nothing but the recognising of a file is lost with them,
/// and an import that begins must not hold an erasure up.
async fn imports(
    unit: &mut Unit<'_>,
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

async fn sole_proprietors(unit: &mut Unit<'_>, contact: &Contact) -> Result<Vec<CompanyId>, Failure> {
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
    unit: &mut Unit<'_>,
    contact: ContactId,
    dying: &[DyingNote],
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
    for dying in dying {
        destroyed.extend(unit.destroy(dying.note, |_| true).await?);
    }
    Ok((destroyed, accounting.into_inner()))
}
