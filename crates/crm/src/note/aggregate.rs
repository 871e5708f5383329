use chrono::NaiveDate;
use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use lethe_kernel::{CompanyId, ContactId, NoteId, Patch, Personal, Subject, UnitId};
use lethe_ledger::{Secrets, Stored};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::error::MOST_CONTACTS;
use super::{
    Amended, Amendment, ContactUnlinked, Erased, Expired, ExpirySet, NoteCommand, NoteError, NoteEvent,
    NoteText, Removed, Written,
};
use crate::contact::ErasureKind;
use crate::expiry::{Effect, Expiry, ExpirySource, Longest};

/// The state of a note that rules need.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Note {
    current: Option<Standing>,
    ended: bool,
}

/// A note as it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// Whose note it is.
    pub unit: UnitId,
    /// The contacts it names.
    pub contacts: Vec<ContactId>,
    /// Whether it is declared to contain personal data.
    pub contains_personal: bool,
    /// Whether it is declared to contain sensitive data.
    pub contains_sensitive: bool,
    /// The day of writing.
    pub created: NaiveDate,
    /// When it expires.
    pub expiry: Option<Expiry>,
    /// Where that comes from.
    pub source: ExpirySource,
    kind: String,
    company: Option<CompanyId>,
    /// Gone once the note's key is destroyed: because the note has ended, or because a contact it named was erased.
    text: Option<Personal<NoteText>>,
}

impl Standing {
    /// Whether its text dies with each contact it names (R28).
    #[must_use]
    pub fn is_personal(&self) -> bool {
        self.contains_personal || self.contains_sensitive
    }

    /// What its unit calls it.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Whether its text can still be opened.
    #[must_use]
    pub fn has_text(&self) -> bool {
        self.text.is_some()
    }
}

impl From<Written> for Standing {
    fn from(written: Written) -> Self {
        Self {
            unit: written.unit,
            contacts: written.contacts,
            contains_personal: written.contains_personal,
            contains_sensitive: written.contains_sensitive,
            created: written.created,
            expiry: written.expiry,
            source: written.source,
            kind: written.kind,
            company: written.company,
            text: Some(written.text),
        }
    }
}

type Decision = Result<Vec<NoteEvent>, NoteError>;

impl Note {
    /// The note as it stands, unless it was removed or has expired.
    #[must_use]
    pub fn active(&self) -> Option<&Standing> {
        self.current.as_ref().filter(|_| !self.ended)
    }

    /// Whose note it is, or was.
    #[must_use]
    pub fn unit(&self) -> Option<UnitId> {
        self.current.as_ref().map(|note| note.unit)
    }

    /// The contacts it names.
    #[must_use]
    pub fn contacts(&self) -> &[ContactId] {
        self.active().map_or(&[], |note| &note.contacts)
    }

    fn decide(&self, command: NoteCommand, secrets: &Secrets) -> Decision {
        let current = match (&self.current, &command) {
            (None, NoteCommand::Write { .. }) => None,
            (None, _) => return Err(NoteError::Unknown),
            (Some(_), NoteCommand::Remove | NoteCommand::Expire { .. } | NoteCommand::Forget { .. })
                if self.ended =>
            {
                return Ok(Vec::new());
            }
            (Some(_), _) if self.ended => return Err(NoteError::Ended),
            (Some(current), _) => Some(current),
        };
        match (command, current) {
            (NoteCommand::Write { written, today, longest }, None) => {
                check(&written.clone().into())?;
                check_date(written.expiry, today, longest)?;
                Ok(vec![NoteEvent::Written(written)])
            }
            (NoteCommand::Amend(amendment), Some(current)) => amend(current, amendment, secrets),
            (NoteCommand::Remove, Some(current)) => {
                let effect = current.expiry.map_or(Effect::Anonymise, |expiry| expiry.effect);
                Ok(vec![NoteEvent::Removed(Removed { effect })])
            }
            (NoteCommand::Expire { today }, Some(current)) => Ok(current
                .expiry
                .filter(|expiry| expiry.on <= today)
                .map(|Expiry { on, effect }| NoteEvent::Expired(Expired { effect, due: on }))
                .into_iter()
                .collect()),
            (NoteCommand::Forget { contact, kind }, Some(current)) => Ok(forget(current, contact, kind)),
            // Ids are new, so a note is never written twice; if it were, nothing would change.
            (NoteCommand::Write { .. }, Some(_)) | (_, None) => Ok(Vec::new()),
        }
    }
}

fn forget(current: &Standing, contact: ContactId, kind: ErasureKind) -> Vec<NoteEvent> {
    if !current.contacts.contains(&contact) {
        return Vec::new();
    }
    match (current.is_personal(), kind) {
        (true, _) => vec![NoteEvent::Erased(Erased { contact, ended: current.contacts.len() == 1 })],
        (false, ErasureKind::Deleted) => vec![NoteEvent::ContactUnlinked(ContactUnlinked { contact })],
        (false, ErasureKind::Anonymised) => Vec::new(),
    }
}

