use async_graphql::{Context, ID, Object, SimpleObject};
use lethe_crm::company::CompanyView;
use lethe_crm::contact::{BelongingKind, Fate, Hold, HoldKind};
use lethe_crm::import::OperationView;
use lethe_crm::note::NoteView;
use lethe_crm::prospect::ProspectView;
use lethe_kernel::ContactId;
use lethe_ledger::{Context as WorkContext, Failure, Projection};
use lethe_privacy::consent::ConsentView;
use lethe_privacy::erasure::{Preview, preview};
use uuid::Uuid;

use super::{DestroyedKeyField, ErasureKindField, Remaining};
use crate::app::{app, request};
use crate::company::Company;
use crate::consent::Consent;
use crate::error::{Result, UserError};
use crate::id::Kind;
use crate::import::Operation;
use crate::loader::{Identified, by_id, by_ids};
use crate::note::Note;
use crate::permission::allowed;
use crate::prospect::Prospect;
use crate::scalar::Date;
use crate::unit::Unit;

/// The answer to `contactErasurePreview`.
#[derive(SimpleObject)]
pub(crate) struct ContactErasurePreviewPayload {
    /// What the erasure would do; null if it would be refused.
    preview: Option<ErasurePreview>,
    /// Why it would be refused; empty if it would not.
    user_errors: Vec<UserError>,
}

pub(crate) struct ErasurePreview(Preview);

/// A note whose text would die with the contact.
#[derive(SimpleObject)]
#[graphql(name = "DyingNote")]
struct DyingNoteField {
    /// The note.
    note: Option<Note>,
    /// How many other contacts it names. For them it goes on without its text, until its own date.
    other_contacts: usize,
}

/// Something that keeps a contact in the system.
#[derive(SimpleObject)]
struct ErasureHold {
    /// What it is.
    kind: HoldKindField,
    /// Whose it is.
    unit: Option<Unit>,
    /// The first day on which it is no longer there.
    until: Option<Date>,
    /// Whether it stops this erasure. Active items and keeps stop sweeps and rules alone.
    stops_erasure: bool,
}

/// What keeps a contact in the system.
#[derive(async_graphql::Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(name = "HoldKind", remote = "HoldKind")]
enum HoldKindField {
    /// An item that names it and has not expired.
    ActiveItem,
    /// A unit keeps it.
    Keep,
    /// A unit has locked it.
    Lock,
    /// A unit needs a value of it.
    UnitEssential,
    /// Its processing is restricted.
    Restriction,
}

impl ErasurePreview {
    /// What of a kind would have one of some fates, as far as the caller sees it.
    async fn rows<P: Projection<Row: Identified>>(
        &self,
        context: &Context<'_>,
        kind: BelongingKind,
        fates: &[Fate],
    ) -> Result<Vec<P::Row>> {
        let ids: Vec<Uuid> = self.0.of(kind, fates).map(|one| one.id).collect();
        by_ids::<P>(context, &ids).await
    }
}

/// What an erasure would do, as things are now.
#[Object]
impl ErasurePreview {
    /// How much of the contact would stay.
    async fn kind(&self) -> ErasureKindField {
        self.0.kind.into()
    }

    /// The keys that would be destroyed, and with them everything they sealed, in events, views and backups.
    async fn destroyed(&self) -> Vec<DestroyedKeyField> {
        self.0.destroyed.iter().map(|key| DestroyedKeyField::of(key, &self.0.imports)).collect()
    }

    /// The notes whose texts would die, for all whom they name.
    #[graphql(complexity = "crate::connection::cost(100, child_complexity)")]
    async fn dying_notes(&self, context: &Context<'_>) -> Result<Vec<DyingNoteField>> {
        let mut shown = Vec::new();
        for dying in self.0.of(BelongingKind::Note, &[Fate::Died]) {
            let note = by_id::<NoteView>(context, dying.id).await?.map(Note);
            shown.push(DyingNoteField { note, other_contacts: dying.outlook.others });
        }
        Ok(shown)
    }

    /// The notes that would survive, because they are declared free of personal content.
    #[graphql(complexity = "crate::connection::cost(100, child_complexity)")]
    async fn surviving_notes(&self, context: &Context<'_>) -> Result<Vec<Note>> {
        let fates = [Fate::Survived, Fate::Unlinked, Fate::Kept];
        let found = self.rows::<NoteView>(context, BelongingKind::Note, &fates).await?;
        Ok(found.into_iter().map(Note).collect())
    }

