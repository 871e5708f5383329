use std::collections::{BTreeMap, BTreeSet};

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use lethe_kernel::{CompanyId, ContactId, ImportId, Subject, UnitId};
use lethe_ledger::{Secrets, Stored};
use lethe_nordic::Country;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Amended, Closed, CompanyCommand, CompanyError, CompanyEvent, Details, FoundByImport, Held, LegalForm,
    Number, ProprietorSet, Registered,
};

/// The state of a company that rules need.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Company {
    unit: Option<UnitId>,
    legal_form: Option<LegalForm>,
    hides_number: bool,
    held: Held,
    closed: Option<Closed>,
    proprietor: Option<ContactId>,
    /// The import it came with.
    origin: Option<ImportId>,
    /// The other imports with a row about it, and whose they are; kept of one that is one person.
    found_by: BTreeMap<ImportId, UnitId>,
    erased: bool,
}

type Decision = Result<Vec<CompanyEvent>, CompanyError>;

impl Company {
    /// Whether the company is one person, so that its master data are sealed.
    #[must_use]
    pub fn is_personal(&self) -> bool {
        self.legal_form.is_some_and(LegalForm::is_personal)
    }

    /// The unit that registered it.
    #[must_use]
    pub fn unit(&self) -> Option<UnitId> {
        self.unit
    }

    /// Whether its number is a personnummer, and masked.
    #[must_use]
    pub fn hides_number(&self) -> bool {
        self.hides_number
    }

    /// How it was closed, if it was.
    #[must_use]
    pub fn closed(&self) -> Option<&Closed> {
        self.closed.as_ref()
    }

    /// Whether it was registered and takes changes.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.legal_form.is_some() && self.closed.is_none() && !self.erased
    }

    /// The contact who is its sole proprietor, if that is known.
    #[must_use]
    pub fn proprietor(&self) -> Option<ContactId> {
        self.proprietor
    }

    /// The import it came with.
    #[must_use]
    pub fn origin(&self) -> Option<ImportId> {
        self.origin
    }

    /// The imports with rows about it; of a legal person only the one it came with.
    pub fn imports(&self) -> impl Iterator<Item = ImportId> {
        self.origin.into_iter().chain(self.found_by.keys().copied())
    }

    /// The unit that registered it and those whose imports found it, which have files with the person's values.
    #[must_use]
    pub fn units(&self) -> BTreeSet<UnitId> {
        self.unit.into_iter().chain(self.found_by.values().copied()).collect()
    }

    /// Whether its personal values were erased.
    #[must_use]
    pub fn is_erased(&self) -> bool {
        self.erased
    }

    fn decide(&self, command: CompanyCommand, secrets: &Secrets) -> Decision {
        if self.erased {
            return match command {
                CompanyCommand::Erase(_) | CompanyCommand::ReleaseProprietor(_) => Ok(Vec::new()),
                _ => Err(CompanyError::Erased),
            };
        }
        match (command, self.legal_form, &self.closed) {
            (CompanyCommand::Register { company, registered }, None, _) => {
                register(company, *registered, secrets)
            }
            (CompanyCommand::Register { company, .. }, Some(_), None) => {
                Err(CompanyError::AlreadyRegistered(company))
            }
            (CompanyCommand::Register { company, .. }, Some(_), Some(_)) => {
                Err(CompanyError::NumberEnded(company))
            }
            (_, None, _) => Err(CompanyError::Unknown),
            // Closing locks no value in, and no contact.
            (CompanyCommand::Erase(_), Some(form), _) if !form.is_personal() => {
                Err(CompanyError::NothingPersonal)
            }
            (CompanyCommand::Erase(erased), ..) => Ok(vec![CompanyEvent::Erased(erased)]),
            (CompanyCommand::ReleaseProprietor(contact), ..) => {
                let released = ProprietorSet { contact: None };
                let is_so = self.proprietor == Some(contact);
                Ok(is_so.then_some(CompanyEvent::ProprietorSet(released)).into_iter().collect())
            }
            (CompanyCommand::FindByImport(found), Some(form), _) => Ok(self.find(found, form)),
            (CompanyCommand::Close { closed, .. }, _, Some(earlier)) if closed == *earlier => Ok(Vec::new()),
            (_, _, Some(earlier)) => Err(CompanyError::Closed(earlier.superseded_by)),
            (CompanyCommand::Amend { company, legal_form, details }, Some(present), None) => {
                let legal_form = legal_form.filter(|form| *form != present);
                if legal_form.is_some_and(|form| form.is_personal() != present.is_personal()) {
                    return Err(CompanyError::OtherLegalPerson);
                }
                self.amend(legal_form, details.against(&self.held, company, secrets))
            }
            (CompanyCommand::NameProprietor(contact), Some(form), None) => {
                self.name_proprietor(contact, form)
            }
            (CompanyCommand::Close { company, closed }, _, None) => match closed.superseded_by {
                Some(by) if by == company => Err(CompanyError::SupersededByItself),
                _ => Ok(vec![CompanyEvent::Closed(closed)]),
            },
        }
    }

    /// Whether it may be registered so. Nothing is decided yet.
    ///
    /// # Errors
    /// The rule that forbids it.
    pub(super) fn may_become(&self, company: CompanyId, registered: &Registered) -> Result<(), CompanyError> {
        // There is nothing stored that a secret would compare.
        let registered = Box::new(registered.clone());
        self.decide(CompanyCommand::Register { company, registered }, &Secrets::default()).map(drop)
    }

    fn find(&self, found: FoundByImport, form: LegalForm) -> Vec<CompanyEvent> {
        let is_news = form.is_personal() && !self.imports().any(|import| import == found.import);
        is_news.then_some(CompanyEvent::FoundByImport(found)).into_iter().collect()
    }

    fn name_proprietor(&self, contact: ContactId, form: LegalForm) -> Decision {
        match self.proprietor {
            _ if !form.is_personal() => Err(CompanyError::NoPersonsCompany),
            Some(present) if present == contact => Ok(Vec::new()),
            Some(_) => Err(CompanyError::OtherProprietor),
            None => Ok(vec![CompanyEvent::ProprietorSet(ProprietorSet { contact: Some(contact) })]),
        }
    }

    fn amend(&self, legal_form: Option<LegalForm>, details: Details) -> Decision {
        let mut held = self.held.clone();
        held.apply(details.clone());
        match (held.name, legal_form.is_none() && details.is_empty()) {
            (None, _) => Err(CompanyError::NameRequired),
            (Some(_), true) => Ok(Vec::new()),
            (Some(_), false) => Ok(vec![CompanyEvent::Amended(Amended { legal_form, details })]),
        }
    }
}

