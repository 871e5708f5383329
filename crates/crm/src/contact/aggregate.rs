use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use lethe_kernel::{CompanyId, ContactId, ImportId, Subject, UnitId};
use lethe_ledger::{Secrets, Stored};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Amended, BelongingKind, Bound, CompanyUnlinked, ContactCommand, ContactError, ContactEvent, Details,
    Erase, Erased, FoundByImport, Held, Hold, HoldKind, Registered, Unbound,
};

/// The state of a contact that rules need. It knows everything that is sealed for the contact or names it, so that an
/// erasure is decided on one consistent state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Contact {
    registered_by: Option<UnitId>,
    held: Held,
    /// The companies it belongs to, and whether it is their sole proprietor.
    companies: BTreeMap<CompanyId, bool>,
    belongings: BTreeMap<BelongingKind, BTreeMap<Uuid, Bound>>,
    /// The import it came with.
    origin: Option<ImportId>,
    /// The other imports with a row about it.
    found_by: BTreeSet<ImportId>,
    /// The units that have it; once it is erased, those that had it then.
    units: BTreeSet<UnitId>,
    erased_on: Option<NaiveDate>,
}

type Decision = Result<Vec<ContactEvent>, ContactError>;

impl Contact {
    /// What belongs to it, kind by kind.
    pub fn belongings(&self) -> impl Iterator<Item = &Bound> {
        self.belongings.values().flat_map(BTreeMap::values)
    }

    /// One thing that belongs to it.
    #[must_use]
    pub fn belonging(&self, kind: BelongingKind, id: Uuid) -> Option<&Bound> {
        self.belongings.get(&kind)?.get(&id)
    }

    /// What justifies that it is kept.
    fn justifying(&self) -> impl Iterator<Item = &Bound> {
        self.belongings().filter(|bound| bound.kind.facts().justifies)
    }

    /// The companies it belongs to.
    pub fn companies(&self) -> impl Iterator<Item = CompanyId> {
        self.companies.keys().copied()
    }

    /// Those whose sole proprietor it is; their personal values die with it.
    pub fn proprietorships(&self) -> impl Iterator<Item = CompanyId> {
        self.companies.iter().filter(|(_, proprietor)| **proprietor).map(|(company, _)| *company)
    }

    /// Whether it is the sole proprietor of a company.
    #[must_use]
    pub fn is_proprietor_of(&self, company: CompanyId) -> bool {
        self.companies.get(&company).copied().unwrap_or_default()
    }

    /// The import it came with, if it came with one.
    #[must_use]
    pub fn origin(&self) -> Option<ImportId> {
        self.origin
    }

    /// Whether a row of an import is about it.
    #[must_use]
    pub fn is_named_by(&self, import: ImportId) -> bool {
        self.origin == Some(import) || self.found_by.contains(&import)
    }

    /// The imports with rows about it.
    pub fn imports(&self) -> impl Iterator<Item = ImportId> {
        self.origin.into_iter().chain(self.found_by.iter().copied())
    }

    /// Whether a unit has it: it registered it, or something of its own justifies it (R67).
    #[must_use]
    pub fn is_of(&self, unit: UnitId) -> bool {
        self.units.contains(&unit)
    }

    /// The units that have it; once it is erased, those that had it then.
    pub fn units(&self) -> impl Iterator<Item = UnitId> {
        self.units.iter().copied()
    }

    /// Whether it has a CPR number.
    #[must_use]
    pub fn has_cpr(&self) -> bool {
        self.held.cpr.is_some()
    }

    /// The day on which it was erased, if it was.
    #[must_use]
    pub fn erased_on(&self) -> Option<NaiveDate> {
        self.erased_on
    }

    /// Whether it was erased.
    #[must_use]
    pub fn is_erased(&self) -> bool {
        self.erased_on.is_some()
    }

    /// What keeps it in the system, as far as its own stream tells: what belongs to it and justifies it.
    #[must_use]
    pub fn holds(&self) -> Vec<Hold> {
        let hold = |item: &Bound| Hold { kind: HoldKind::ActiveItem, unit: item.unit, until: item.expires };
        self.justifying().map(hold).collect()
    }

