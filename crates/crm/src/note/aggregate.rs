use chrono::NaiveDate;
use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use lethe_kernel::{CompanyId, ContactId, NoteId, Patch, Subject, UnitId};
use lethe_ledger::{Secrets, Stored};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::error::MOST_CONTACTS;
use super::{Amended, Amendment, Expired, ExpirySet, NoteCommand, NoteError, NoteEvent, Removed, Written};
use crate::expiry::{Effect, Expiry};

/// The state of a note that rules need.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Note {
    current: Option<Written>,
    ended: bool,
}

type Decision = Result<Vec<NoteEvent>, NoteError>;

impl Note {
    /// The note as it stands, unless it was removed or has expired.
    #[must_use]
    pub fn active(&self) -> Option<&Written> {
        self.current.as_ref().filter(|_| !self.ended)
    }

    /// The contacts it names.
    #[must_use]
    pub fn contacts(&self) -> &[ContactId] {
        self.active().map_or(&[], |note| &note.contacts)
    }

    /// Whose note it is, if it was ever written.
    #[must_use]
    pub fn unit(&self) -> Option<UnitId> {
        self.current.as_ref().map(|note| note.unit)
    }

    fn decide(&self, command: NoteCommand, secrets: &Secrets) -> Decision {
        let current = match (&self.current, &command) {
            (None, NoteCommand::Write { .. }) => None,
            (None, _) => return Err(NoteError::Unknown),
            (Some(_), NoteCommand::Remove | NoteCommand::Expire { .. }) if self.ended => {
                return Ok(Vec::new());
            }
            (Some(_), _) if self.ended => return Err(NoteError::Ended),
            (Some(current), _) => Some(current),
        };
        match (command, current) {
            (NoteCommand::Write { written, today }, None) => {
                check(&written)?;
                check_date(written.expiry, today)?;
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
            // Ids are new, so a note is never written twice; if it were, nothing would change.
            (NoteCommand::Write { .. }, Some(_)) | (_, None) => Ok(Vec::new()),
        }
    }
}

fn amend(current: &Written, amendment: Amendment, secrets: &Secrets) -> Decision {
    let Amendment { note, change, expiry, today } = amendment;
    let change = real(current, change, note, secrets);
    if change.contains_sensitive == Some(false) {
        return Err(NoteError::StaysSensitive);
    }
    let expiry = match expiry {
        Patch::Set(new) if Some(new) != current.expiry => Patch::Set(new),
        Patch::Clear if current.expiry.is_some() => Patch::Clear,
        _ => Patch::Keep,
    };
    check_date(expiry.value().copied(), today)?;
    let mut events = Vec::new();
    if change != Amended::default() {
        events.push(NoteEvent::Amended(change));
    }
    if !expiry.is_keep() {
        events.push(NoteEvent::ExpirySet(ExpirySet { expiry: expiry.value().copied(), unit: current.unit }));
    }
    let mut after = Note { current: Some(current.clone()), ended: false };
    for event in &events {
        after.apply(event.clone());
    }
    check(after.active().unwrap_or(current))?;
    Ok(events)
}

/// What of a change is really one.
fn real(current: &Written, change: Amended, note: NoteId, secrets: &Secrets) -> Amended {
    let company = match change.company {
        Patch::Clear if current.company.is_none() => Patch::Keep,
        Patch::Set(company) if current.company == Some(company) => Patch::Keep,
        company => company,
    };
    Amended {
        kind: change.kind.filter(|kind| *kind != current.kind),
        text: change.text.filter(|text| !secrets.same(text, &current.text, note)),
        contacts: change.contacts.filter(|contacts| *contacts != current.contacts),
        company,
        contains_personal: change.contains_personal.filter(|new| *new != current.contains_personal),
        contains_sensitive: change.contains_sensitive.filter(|new| *new != current.contains_sensitive),
    }
}

fn check(note: &Written) -> Result<(), NoteError> {
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

fn check_date(expiry: Option<Expiry>, today: NaiveDate) -> Result<(), NoteError> {
    match expiry {
        Some(expiry) if expiry.on <= today => Err(NoteError::ExpiryPassed),
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
            (NoteEvent::Written(written), current) => *current = Some(written),
            (NoteEvent::Amended(event), Some(note)) => apply_amended(note, event),
            (NoteEvent::ExpirySet(event), Some(note)) => note.expiry = event.expiry,
            (NoteEvent::Removed(_) | NoteEvent::Expired(_), Some(_)) => self.ended = true,
            (_, None) => {}
        }
    }
}

fn apply_amended(note: &mut Written, event: Amended) {
    let mut company: Option<CompanyId> = note.company;
    event.company.apply(&mut company);
    note.company = company;
    if let Some(kind) = event.kind {
        note.kind = kind;
    }
    if let Some(text) = event.text {
        note.text = text;
    }
    if let Some(contacts) = event.contacts {
        note.contacts = contacts;
    }
    note.contains_personal = event.contains_personal.unwrap_or(note.contains_personal);
    note.contains_sensitive = event.contains_sensitive.unwrap_or(note.contains_sensitive);
}

impl Stored for Note {
    fn subjects(&self, id: Uuid) -> Vec<Subject> {
        if self.current.is_some() { vec![NoteId(id).into()] } else { Vec::new() }
    }
}

#[cfg(test)]
mod tests;
