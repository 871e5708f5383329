use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, OneofObject};
use lethe_crm::expiry::{Expiry, Longest};
use lethe_crm::note::{AmendNote, ExpiryChoice, NoteView, RemoveNote, WriteNote};
use lethe_kernel::{CompanyId, ContactId, ErrorCode, NoteId, Patch, UserError};

use super::Note;
use crate::app::app;
use crate::argument::patch;
use crate::error::Result;
use crate::expiry::EffectField;
use crate::id::Kind;
use crate::kind::Shown;
use crate::mutate::{changed, execute, payload};
use crate::permission::allowed;
use crate::scalar::Date;

/// When a note expires.
#[derive(OneofObject)]
pub(crate) enum NoteExpiryInput {
    /// On a day, with an effect.
    On(ExpiryInput),
    /// Never; pass `true`. Only for a note declared to contain neither personal nor sensitive data.
    Never(bool),
}

/// A day and what then happens.
#[derive(InputObject)]
pub(crate) struct ExpiryInput {
    /// The first day on which the item has expired.
    date: Date,
    /// What then happens.
    effect: EffectField,
}

/// A note to write.
#[derive(InputObject)]
pub(crate) struct NoteWriteInput {
    /// The contacts it concerns; at most 500.
    #[graphql(default)]
    contact_ids: Vec<ID>,
    /// The company it concerns.
    company_id: Option<ID>,
    /// Its kind: one of your unit's `noteKinds`, for example `MEETING`.
    kind: String,
    /// The text; at most 20,000 characters.
    text: String,
    /// Whether it contains personal data.
    #[graphql(default = true)]
    contains_personal: bool,
    /// Whether it contains sensitive data; its text is then only shown when it is revealed.
    #[graphql(default)]
    contains_sensitive: bool,
    /// When it expires; if left out, as the policy of your unit says, otherwise after three years.
    expiry: Option<NoteExpiryInput>,
    /// A UUID of your choice; see `contactRegister`.
    idempotency_key: Option<ID>,
}

/// What to change of a note: a field that is absent stays.
#[derive(InputObject)]
pub(crate) struct NoteAmendInput {
    /// The note.
    note_id: ID,
    /// The version you have read; if it changed since, nothing is done.
    expected_version: Option<i64>,
    /// The contacts it concerns from now on.
    contact_ids: Option<Vec<ID>>,
    /// The company it concerns; null removes the link.
    company_id: MaybeUndefined<ID>,
    /// Its kind: one of its unit's `noteKinds`.
    kind: Option<String>,
    /// The text.
    text: Option<String>,
    /// Whether it contains personal data.
    contains_personal: Option<bool>,
    /// Whether it contains sensitive data.
    contains_sensitive: Option<bool>,
    /// When it expires from now on.
    expiry: Option<NoteExpiryInput>,
    /// A UUID of your choice; see `contactRegister`.
    idempotency_key: Option<ID>,
}

/// A note to remove by hand.
#[derive(InputObject)]
pub(crate) struct NoteRemoveInput {
    /// The note.
    note_id: ID,
    /// The version you have read; if it changed since, nothing is done.
    expected_version: Option<i64>,
    /// A UUID of your choice; see `contactRegister`.
    idempotency_key: Option<ID>,
}

payload! {
    /// The answer to `noteWrite`.
    NoteWritePayload { note: Note },
    /// The answer to `noteAmend`.
    NoteAmendPayload { note: Note },
    /// The answer to `noteRemove`.
    NoteRemovePayload { note: Note },
}

/// Mutations of notes.
#[derive(Default)]
pub(crate) struct NoteMutation;

#[Object]
impl NoteMutation {
    /// Writes a note in the name of your unit.
    #[doc = allowed!(noteWrite)]
    async fn note_write(&self, context: &Context<'_>, input: NoteWriteInput) -> Result<NoteWritePayload> {
        let key = input.idempotency_key.clone();
        let outcome = execute(
            context,
            "noteWrite",
            key.as_ref(),
            input.work(app(context).longest),
            NoteWritePayload::VIEWS,
        )
        .await?;
        let note = changed::<NoteView>(context, &outcome).await?.map(Note);
        Ok(NoteWritePayload::new(outcome, note))
    }

    /// Changes a note: its text, declarations, links or expiry.
    #[doc = allowed!(noteAmend)]
    async fn note_amend(&self, context: &Context<'_>, input: NoteAmendInput) -> Result<NoteAmendPayload> {
        let key = input.idempotency_key.clone();
        let outcome = execute(
            context,
            "noteAmend",
            key.as_ref(),
            input.work(app(context).longest),
            NoteAmendPayload::VIEWS,
        )
        .await?;
        let note = changed::<NoteView>(context, &outcome).await?.map(Note);
        Ok(NoteAmendPayload::new(outcome, note))
    }

    /// Removes a note by hand, as if it had expired.
    #[doc = allowed!(noteRemove)]
    async fn note_remove(&self, context: &Context<'_>, input: NoteRemoveInput) -> Result<NoteRemovePayload> {
        let work = Kind::Note
            .read(&input.note_id, "noteId")
            .map(|note| RemoveNote { note: NoteId(note), expected_version: input.expected_version });
        let outcome =
            execute(context, "noteRemove", input.idempotency_key.as_ref(), work, NoteRemovePayload::VIEWS)
                .await?;
        let note = changed::<NoteView>(context, &outcome).await?.map(Note);
        Ok(NoteRemovePayload::new(outcome, note))
    }
}

impl NoteWriteInput {
    fn work(self, longest: Longest) -> Result<WriteNote, UserError> {
        Ok(WriteNote {
            contacts: contacts(&self.contact_ids)?,
            company: self
                .company_id
                .map(|id| Kind::Company.read(&id, "companyId").map(CompanyId))
                .transpose()?,
            kind: self.kind,
            text: self.text,
            contains_personal: self.contains_personal,
            contains_sensitive: self.contains_sensitive,
            expiry: match self.expiry {
                None => ExpiryChoice::Default,
                Some(choice) => choice.read()?.map_or(ExpiryChoice::Never, ExpiryChoice::On),
            },
            longest,
        })
    }
}

impl NoteAmendInput {
    fn work(self, longest: Longest) -> Result<AmendNote, UserError> {
        Ok(AmendNote {
            note: NoteId(Kind::Note.read(&self.note_id, "noteId")?),
            expected_version: self.expected_version,
            kind: self.kind,
            text: self.text,
            contacts: self.contact_ids.as_deref().map(contacts).transpose()?,
            company: patch(self.company_id)
                .try_map(|id| Kind::Company.read(&id, "companyId").map(CompanyId))?,
            contains_personal: self.contains_personal,
            contains_sensitive: self.contains_sensitive,
            expiry: match self.expiry {
                None => Patch::Keep,
                Some(choice) => choice.read()?.map_or(Patch::Clear, Patch::Set),
            },
            longest,
        })
    }
}

impl NoteExpiryInput {
    fn read(self) -> Result<Option<Expiry>, UserError> {
        match self {
            Self::On(ExpiryInput { date, effect }) => Ok(Some(Expiry { on: date.0, effect: effect.into() })),
            Self::Never(true) => Ok(None),
            Self::Never(false) => Err(UserError::at(
                ErrorCode::InvalidValue,
                "expiry",
                "`never` is true or left out. Leave the expiry out for the default, or give a day.",
            )),
        }
    }
}

fn contacts(ids: &[ID]) -> Result<Vec<ContactId>, UserError> {
    ids.iter().map(|id| Kind::Contact.read(id, "contactIds").map(ContactId)).collect()
}