fn register(company: CompanyId, registered: Registered, secrets: &Secrets) -> Decision {
    let identity = &registered.identity;
    if matches!(identity.number, Number::Personal(_)) && !registered.legal_form.is_personal() {
        return Err(CompanyError::PersonalNumber);
    }
    if !registered.p_numbers.is_empty() && identity.country != Country::Denmark {
        return Err(CompanyError::PNumbersAbroad);
    }
    let details = registered.details.against(&Held::default(), company, secrets);
    if details.name.is_keep() {
        return Err(CompanyError::NameRequired);
    }
    Ok(vec![CompanyEvent::Registered(Registered { details, ..registered })])
}

impl Aggregate for Company {
    const TYPE: &'static str = "company";
    type Command = CompanyCommand;
    type Event = CompanyEvent;
    type Error = CompanyError;
    type Services = Secrets;

    async fn handle(
        &mut self,
        command: CompanyCommand,
        secrets: &Secrets,
        sink: &EventSink<Self>,
    ) -> Result<(), CompanyError> {
        for event in self.decide(command, secrets)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: CompanyEvent) {
        match event {
            CompanyEvent::Registered(event) => {
                self.unit = Some(event.unit);
                self.legal_form = Some(event.legal_form);
                self.origin = event.origin.map(|origin| origin.import);
                self.hides_number = matches!(event.identity.number, Number::Personal(_));
                self.held.apply(event.details);
            }
            CompanyEvent::Amended(event) => {
                self.legal_form = event.legal_form.or(self.legal_form);
                self.held.apply(event.details);
            }
            CompanyEvent::Closed(event) => self.closed = Some(event),
            CompanyEvent::ProprietorSet(event) => self.proprietor = event.contact,
            CompanyEvent::FoundByImport(event) => {
                self.found_by.insert(event.import, event.unit);
            }
            CompanyEvent::Erased(_) => {
                self.erased = true;
                self.held = Held::default();
            }
        }
    }
}

impl Stored for Company {
    fn subjects(&self, id: Uuid) -> Vec<Subject> {
        if self.is_personal() && !self.erased {
            vec![Subject::sole_proprietor(CompanyId(id))]
        } else {
            Vec::new()
        }
    }
}

#[cfg(test)]
mod tests;
