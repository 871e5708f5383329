//! Erasing contacts.

mod certificate;
mod mutation;
mod preview;

pub(crate) use mutation::ErasureMutation;
pub(crate) use preview::ErasureQuery;

use async_graphql::{Context, Enum, ID, Result, SimpleObject};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use lethe_crm::contact::{ContactRow, ErasureKind, ErasureReason, Remains};
use lethe_kernel::{ContactId, Subject, SubjectKind};
use lethe_vault::DestroyedKey;

use super::Nested;
use crate::id::Kind;

/// How a contact was erased.
#[derive(SimpleObject, Clone)]
#[graphql(complex)]
pub(crate) struct Erasure {
    #[graphql(skip)]
    contact: ContactId,
    /// How final it is.
    state: ErasureState,
    /// How much of it stays.
    kind: ErasureKindField,
    /// When it was recorded, and the keys destroyed.
    at: DateTime<Utc>,
    /// Since when it is final.
    final_at: Option<DateTime<Utc>>,
    /// Why.
    reason: ErasureReasonField,
    /// The article of the law that demands it.
    legal_basis: &'static str,
}

/// How final an erasure is.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErasureState {
    /// Unreadable for the running system.
    Erased,
    /// Unreadable from every disk and backup there ever was: no root key is left that could open them.
    Final,
}

/// How much of a contact stays when it is erased.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(name = "ErasureKind", remote = "ErasureKind")]
pub(crate) enum ErasureKindField {
    /// What can be counted and not traced to the person: companies, units, dates, facts of consents.
    Anonymised,
    /// Id and status; no list shows it.
    Deleted,
}

/// Why a contact is erased: the grounds of Article 17(1) of the GDPR.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(name = "ErasureReason", remote = "ErasureReason")]
pub(crate) enum ErasureReasonField {
    /// The person asked for it.
    RequestOfPerson,
    /// (a) The data are no longer necessary.
    Expired,
    /// (b) The person withdrew the consent.
    WithdrawnConsent,
    /// (c) The person objects.
    Objection,
    /// (d) The data were processed unlawfully.
    Unlawful,
    /// (e) A law demands it.
    LegalObligation,
}

/// What stays of a person who is erased.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(name = "Remains", remote = "Remains")]
pub(crate) enum RemainsField {
    /// Ids, dates and codes in the ledger.
    Ids,
    /// Who did what and when.
    Audit,
    /// Companies, units and dates.
    Statistics,
    /// Purpose, legal basis and dates of consents.
    Consents,
    /// Notes declared free of personal content.
    FreeNotes,
    /// Kind, dates and unit of notes whose text dies, and the other contacts they name.
    NoteShells,
    /// Companies that are one person, under a key of their own.
    SoleProprietors,
    /// What bookkeeping law has kept, under a key of its own.
    Accounting,
}

/// Something that stays of a person who is erased.
#[derive(SimpleObject, Clone)]
pub(crate) struct Remaining {
    /// What.
    what: RemainsField,
    /// Why, in a sentence.
    why: &'static str,
}

/// A key that is destroyed, and with it everything that it sealed.
#[derive(SimpleObject, Clone)]
#[graphql(name = "DestroyedKey")]
pub(crate) struct DestroyedKeyField {
    /// Whose key: the contact, or a note that dies with it.
    subject_id: ID,
    /// What it sealed: `crm`, or `field:` and the id of a custom field.
    class: String,
    /// The key's id.
    key_id: String,
    /// What bound the key to its id and subject, in base64url.
    commitment: String,
}

impl Erasure {
    /// The erasure of a contact, if it was erased.
    pub(super) async fn of(context: &Context<'_>, row: &ContactRow, nested: &Nested) -> Result<Option<Self>> {
        let (Some(kind), Some(reason)) = (row.erasure_kind, row.erasure_reason) else { return Ok(None) };
        let (Some(at), Some(position)) = (row.erased_at, row.erased_position) else { return Ok(None) };
        let finality = nested.finality(context, position).await?;
        Ok(Some(Self {
            contact: row.id,
            state: if finality.is_some() { ErasureState::Final } else { ErasureState::Erased },
            kind: kind.into(),
            at,
            final_at: finality.map(|finality| finality.destroyed_at),
            reason: reason.into(),
            legal_basis: reason.legal_basis(),
        }))
    }
}

impl From<Remains> for Remaining {
    fn from(remains: Remains) -> Self {
        Self { what: remains.into(), why: remains.why() }
    }
}

impl From<DestroyedKey> for DestroyedKeyField {
    fn from(key: DestroyedKey) -> Self {
        Self {
            subject_id: subject_id(key.subject),
            class: key.class.name().into_owned(),
            key_id: key.id.to_string(),
            commitment: BASE64_URL_SAFE_NO_PAD.encode(key.commitment),
        }
    }
}

impl DestroyedKeyField {
    /// The keys that an event's metadata name.
    fn listed(text: &str) -> Vec<Self> {
        text.split(' ').filter_map(Self::read).collect()
    }

    /// `subject kind/subject id/class/key id/commitment`.
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let kind = SubjectKind::from_name(parts.next()?)?;
        let subject = Subject::new(kind, parts.next()?.parse().ok()?);
        let mut next = || parts.next().map(str::to_owned);
        let (class, key_id, commitment) = (next()?, next()?, next()?);
        Some(Self { subject_id: subject_id(subject), class, key_id, commitment })
    }
}

fn subject_id(subject: Subject) -> ID {
    match subject.kind {
        SubjectKind::Document => Kind::Note.id(subject.id),
        _ => Kind::Contact.id(ContactId(subject.id)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_that_metadata_name_are_read() {
        let id = "00000000-0000-0000-0000-000000000001";
        let listed =
            DestroyedKeyField::listed(&format!("contact/{id}/crm/{id}/AA document/{id}/crm/{id}/BB"));
        let [contact, note] = listed.as_slice() else { panic!("two keys") };
        assert_eq!((contact.class.as_str(), contact.commitment.as_str()), ("crm", "AA"));
        assert_eq!(Kind::Note.read(&note.subject_id, "x").map(|id| id.as_u128()), Ok(1));
        assert_eq!(DestroyedKeyField::listed("").len(), 0);
    }
}
