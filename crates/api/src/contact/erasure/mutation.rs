use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use lethe_crm::contact::{ContactEvent, ContactView, ErasureKind};
use lethe_kernel::{ContactId, UserError};
use lethe_privacy::erasure::EraseContact;

use super::{DestroyedKeyField, Erasure, ErasureReasonField, Remaining};
use crate::app::parts;
use crate::contact::{Contact, Nested};
use crate::error::Result;
use crate::id::Kind;
use crate::kind::Shown;
use crate::mutate::{Outcome, changed, execute};
use crate::permission::allowed;

/// A contact to anonymise. It cannot be undone.
#[derive(InputObject)]
pub(crate) struct ContactAnonymiseInput {
    /// The contact.
    contact_id: ID,
    /// The token of the preview that you approve.
    preview_token: String,
    /// Why.
    reason: ErasureReasonField,
    /// A UUID of your choice; sending the same input with it again gives the same answer and changes nothing.
    idempotency_key: ID,
}

/// A contact to delete. It cannot be undone.
#[derive(InputObject)]
pub(crate) struct ContactDeleteInput {
    /// The contact.
    contact_id: ID,
    /// The token of the preview that you approve.
    preview_token: String,
    /// Why.
    reason: ErasureReasonField,
    /// A UUID of your choice; sending the same input with it again gives the same answer and changes nothing.
    idempotency_key: ID,
}

macro_rules! payload {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(SimpleObject)]
        pub(crate) struct $name {
            /// What is left of the contact; null if the mutation was refused.
            contact: Option<Contact>,
            /// How it was erased.
            erasure: Option<Erasure>,
            /// The keys that were destroyed.
            destroyed: Vec<DestroyedKeyField>,
            /// What remains, and why.
            remaining: Vec<Remaining>,
            /// Pass it as `minPosition` to see this change in any query.
            position: Option<crate::scalar::Position>,
            /// Whether lists do not show the change yet, although it is durable.
            view_pending: bool,
            /// Why it was refused; empty if it was done.
            user_errors: Vec<crate::error::UserError>,
        }

        impl $name {
            fn new(outcome: Outcome, told: Told) -> Self {
                Self {
                    contact: told.contact,
                    erasure: told.erasure,
                    destroyed: told.destroyed,
                    remaining: told.remaining,
                    position: outcome.position(),
                    view_pending: outcome.view_pending,
                    user_errors: outcome.errors,
                }
            }
        }
    };
}

payload! {
    /// The answer to `contactAnonymise`.
    ContactAnonymisePayload
}
payload! {
    /// The answer to `contactDelete`.
    ContactDeletePayload
}

/// What an erasure answers. It is read from its event, so a repetition answers the same.
#[derive(Default)]
struct Told {
    contact: Option<Contact>,
    erasure: Option<Erasure>,
    destroyed: Vec<DestroyedKeyField>,
    remaining: Vec<Remaining>,
}

impl Told {
    async fn of(context: &Context<'_>, outcome: &Outcome) -> Result<Self> {
        let Some(row) = changed::<ContactView>(context, outcome).await? else { return Ok(Self::default()) };
        let mut told =
            Self { erasure: Erasure::of(context, &row, &Nested::default()).await?, ..Self::default() };
        if let Some(position) = row.erased_position
            && let Some(event) = parts(context).event(position).await?
        {
            let destroyed = event.metadata()?.destroyed;
            let destroyed = destroyed.as_deref().unwrap_or_default();
            told.destroyed = DestroyedKeyField::listed(context, destroyed).await?;
            if let ContactEvent::Erased(erased) = event.decode()? {
                told.remaining = erased.remains.into_iter().map(Into::into).collect();
            }
        }
        told.contact = Some(Contact::now(row));
        Ok(told)
    }
}

/// Mutations that erase.
#[derive(Default)]
pub(crate) struct ErasureMutation;

#[Object]
impl ErasureMutation {
    /// Anonymises a contact for good: what is personal can be opened by nobody any more, what can be counted stays. For
    /// the DPM of a unit that has the contact, and for system administrators, after `contactErasurePreview`.
    #[doc = allowed!(contactAnonymise)]
    async fn contact_anonymise(
        &self,
        context: &Context<'_>,
        input: ContactAnonymiseInput,
    ) -> Result<ContactAnonymisePayload> {
        let key = input.idempotency_key.clone();
        let work =
            erase(&input.contact_id, ErasureKind::Anonymised, input.reason, input.preview_token.clone());
        let outcome = execute(context, "contactAnonymise", Some(&key), work, Contact::VIEWS).await?;
        let told = Told::of(context, &outcome).await?;
        Ok(ContactAnonymisePayload::new(outcome, told))
    }

    /// Deletes a contact for good: as `contactAnonymise`, and no list shows it any more, no company and no note refers
    /// to it.
    #[doc = allowed!(contactDelete)]
    async fn contact_delete(
        &self,
        context: &Context<'_>,
        input: ContactDeleteInput,
    ) -> Result<ContactDeletePayload> {
        let key = input.idempotency_key.clone();
        let work = erase(&input.contact_id, ErasureKind::Deleted, input.reason, input.preview_token.clone());
        let outcome = execute(context, "contactDelete", Some(&key), work, Contact::VIEWS).await?;
        let told = Told::of(context, &outcome).await?;
        Ok(ContactDeletePayload::new(outcome, told))
    }
}

fn erase(
    contact: &ID,
    kind: ErasureKind,
    reason: ErasureReasonField,
    token: String,
) -> Result<EraseContact, UserError> {
    let contact = ContactId(Kind::Contact.read(contact, "contactId")?);
    Ok(EraseContact { contact, kind, reason: reason.into(), token })
}
