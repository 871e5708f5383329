//! From the database to a certificate.

use lethe_access::unit::UnitView;
use lethe_crm::company::CompanyView;
use lethe_crm::contact::{ContactEvent, ContactView, Erased};
use lethe_kernel::ContactId;
use lethe_ledger::{LedgerError, Parts, Projection, Recorded};
use uuid::Uuid;

use super::facts::keys;
use super::wording::remaining;
use super::{Certificate, CertificateError, Facts};
use crate::belonging::{Entry, entries};
use crate::rotation::{Finality, RootDestroyed, VaultEvent};

/// How many events are read at once when the first one of a unit of work is looked for.
const STEP: i64 = 256;

/// The name of the unit whose DPM or administrator approved, for the page; none if no such unit is registered.
///
/// # Errors
/// [`LedgerError`] when it cannot be read.
pub async fn unit_name(parts: &Parts, certificate: &Certificate) -> Result<Option<String>, LedgerError> {
    let unit = certificate.approved_by.unit;
    let mut rows = parts.rows_at::<UnitView>(&[unit], i64::MAX).await?;
    Ok(rows.remove(&unit).map(|row| row.name))
}

/// The certificate of a contact's last erasure that destroyed a key.
///
/// # Errors
/// [`CertificateError`]; above all [`CertificateError::NotErased`] and [`CertificateError::NotFinal`].
pub async fn certificate_of(parts: &Parts, contact: ContactId) -> Result<Certificate, CertificateError> {
    let history = parts.stream_until("contact", &[contact.0], None).await?;
    let erasures: Vec<&Recorded> = history.iter().filter(|event| event.event_type == ERASED).collect();
    let last = erasures.last().ok_or(CertificateError::NotErased(contact))?;
    let mut found = None;
    for erasure in erasures.iter().rev() {
        found = destroyed_with(parts, erasure).await?.map(|destroyed| (*erasure, destroyed));
        if found.is_some() {
            break;
        }
    }
    let (erasure, destroyed) = found.ok_or(CertificateError::NothingDestroyed(last.position))?;
    let ContactEvent::Erased(Erased { kind, reason, remains, .. }) = erasure.decode()? else {
        return Err(CertificateError::Malformed { position: erasure.position, what: "what was erased" });
    };
    let vault = parts.stream_until("vault", &[parts.vault.installation()], None).await?;
    let certificate = Certificate::new(Facts {
        installation: parts.vault.installation(),
        erasure,
        destroyed: &destroyed,
        kind: kind.name().to_owned(),
        reason: reason.name().to_owned(),
        legal_basis: reason.legal_basis().to_owned(),
        requested_at: None,
        remaining: remains.into_iter().map(remaining).collect(),
        views: views().map(str::to_owned).collect(),
        finality: finality_of(&vault, erasure.position)?,
    })?;
    views_have_seen(parts, erasure.position).await?;
    vault_agrees(parts, &destroyed).await?;
    Ok(certificate)
}

/// The type of the event that says that a contact is erased.
const ERASED: &str = "contact.erased";

/// The keys that a unit of work destroyed. They are named in the metadata of its first event, which need not be the one
/// that says that the contact is erased; its events stand side by side.
async fn destroyed_with(parts: &Parts, erasure: &Recorded) -> Result<Option<String>, CertificateError> {
    let mut first = erasure.clone();
    let command = erasure.metadata()?.command;
    loop {
        let from = (first.position - 1 - STEP).max(0);
        let before = parts.after(from, first.position - 1 - from).await?;
        let mut earliest = None;
        for event in before.into_iter().rev() {
            if event.metadata()?.command != command {
                break;
            }
            earliest = Some(event);
        }
        let Some(earliest) = earliest else { return Ok(first.metadata()?.destroyed) };
        first = earliest;
    }
}

/// The rotation that made what was erased at a position final: the first one that covers it and whose old root is gone.
/// Taken from the events of the vault's stream, so no view can be behind.
///
/// # Errors
/// [`CertificateError::Ledger`] or [`CertificateError::Malformed`] when an event of the stream is not as it should be.
pub fn finality_of(vault: &[Recorded], position: i64) -> Result<Option<Finality>, CertificateError> {
    for event in vault {
        let VaultEvent::RootDestroyed(RootDestroyed { switched_position, custodians, .. }) =
            event.decode()?
        else {
            continue;
        };
        if switched_position <= position {
            continue;
        }
        let switch = vault.iter().find(|event| event.position == switched_position);
        let Some(VaultEvent::KeysRotated(switch)) = switch.map(Recorded::decode).transpose()? else {
            return Err(CertificateError::Malformed {
                position: event.position,
                what: "where keys were rotated",
            });
        };
        let Some(covers) = switch.covers.filter(|covers| *covers >= position) else { continue };
        return Ok(Some(Finality {
            old_epoch: switch.old_epoch,
            new_epoch: switch.new_epoch,
            covers,
            switched_position,
            destroyed_position: event.position,
            destroyed_at: event.recorded_at,
            custodians,
        }));
    }
    Ok(None)
}

/// The views with values that are sealed for a contact or for what belongs to it.
fn views() -> impl Iterator<Item = &'static str> {
    [ContactView::NAME].into_iter().chain(entries().map(Entry::view)).chain([CompanyView::NAME])
}

/// Makes sure that every view has folded the erasure, in whatever process.
async fn views_have_seen(parts: &Parts, position: i64) -> Result<(), CertificateError> {
    let mut reached = vec![
        (ContactView::NAME, parts.shown::<ContactView>().await?),
        (CompanyView::NAME, parts.shown::<CompanyView>().await?),
    ];
    for kind in entries() {
        reached.push((kind.view(), kind.shown(parts).await?));
    }
    match reached.into_iter().find(|(_, reached)| *reached < position) {
        Some((view, reached)) => {
            Err(CertificateError::ViewBehind { view: view.to_owned(), reached, position })
        }
        None => Ok(()),
    }
}

/// Makes sure that the vault says the same as the ledger: an older vault may have come back.
async fn vault_agrees(parts: &Parts, destroyed: &str) -> Result<(), CertificateError> {
    let keys = keys(destroyed).unwrap_or_default();
    let other: Option<Uuid> = sqlx::query_scalar(
        "SELECT d.key_id FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[]) AS d (key_id, kind, subject, class) \
         WHERE EXISTS (SELECT FROM vault.keys k \
                       WHERE k.subject_id = d.subject AND k.subject_kind = d.kind AND k.class = d.class) \
         OR NOT EXISTS (SELECT FROM vault.tombstones t WHERE t.key_id = d.key_id) LIMIT 1",
    )
    .bind(keys.iter().map(|key| key.key_id).collect::<Vec<_>>())
    .bind(keys.iter().map(|key| key.subject_kind.as_str()).collect::<Vec<_>>())
    .bind(keys.iter().map(|key| key.subject_id).collect::<Vec<_>>())
    .bind(keys.iter().map(|key| key.class.as_str()).collect::<Vec<_>>())
    .fetch_optional(&parts.pool)
    .await?;
    other.map_or(Ok(()), |key| Err(CertificateError::NotInVault(key)))
}
