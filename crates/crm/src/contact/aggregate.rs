use std::collections::{BTreeMap, BTreeSet};

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use lethe_kernel::{CompanyId, ContactId, NoteId, Subject};
use lethe_ledger::{Secrets, Stored};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Amended, CompanyLinked, CompanyUnlinked, ContactCommand, ContactError, ContactEvent, Details, Held,
    ItemAttached, ItemDetached, Registered,
};

/// The state of a contact that rules need.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Contact {
    registered: bool,
    held: Held,
    companies: BTreeSet<CompanyId>,
    items: BTreeMap<NoteId, ItemAttached>,
}

type Decision = Result<Vec<ContactEvent>, ContactError>;

impl Contact {
    /// The items that name the contact.
    pub fn items(&self) -> impl Iterator<Item = &ItemAttached> {
        self.items.values()
    }

    fn decide(&self, command: ContactCommand, secrets: &Secrets) -> Decision {
        match command {
            ContactCommand::Register(event) => self.register(event),
            _ if !self.registered => Err(ContactError::Unknown),
            ContactCommand::Amend { contact, details } => {
                self.amend(details.against(&self.held, contact, secrets))
            }
            ContactCommand::Link(company) if self.companies.contains(&company) => Ok(Vec::new()),
            ContactCommand::Link(company) => Ok(vec![ContactEvent::CompanyLinked(CompanyLinked { company })]),
            ContactCommand::Unlink(company) if self.companies.contains(&company) => {
                Ok(vec![ContactEvent::CompanyUnlinked(CompanyUnlinked { company })])
            }
            ContactCommand::Unlink(company) => Err(ContactError::NotLinked(company)),
            ContactCommand::AttachItem(item) if self.items.get(&item.item) == Some(&item) => Ok(Vec::new()),
            ContactCommand::AttachItem(item) => Ok(vec![ContactEvent::ItemAttached(item)]),
            ContactCommand::DetachItem { item, expired } => Ok(self
                .items
                .contains_key(&item)
                .then_some(ContactEvent::ItemDetached(ItemDetached { item, expired }))
                .into_iter()
                .collect()),
        }
    }

    fn register(&self, event: Registered) -> Decision {
        let mut held = Held::default();
        held.apply(event.details.clone());
        match (self.registered, held.has_name()) {
            (true, _) => Err(ContactError::AlreadyRegistered),
            (false, false) => Err(ContactError::NameRequired),
            (false, true) => Ok(vec![ContactEvent::Registered(event)]),
        }
    }

    fn amend(&self, details: Details) -> Decision {
        let mut held = self.held.clone();
        held.apply(details.clone());
        if !held.has_name() {
            return Err(ContactError::NameRequired);
        }
        Ok(if details.is_empty() { Vec::new() } else { vec![ContactEvent::Amended(Amended { details })] })
    }
}

impl Aggregate for Contact {
    const TYPE: &'static str = "contact";
    type Command = ContactCommand;
    type Event = ContactEvent;
    type Error = ContactError;
    type Services = Secrets;

    async fn handle(
        &mut self,
        command: ContactCommand,
        secrets: &Secrets,
        sink: &EventSink<Self>,
    ) -> Result<(), ContactError> {
        for event in self.decide(command, secrets)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: ContactEvent) {
        match event {
            ContactEvent::Registered(event) => {
                self.registered = true;
                self.held.apply(event.details);
            }
            ContactEvent::Amended(event) => self.held.apply(event.details),
            ContactEvent::CompanyLinked(event) => {
                self.companies.insert(event.company);
            }
            ContactEvent::CompanyUnlinked(event) => {
                self.companies.remove(&event.company);
            }
            ContactEvent::ItemAttached(event) => {
                self.items.insert(event.item, event);
            }
            ContactEvent::ItemDetached(event) => {
                self.items.remove(&event.item);
            }
        }
    }
}

impl Stored for Contact {
    fn subjects(&self, id: Uuid) -> Vec<Subject> {
        if self.registered { vec![ContactId(id).into()] } else { Vec::new() }
    }
}

#[cfg(test)]
mod tests;