    /// Its consents; their wording, proof and notes would go.
    #[graphql(complexity = "crate::connection::cost(100, child_complexity)")]
    async fn consents(&self, context: &Context<'_>) -> Result<Vec<Consent>> {
        let found = self.rows::<ConsentView>(context, BelongingKind::Consent, &Fate::ALL).await?;
        Ok(found.into_iter().map(Consent).collect())
    }

    /// Its prospects; their titles would go.
    #[graphql(complexity = "crate::connection::cost(100, child_complexity)")]
    async fn prospects(&self, context: &Context<'_>) -> Result<Vec<Prospect>> {
        let found = self.rows::<ProspectView>(context, BelongingKind::Prospect, &Fate::ALL).await?;
        Ok(found.into_iter().map(Prospect).collect())
    }

    /// The companies it would no longer belong to.
    #[graphql(complexity = "crate::connection::cost(100, child_complexity)")]
    async fn unlinked_companies(&self, context: &Context<'_>) -> Result<Vec<Company>> {
        Ok(by_ids::<CompanyView>(context, &ids(&self.0.unlinked)).await?.into_iter().map(Company).collect())
    }

    /// The imports of your unit whose files would not be recognised any more, because they name the contact or a company that
    /// is this person, or may name them in a row that was refused or is not dealt with yet. Such a file sent again is
    /// another import.
    #[graphql(complexity = "crate::connection::cost(100, child_complexity)")]
    async fn forgotten_imports(&self, context: &Context<'_>) -> Result<Vec<Operation>> {
        let found = by_ids::<OperationView>(context, &ids(&self.0.imports)).await?;
        Ok(found.into_iter().map(Operation).collect())
    }

    /// The companies that are this person; their personal values would go.
    #[graphql(complexity = "crate::connection::cost(100, child_complexity)")]
    async fn proprietorships(&self, context: &Context<'_>) -> Result<Vec<Company>> {
        let found = by_ids::<CompanyView>(context, &ids(&self.0.proprietorships)).await?;
        Ok(found.into_iter().map(Company).collect())
    }

    /// Other companies of it that are one person: they have keys of their own and are not erased with it.
    #[graphql(complexity = "crate::connection::cost(100, child_complexity)")]
    async fn sole_proprietors(&self, context: &Context<'_>) -> Result<Vec<Company>> {
        let found = by_ids::<CompanyView>(context, &ids(&self.0.sole_proprietors)).await?;
        Ok(found.into_iter().map(Company).collect())
    }

    /// What would stay, and why.
    async fn remaining(&self) -> Vec<Remaining> {
        self.0.remains.iter().copied().map(Into::into).collect()
    }

    /// What keeps it in the system.
    async fn holds(&self, context: &Context<'_>) -> Result<Vec<ErasureHold>> {
        let mut shown = Vec::new();
        for Hold { kind, unit, until } in &self.0.holds {
            shown.push(ErasureHold {
                kind: (*kind).into(),
                unit: Unit::by_id(context, unit.0).await?,
                until: until.map(Date),
                stops_erasure: kind.stops_erasure(),
            });
        }
        Ok(shown)
    }

    /// Pass it as `previewToken`. It stands for these facts: once one of them has changed, it is refused.
    async fn token(&self) -> &str {
        &self.0.token
    }
}

/// Queries about erasures.
#[derive(Default)]
pub(crate) struct ErasureQuery;

#[Object]
impl ErasureQuery {
    /// What an erasure of a contact would do, and the token that it needs. For the DPM of a unit that has the contact,
    /// and for system administrators.
    #[doc = allowed!(contactErasurePreview)]
    async fn contact_erasure_preview(
        &self,
        context: &Context<'_>,
        contact_id: ID,
        kind: ErasureKindField,
    ) -> Result<ContactErasurePreviewPayload> {
        let refused = |errors: Vec<lethe_kernel::UserError>| ContactErasurePreviewPayload {
            preview: None,
            user_errors: errors.into_iter().map(Into::into).collect(),
        };
        let contact = match Kind::Contact.read(&contact_id, "contactId") {
            Ok(id) => ContactId(id),
            Err(error) => return Ok(refused(vec![error])),
        };
        let request = request(context);
        let wanted = WorkContext::new(request.session.caller, request.id);
        match preview(&app(context).ledger, &wanted, contact, kind.into()).await {
            Ok(preview) => Ok(ContactErasurePreviewPayload {
                preview: Some(ErasurePreview(preview)),
                user_errors: Vec::new(),
            }),
            Err(Failure::Refused(errors)) => Ok(refused(errors)),
            Err(Failure::Failed(error)) => Err(error.into()),
        }
    }
}

fn ids<I: Copy + Into<Uuid>>(ids: &[I]) -> Vec<Uuid> {
    ids.iter().map(|id| (*id).into()).collect()
}
