//! The commands on notes; each is one unit of work over the note and every contact it names.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use lethe_access::unit::{own_unit, storing_unit};
use lethe_kernel::{CompanyId, ContactId, ErrorCode, NoteId, Patch, Personal, UnitId, UserError, text};
use lethe_ledger::{Answer, Failure, UnitOfWork, Work};
use lethe_nordic::calendar;

use super::{Amended, Amendment, Note, NoteCommand, NoteError, NoteText, Standing, Written};
use crate::company::existing_company;
use crate::contact::{BelongingKind, Bound, Contact, ContactCommand, ItemKind, living_contact};
use crate::expiry::{Expiry, ExpiryPolicies, ExpirySource, Longest, default_expiry};
use crate::note_kind::{NoteKind, NoteKinds};

/// When a new note expires.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExpiryChoice {
    /// By the policy of the unit, or R18.
    #[default]
    Default,
    /// Never; only for a note without personal and sensitive data.
    Never,
    /// On a date.
    On(Expiry),
}

/// Writes a note in the name of the caller's unit. Answers the note.
pub struct WriteNote {
    /// The contacts it concerns; a contact named twice counts once.
    pub contacts: Vec<ContactId>,
    /// The company it concerns.
    pub company: Option<CompanyId>,
    /// Its kind: a code from the unit's list.
    pub kind: String,
    /// The text.
    pub text: String,
    /// Whether it contains personal data.
    pub contains_personal: bool,
    /// Whether it contains sensitive data.
    pub contains_sensitive: bool,
    /// When it expires.
    pub expiry: ExpiryChoice,
    /// How long it may live.
    pub longest: Longest,
}

impl Work for WriteNote {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        storing_unit(unit).await?;
        let id = NoteId(unit.new_id());
        let today = calendar::copenhagen_date(unit.now());
        let contacts = distinct(&self.contacts);
        // Before any contact is loaded, so that an absurd list costs nothing.
        refuse_too_many(&contacts)?;
        let text = required(text::block("text", &self.text)?)?;
        let own = unit.caller().unit;
        let NoteKind { code: kind, nature } = kind(unit, own, &self.kind).await?;
        linked(unit, &contacts, self.company).await?;
        let (expiry, source) = match self.expiry {
            ExpiryChoice::Never => (None, ExpirySource::Chosen),
            ExpiryChoice::On(expiry) => (Some(expiry), ExpirySource::Chosen),
            ExpiryChoice::Default => {
                let policies = unit.load::<ExpiryPolicies>(own).await?;
                let Expiry { on, effect } = default_expiry(policies.all(), ItemKind::Note, today);
                // A policy may be older than the setting.
                (Some(Expiry { on: on.min(self.longest.last(today)), effect }), ExpirySource::Policy)
            }
        };
        let written = Written {
            unit: own,
            kind,
            nature,
            contacts,
            company: self.company,
            text: Personal::of(id, NoteText(text)),
            contains_personal: self.contains_personal,
            contains_sensitive: self.contains_sensitive,
            created: today,
            expiry,
            source,
        };
        unit.handle::<Note>(id, NoteCommand::Write { written, today, longest: self.longest }).await?;
        settle(unit, id, &[], false).await?;
        Ok(Answer::about(id, id))
    }
}

/// Changes a note. Answers the note.
pub struct AmendNote {
    /// The note.
    pub note: NoteId,
    /// The version the caller has seen.
    pub expected_version: Option<i64>,
    /// Its kind: a code from the unit's list.
    pub kind: Option<String>,
    /// The text.
    pub text: Option<String>,
    /// The contacts it concerns from now on.
    pub contacts: Option<Vec<ContactId>>,
    /// The company it concerns.
    pub company: Patch<CompanyId>,
    /// Whether it contains personal data.
    pub contains_personal: Option<bool>,
    /// Whether it contains sensitive data.
    pub contains_sensitive: Option<bool>,
    /// When it expires from now on.
    pub expiry: Patch<Expiry>,
    /// How long it may live from now on.
    pub longest: Longest,
}

impl Work for AmendNote {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        own_unit(unit).await?;
        let note = own_note(unit, self.note).await?;
        let before = note.contacts().to_vec();
        // Once the text is erased, the note has no key and the input no text.
        // What it is called already may be off the list by now.
        let is_called = |code: &&str| note.active().is_some_and(|standing| standing.kind() == *code);
        let renamed = self.kind.as_deref().filter(|code| !is_called(code));
        let owner = note.unit();
        let subject = note.active().is_some_and(Standing::has_text).then(|| self.note.into());
        unit.expect::<Note>(self.note, self.expected_version).await?;
        let text = self.text.as_deref().map(|given| required(text::block("text", given)?)).transpose()?;
        let contacts = self.contacts.as_deref().map(distinct);
        refuse_too_many(contacts.as_deref().unwrap_or_default())?;
        // Whom it names already may have been anonymised since.
        let named = contacts.iter().flatten().filter(|contact| !before.contains(contact)).copied();
        linked(unit, &named.collect::<Vec<_>>(), self.company.value().copied()).await?;
        let kind = match renamed.zip(owner) {
            Some((code, owner)) => Some(kind(unit, owner, code).await?),
            None => None,
        };
        let change = Amended {
            nature: kind.as_ref().map(|kind| kind.nature),
            kind: kind.map(|kind| kind.code),
            text: text.map(|text| Personal::of(self.note, NoteText(text))),
            contacts,
            company: self.company.clone(),
            contains_personal: self.contains_personal,
            contains_sensitive: self.contains_sensitive,
        };
        let today = calendar::copenhagen_date(unit.now());
        let (expiry, longest) = (self.expiry.clone(), self.longest);
        let amendment = Amendment { note: self.note, change, expiry, today, longest };
        unit.handle::<Note>(self.note, NoteCommand::Amend(amendment)).await?;
        settle(unit, self.note, &before, false).await?;
        Ok(Answer { subject, ..Answer::of(self.note) })
    }
}

