//! From what the ledger knows to a certificate. Pure: the same facts always give the same bytes, whenever it is issued.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use lethe_kernel::{KeyClass, SubjectKind};
use lethe_ledger::{Metadata, Recorded};
use uuid::Uuid;

use super::{
    Approval, Certificate, CertificateError, DestroyedKey, FORMAT, Remaining, Request, Rotation, STATEMENT,
};
use crate::rotation::Finality;

/// What a certificate is made of.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// The installation.
    pub installation: Uuid,
    /// The event that says that the contact is erased.
    pub erasure: &'a Recorded,
    /// The list of destroyed keys in the metadata of the erasure's unit of work, see [`Metadata::destroyed`].
    pub destroyed: &'a str,
    /// `ANONYMISED` or `DELETED`.
    pub kind: String,
    /// Why, as a code.
    pub reason: String,
    /// The article of the GDPR.
    pub legal_basis: String,
    /// When the person asked for it, if a request was recorded.
    pub requested_at: Option<DateTime<Utc>>,
    /// What was not erased, and why.
    pub remaining: Vec<Remaining>,
    /// The views that have dropped the values.
    pub views: Vec<String>,
    /// The rotation that made the erasure final; `None` if none has yet.
    pub finality: Option<Finality>,
}

impl Certificate {
    /// The certificate of an erasure.
    ///
    /// # Errors
    /// [`CertificateError::NotFinal`], [`CertificateError::NothingDestroyed`], [`CertificateError::Unacknowledged`],
    /// [`CertificateError::Order`] and [`CertificateError::Malformed`].
    pub fn new(facts: Facts<'_>) -> Result<Self, CertificateError> {
        let position = facts.erasure.position;
        let destroyed_keys = keys(facts.destroyed).ok_or(malformed(position))?;
        if destroyed_keys.is_empty() {
            return Err(CertificateError::NothingDestroyed(position));
        }
        let rotation = rotation(facts.finality.ok_or(CertificateError::NotFinal { position })?, position)?;
        let Metadata { user, unit, role, occurred, .. } = facts.erasure.metadata()?;
        Ok(Self {
            format: FORMAT.to_owned(),
            installation: facts.installation,
            request: Request {
                contact: facts.erasure.stream,
                event_position: position,
                event_id: facts.erasure.id.0,
                kind: facts.kind,
                reason: facts.reason,
                legal_basis: facts.legal_basis,
                requested_at: facts.requested_at,
                decided_at: occurred,
                recorded_at: facts.erasure.recorded_at,
            },
            approved_by: Approval { user: user.0, unit: unit.0, role: role.name().to_owned() },
            destroyed_keys,
            rotation,
            views_rewritten: facts.views,
            remaining: facts.remaining,
            statement: STATEMENT.to_owned(),
        })
    }
}

fn malformed(position: i64) -> CertificateError {
    CertificateError::Malformed { position, what: "which keys were destroyed" }
}

fn rotation(finality: Finality, erased: i64) -> Result<Rotation, CertificateError> {
    let Finality { covers, switched_position: switched, destroyed_position: destroyed, .. } = finality;
    if erased > covers
        || covers >= switched
        || switched >= destroyed
        || finality.old_epoch >= finality.new_epoch
    {
        return Err(CertificateError::Order { erased, covers, switched, destroyed });
    }
    if finality.custodians.is_empty() {
        return Err(CertificateError::Unacknowledged(finality.old_epoch));
    }
    Ok(Rotation {
        from_epoch: finality.old_epoch,
        to_epoch: finality.new_epoch,
        covers,
        switched_position: switched,
        root_destroyed_position: destroyed,
        root_destroyed_at: finality.destroyed_at,
        custodians: finality.custodians,
    })
}

/// The keys of a list in an event's metadata; `None` if it has not the form of one.
pub(crate) fn keys(list: &str) -> Option<Vec<DestroyedKey>> {
    list.split(' ').filter(|entry| !entry.is_empty()).map(key).collect()
}

fn key(entry: &str) -> Option<DestroyedKey> {
    let parts: Vec<&str> = entry.split('/').collect();
    let &[kind, subject, class, id, commitment] = parts.as_slice() else { return None };
    (BASE64_URL_SAFE_NO_PAD.decode(commitment).ok()?.len() == 32).then_some(())?;
    Some(DestroyedKey {
        subject_kind: SubjectKind::from_name(kind)?.name().to_owned(),
        subject_id: subject.parse().ok()?,
        class: KeyClass::from_name(class)?.name().into_owned(),
        key_id: id.parse().ok()?,
        commitment: commitment.to_owned(),
    })
}