fn amend(current: &Standing, amendment: Amendment, secrets: &Secrets) -> Decision {
    let Amendment { note, change, expiry, today, longest } = amendment;
    let change = real(current, change, note, secrets);
    // What declares the text free of personal data would say so about a text that nobody can read any more.
    let about_text =
        change.text.is_some() || change.contains_personal.is_some() || change.contains_sensitive.is_some();
    if about_text && !current.has_text() {
        return Err(NoteError::TextErased);
    }
    if change.contains_sensitive == Some(false) {
        return Err(NoteError::StaysSensitive);
    }
    let expiry = match expiry {
        Patch::Set(new) if Some(new) != current.expiry => Patch::Set(new),
        Patch::Clear if current.expiry.is_some() => Patch::Clear,
        _ => Patch::Keep,
    };
    check_date(expiry.value().copied(), today, longest)?;
    let mut events = Vec::new();
    if change != Amended::default() {
        events.push(NoteEvent::Amended(change));
    }
    if !expiry.is_keep() {
        events.push(NoteEvent::ExpirySet(ExpirySet {
            expiry: expiry.value().copied(),
            source: ExpirySource::Chosen,
            unit: current.unit,
        }));
    }
    let mut after = Note { current: Some(current.clone()), ended: false };
    for event in &events {
        after.apply(event.clone());
    }
    check(after.active().unwrap_or(current))?;
    Ok(events)
}

/// What of a change is really one.
fn real(current: &Standing, change: Amended, note: NoteId, secrets: &Secrets) -> Amended {
    let company = match change.company {
        Patch::Clear if current.company.is_none() => Patch::Keep,
        Patch::Set(company) if current.company == Some(company) => Patch::Keep,
        company => company,
    };
    let is_new = change.kind.as_ref().is_some_and(|kind| *kind != current.kind);
    Amended {
        kind: change.kind.filter(|_| is_new),
        nature: change.nature.filter(|_| is_new),
        text: change
            .text
            .filter(|new| current.text.as_ref().is_none_or(|current| !secrets.same(new, current, note))),
        contacts: change.contacts.filter(|contacts| *contacts != current.contacts),
        company,
        contains_personal: change.contains_personal.filter(|new| *new != current.contains_personal),
        contains_sensitive: change.contains_sensitive.filter(|new| *new != current.contains_sensitive),
    }
}

fn check(note: &Standing) -> Result<(), NoteError> {
    let count = note.contacts.len();
    if count == 0 && note.company.is_none() {
        return Err(NoteError::Nobody);
    }
    if count > MOST_CONTACTS {
        return Err(NoteError::TooManyContacts(count));
    }
    if note.expiry.is_none() && (note.contains_personal || note.contains_sensitive) {
        return Err(NoteError::NeedsExpiry);
    }
    Ok(())
}

fn check_date(expiry: Option<Expiry>, today: NaiveDate, longest: Longest) -> Result<(), NoteError> {
    match expiry {
        Some(expiry) if expiry.on <= today => Err(NoteError::ExpiryPassed),
        Some(expiry) if expiry.on > longest.last(today) => Err(NoteError::ExpiryTooLate(longest.in_years())),
        _ => Ok(()),
    }
}

impl Aggregate for Note {
    const TYPE: &'static str = "note";
    type Command = NoteCommand;
    type Event = NoteEvent;
    type Error = NoteError;
    type Services = Secrets;

    async fn handle(
        &mut self,
        command: NoteCommand,
        secrets: &Secrets,
        sink: &EventSink<Self>,
    ) -> Result<(), NoteError> {
        for event in self.decide(command, secrets)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: NoteEvent) {
        match (event, &mut self.current) {
            (NoteEvent::Written(written), current) => *current = Some(written.into()),
            (NoteEvent::Amended(event), Some(note)) => apply_amended(note, event),
            (NoteEvent::ExpirySet(event), Some(note)) => {
                note.expiry = event.expiry;
                note.source = event.source;
            }
            (NoteEvent::Removed(_) | NoteEvent::Expired(_), Some(note)) => {
                note.text = None;
                self.ended = true;
            }
            (NoteEvent::Erased(event), Some(note)) => {
                note.text = None;
                note.contacts.retain(|contact| *contact != event.contact);
                self.ended = event.ended;
            }
            (NoteEvent::ContactUnlinked(event), Some(note)) => {
                note.contacts.retain(|contact| *contact != event.contact);
            }
            (_, None) => {}
        }
    }
}

fn apply_amended(note: &mut Standing, event: Amended) {
    let mut company: Option<CompanyId> = note.company;
    event.company.apply(&mut company);
    note.company = company;
    if let Some(kind) = event.kind {
        note.kind = kind;
    }
    if let Some(text) = event.text {
        note.text = Some(text);
    }
    if let Some(contacts) = event.contacts {
        note.contacts = contacts;
    }
    note.contains_personal = event.contains_personal.unwrap_or(note.contains_personal);
    note.contains_sensitive = event.contains_sensitive.unwrap_or(note.contains_sensitive);
}

impl Stored for Note {
    fn subjects(&self, id: Uuid) -> Vec<Subject> {
        let readable = self.current.as_ref().is_some_and(Standing::has_text);
        if readable { vec![NoteId(id).into()] } else { Vec::new() }
    }
}

#[cfg(test)]
mod tests;