/// Removes a note by hand. Answers the note.
pub struct RemoveNote {
    /// The note.
    pub note: NoteId,
    /// The version the caller has seen.
    pub expected_version: Option<i64>,
}

impl Work for RemoveNote {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        own_unit(unit).await?;
        let before = own_note(unit, self.note).await?.contacts().to_vec();
        unit.expect::<Note>(self.note, self.expected_version).await?;
        if unit.handle::<Note>(self.note, NoteCommand::Remove).await? {
            // Nothing shows its text any more.
            unit.destroy(self.note, |_| true).await?;
        }
        settle(unit, self.note, &before, false).await?;
        Ok(Answer::of(self.note))
    }
}

/// Lets a note expire if its date has come. Answers the note.
pub struct ExpireNote {
    /// The note.
    pub note: NoteId,
}

impl Work for ExpireNote {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        let before = unit.existing::<Note>(self.note, NoteError::Unknown.into()).await?.contacts().to_vec();
        let today: NaiveDate = calendar::copenhagen_date(unit.now());
        if unit.handle::<Note>(self.note, NoteCommand::Expire { today }).await? {
            unit.destroy(self.note, |_| true).await?;
        }
        settle(unit, self.note, &before, true).await?;
        Ok(Answer::of(self.note))
    }
}

/// A note of the caller's unit. Another unit's is refused in the same words as one that was never written.
///
/// # Errors
/// `NOT_FOUND`, and what can fail in loading.
pub async fn own_note<'u>(unit: &'u mut UnitOfWork<'_>, note: NoteId) -> Result<&'u Note, Failure> {
    let confined = unit.caller().confined_to();
    let found = unit.existing::<Note>(note, NoteError::Unknown.into()).await?;
    if confined.is_some() && found.unit() != confined {
        return Err(UserError::from(NoteError::Unknown).into());
    }
    Ok(found)
}

/// Tells every contact that the note names, or named, how the note stands now.
async fn settle(
    unit: &mut UnitOfWork<'_>,
    note: NoteId,
    before: &[ContactId],
    expired: bool,
) -> Result<(), Failure> {
    let now = unit.load::<Note>(note).await?.active().cloned();
    let named: BTreeSet<ContactId> = now.iter().flat_map(|note| note.contacts.iter().copied()).collect();
    for contact in before.iter().filter(|contact| !named.contains(contact)) {
        if unit.load::<Contact>(*contact).await?.is_erased() {
            continue;
        }
        let unbind = ContactCommand::Unbind { kind: BelongingKind::Note, id: note.0, expired };
        unit.handle::<Contact>(*contact, unbind).await?;
    }
    let Some(standing) = now else { return Ok(()) };
    for contact in named {
        // An anonymised contact stays named by notes free of personal content, and takes no more events. Such a note
        // does not become personal again.
        if unit.load::<Contact>(contact).await?.is_erased() {
            if standing.is_personal() {
                living_contact(unit, contact).await.map_err(|failure| failure.at("contactIds"))?;
            }
            continue;
        }
        let bound = Bound {
            kind: BelongingKind::Note,
            id: note.0,
            unit: standing.unit,
            personal: standing.is_personal(),
            created: standing.created,
            expires: standing.expiry.map(|expiry| expiry.on),
            source: standing.source,
        };
        unit.handle::<Contact>(contact, ContactCommand::Bind(bound)).await?;
    }
    Ok(())
}

async fn linked(
    unit: &mut UnitOfWork<'_>,
    contacts: &[ContactId],
    company: Option<CompanyId>,
) -> Result<(), Failure> {
    for contact in contacts {
        living_contact(unit, *contact).await.map_err(|failure| failure.at("contactIds"))?;
    }
    if let Some(company) = company {
        existing_company(unit, company).await?;
    }
    Ok(())
}

/// The kind with a code, which is one of the unit's.
async fn kind(unit: &mut UnitOfWork<'_>, of: UnitId, code: &str) -> Result<NoteKind, Failure> {
    let kinds = unit.load::<NoteKinds>(of).await?;
    Ok(kinds.find(code).map_err(UserError::from)?)
}

fn distinct(contacts: &[ContactId]) -> Vec<ContactId> {
    contacts.iter().copied().collect::<BTreeSet<_>>().into_iter().collect()
}

fn refuse_too_many(contacts: &[ContactId]) -> Result<(), UserError> {
    if contacts.len() > super::error::MOST_CONTACTS {
        return Err(NoteError::TooManyContacts(contacts.len()).into());
    }
    Ok(())
}

fn required(text: Option<String>) -> Result<String, UserError> {
    text.ok_or_else(|| UserError::at(ErrorCode::Required, "text", "A note needs a text."))
}