    fn decide(&self, command: ContactCommand, secrets: &Secrets) -> Decision {
        if let Some(on) = self.erased_on {
            return Err(match command {
                ContactCommand::Register(_) => ContactError::ReferenceEnded,
                _ => ContactError::Erased(on),
            });
        }
        match command {
            ContactCommand::Register(event) => self.register(event),
            _ if self.registered_by.is_none() => Err(ContactError::Unknown),
            ContactCommand::Amend { contact, details } => {
                self.amend(details.against(&self.held, contact, secrets))
            }
            ContactCommand::Link(link) if self.companies.get(&link.company) == Some(&link.proprietor) => {
                Ok(Vec::new())
            }
            ContactCommand::Link(link) => Ok(vec![ContactEvent::CompanyLinked(link)]),
            ContactCommand::Unlink(company) if self.companies.contains_key(&company) => {
                Ok(vec![ContactEvent::CompanyUnlinked(CompanyUnlinked { company })])
            }
            ContactCommand::Unlink(company) => Err(ContactError::NotLinked(company)),
            ContactCommand::Bind(bound) => Ok(self.bind(bound)),
            ContactCommand::Unbind { kind, id, expired } => {
                let was = self.belonging(kind, id).copied();
                Ok(was.map(|was| ContactEvent::Unbound(Unbound { was, expired })).into_iter().collect())
            }
            ContactCommand::FindByImport(import) if self.is_named_by(import) => Ok(Vec::new()),
            ContactCommand::FindByImport(import) => {
                Ok(vec![ContactEvent::FoundByImport(FoundByImport { import })])
            }
            ContactCommand::Erase(erase) => self.erase(erase),
        }
    }

    fn bind(&self, bound: Bound) -> Vec<ContactEvent> {
        let before = self.belonging(bound.kind, bound.id);
        let bound = Bound { created: before.map_or(bound.created, |before| before.created), ..bound };
        if before == Some(&bound) { Vec::new() } else { vec![ContactEvent::Bound(bound)] }
    }

    fn erase(&self, erase: Erase) -> Decision {
        let Erase { kind, reason, on, mut holds, belongings, remains } = erase;
        holds.retain(|hold| hold.kind.stops_erasure());
        if !holds.is_empty() {
            return Err(ContactError::Held(holds));
        }
        let companies = self.proprietorships().collect();
        Ok(vec![ContactEvent::Erased(Erased { kind, reason, on, belongings, companies, remains })])
    }

    fn count_units(&mut self) {
        self.units = self.registered_by.into_iter().chain(self.justifying().map(|item| item.unit)).collect();
    }

    fn register(&self, event: Registered) -> Decision {
        let mut held = Held::default();
        held.apply(event.details.clone());
        match (self.registered_by.is_some(), held.has_name()) {
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
                self.registered_by = Some(event.unit);
                self.origin = event.origin.map(|origin| origin.import);
                self.held.apply(event.details);
                self.count_units();
            }
            ContactEvent::Amended(event) => self.held.apply(event.details),
            ContactEvent::CompanyLinked(event) => {
                self.companies.insert(event.company, event.proprietor);
            }
            ContactEvent::CompanyUnlinked(event) => {
                self.companies.remove(&event.company);
            }
            ContactEvent::Bound(event) => {
                self.belongings.entry(event.kind).or_default().insert(event.id, event);
                self.count_units();
            }
            ContactEvent::Unbound(Unbound { was, .. }) => {
                self.belongings.entry(was.kind).or_default().remove(&was.id);
                self.count_units();
            }
            ContactEvent::FoundByImport(event) => {
                self.found_by.insert(event.import);
            }
            ContactEvent::Erased(event) => {
                let units = std::mem::take(&mut self.units);
                *self = Self {
                    registered_by: self.registered_by,
                    units,
                    erased_on: Some(event.on),
                    ..Self::default()
                };
            }
        }
    }
}

impl Stored for Contact {
    fn subjects(&self, id: Uuid) -> Vec<Subject> {
        let living = self.registered_by.is_some() && !self.is_erased();
        if living { vec![ContactId(id).into()] } else { Vec::new() }
    }
}

#[cfg(test)]
mod tests;
