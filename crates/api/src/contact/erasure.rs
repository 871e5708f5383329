//! Erasing contacts.

mod certificate;
mod mutation;
mod preview;

pub(crate) use mutation::ErasureMutation;
pub(crate) use preview::ErasureQuery;

use async_graphql::{Context, Enum, ID, SimpleObject};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use lethe_crm::contact::{ContactRow, ErasureKind, ErasureReason, Remains};
use lethe_kernel::{ContactId, ImportId, Subject, SubjectKind};
use lethe_vault::DestroyedKey;
use uuid::Uuid;

use super::Nested;
use crate::app::parts;
use crate::error::{ApiError, Result, top_level};
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
    /// Whose key: the contact, a note that dies with it, or an operation whose file is not recognised any more.
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

impl DestroyedKeyField {
    /// A key that would be destroyed, where these documents are imports.
    fn of(key: &DestroyedKey, imports: &[ImportId]) -> Self {
        Self {
            subject_id: subject_id(key.subject, imports.contains(&ImportId(key.subject.id))),
            class: key.class.name().into_owned(),
            key_id: key.id.to_string(),
            commitment: BASE64_URL_SAFE_NO_PAD.encode(key.commitment),
        }
    }

    /// The keys that an event's metadata name. Which documents are imports, the ledger tells.
    async fn listed(context: &Context<'_>, text: &str) -> Result<Vec<Self>> {
        let mut listed = Vec::new();
        for entry in text.split(' ').filter(|entry| !entry.is_empty()) {
            let (subject, [class, key_id, commitment]) = read(entry).ok_or_else(unknown_key)?;
            let is_import = subject.kind == SubjectKind::Document && is_import(context, subject.id).await?;
            listed.push(Self { subject_id: subject_id(subject, is_import), class, key_id, commitment });
        }
        Ok(listed)
    }
}

/// `subject kind/subject id/class/key id/commitment`.
fn read(entry: &str) -> Option<(Subject, [String; 3])> {
    let mut parts = entry.split('/');
    let kind = SubjectKind::from_name(parts.next()?)?;
    let subject = Subject::new(kind, parts.next()?.parse().ok()?);
    let mut next = || parts.next().map(str::to_owned);
    Some((subject, [next()?, next()?, next()?]))
}

fn unknown_key() -> ApiError {
    tracing::error!("an event names a destroyed key of a subject that nobody knows");
    top_level("INTERNAL", "The keys that were destroyed cannot all be told. Ask a newer version of Lethe.")
}

async fn is_import(context: &Context<'_>, document: Uuid) -> Result<bool> {
    let first = parts(context).stream_page("import", document, (0, i64::MAX), (1, false)).await;
    Ok(!first?.is_empty())
}

fn subject_id(subject: Subject, is_import: bool) -> ID {
    match subject.kind {
        SubjectKind::Document if is_import => Kind::Operation.id(subject.id),
        SubjectKind::Document => Kind::Note.id(subject.id),
        SubjectKind::Contact => Kind::Contact.id(subject.id),
        SubjectKind::SoleProprietor => Kind::Company.id(subject.id),
        SubjectKind::User => Kind::User.id(subject.id),
        SubjectKind::Installation => Kind::Installation.id(subject.id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_that_metadata_name_are_read() {
        let id = "00000000-0000-0000-0000-000000000001";
        let text = format!("contact/{id}/crm/{id}/AA document/{id}/crm/{id}/BB");
        let listed: Vec<_> = text.split(' ').filter_map(read).collect();
        let [(contact, key), (document, _)] = listed.as_slice() else { panic!("two keys") };
        assert_eq!((contact.kind, key[0].as_str(), key[2].as_str()), (SubjectKind::Contact, "crm", "AA"));
        assert_eq!((document.kind, document.id.as_u128()), (SubjectKind::Document, 1));
        assert_eq!(read(""), None);
    }

    #[test]
    fn the_key_of_a_company_is_a_companys() {
        let id = subject_id(Subject::new(SubjectKind::SoleProprietor, Uuid::from_u128(1)), false);
        assert_eq!(Kind::Company.read(&id, "x").map(|id| id.as_u128()), Ok(1));
    }

    #[test]
    fn a_document_is_a_note_or_an_operation() {
        let document = Subject::document(Uuid::from_u128(1));
        for (is_import, kind) in [(false, Kind::Note), (true, Kind::Operation)] {
            let id = kind.read(&subject_id(document, is_import), "x");
            assert_eq!(id.map(|id| id.as_u128()), Ok(1));
        }
    }
}
