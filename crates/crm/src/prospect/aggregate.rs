use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use lethe_kernel::{CompanyId, ContactId, UnitId};
use lethe_ledger::{Secrets, Stored};
use serde::{Deserialize, Serialize};

use super::{Linked, ProspectCommand, ProspectError, ProspectEvent};

/// The state of a prospect that rules need.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Prospect {
    unit: Option<UnitId>,
    contact: Option<ContactId>,
    company: Option<CompanyId>,
    erased: bool,
}

type Decision = Result<Vec<ProspectEvent>, ProspectError>;

impl Prospect {
    /// The unit that registered it.
    #[must_use]
    pub fn unit(&self) -> Option<UnitId> {
        self.unit
    }

    /// The contact whose idea it is, if it is registered.
    #[must_use]
    pub fn contact(&self) -> Option<ContactId> {
        self.contact
    }

    /// The company it founded.
    #[must_use]
    pub fn company(&self) -> Option<CompanyId> {
        self.company
    }

    /// Whether its contact was erased.
    #[must_use]
    pub fn is_erased(&self) -> bool {
        self.erased
    }

    fn decide(&self, command: ProspectCommand) -> Decision {
        if self.erased {
            return match command {
                ProspectCommand::Register(_) => Err(ProspectError::ReferenceEnded),
                ProspectCommand::Link(_) => Err(ProspectError::Erased),
                ProspectCommand::Erase(_) => Ok(Vec::new()),
            };
        }
        match (command, self.contact, self.company) {
            (ProspectCommand::Register(event), None, _) => Ok(vec![ProspectEvent::Registered(event)]),
            (ProspectCommand::Register(_), Some(_), _) => Err(ProspectError::AlreadyRegistered),
            (_, None, _) => Err(ProspectError::Unknown),
            (ProspectCommand::Erase(event), _, _) => Ok(vec![ProspectEvent::Erased(event)]),
            (ProspectCommand::Link(company), _, None) => Ok(vec![ProspectEvent::Linked(Linked { company })]),
            (ProspectCommand::Link(company), _, Some(present)) if company == present => Ok(Vec::new()),
            (ProspectCommand::Link(_), _, Some(present)) => Err(ProspectError::LinkedToAnother(present)),
        }
    }
}

impl Aggregate for Prospect {
    const TYPE: &'static str = "prospect";
    type Command = ProspectCommand;
    type Event = ProspectEvent;
    type Error = ProspectError;
    type Services = Secrets;

    async fn handle(
        &mut self,
        command: ProspectCommand,
        _: &Secrets,
        sink: &EventSink<Self>,
    ) -> Result<(), ProspectError> {
        for event in self.decide(command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: ProspectEvent) {
        match event {
            ProspectEvent::Registered(event) => {
                self.unit = Some(event.unit);
                self.contact = Some(event.contact);
            }
            ProspectEvent::Linked(event) => self.company = Some(event.company),
            ProspectEvent::Erased(_) => self.erased = true,
        }
    }
}

impl Stored for Prospect {}

#[cfg(test)]
mod tests {
    use cqrs_es::test::TestFramework;
    use lethe_kernel::{Personal, UnitId};
    use uuid::Uuid;

    use super::*;
    use crate::prospect::{Registered, Title};

    const CONTACT: ContactId = ContactId(Uuid::from_u128(1));
    const COMPANY: CompanyId = CompanyId(Uuid::from_u128(2));
    const OTHER: CompanyId = CompanyId(Uuid::from_u128(3));

    fn prospect() -> TestFramework<Prospect> {
        TestFramework::with(Secrets::default())
    }

    fn registered() -> Registered {
        Registered {
            unit: UnitId(Uuid::from_u128(9)),
            external_reference: None,
            contact: CONTACT,
            title: Personal::of(CONTACT, Title("Bakery by the fjord".into())),
            nace: None,
        }
    }

    fn linked() -> ProspectEvent {
        ProspectEvent::Linked(Linked { company: COMPANY })
    }

    fn history() -> Vec<ProspectEvent> {
        vec![ProspectEvent::Registered(registered())]
    }

    #[test]
    fn registers_once() {
        let register = || ProspectCommand::Register(registered());
        prospect().given_no_previous_events().when(register()).then_expect_events(history());
        prospect().given(history()).when(register()).then_expect_error(ProspectError::AlreadyRegistered);
    }

    #[test]
    fn refuses_to_link_a_prospect_nobody_registered() {
        prospect()
            .given_no_previous_events()
            .when(ProspectCommand::Link(COMPANY))
            .then_expect_error(ProspectError::Unknown);
    }

    #[test]
    fn links_to_the_company_it_founded_and_to_no_other() {
        prospect().given(history()).when(ProspectCommand::Link(COMPANY)).then_expect_events(vec![linked()]);
        let both = [history(), vec![linked()]].concat();
        prospect().given(both.clone()).when(ProspectCommand::Link(COMPANY)).then_expect_events(vec![]);
        prospect()
            .given(both)
            .when(ProspectCommand::Link(OTHER))
            .then_expect_error(ProspectError::LinkedToAnother(COMPANY));
    }

    #[test]
    fn its_contacts_erasure_ends_it() {
        let erased = crate::prospect::Erased { kind: crate::contact::ErasureKind::Anonymised };
        let erase = || ProspectCommand::Erase(erased);
        let event = ProspectEvent::Erased(erased);
        prospect().given(history()).when(erase()).then_expect_events(vec![event.clone()]);
        prospect().given_no_previous_events().when(erase()).then_expect_error(ProspectError::Unknown);
        let ended = [history(), vec![linked(), event]].concat();
        prospect().given(ended.clone()).when(erase()).then_expect_events(vec![]);
        let link = ProspectCommand::Link(COMPANY);
        prospect().given(ended.clone()).when(link).then_expect_error(ProspectError::Erased);
        let again = ProspectCommand::Register(registered());
        prospect().given(ended).when(again).then_expect_error(ProspectError::ReferenceEnded);
    }

    #[test]
    fn the_title_cannot_be_written_in_clear() {
        let error = serde_json::to_string(&registered()).unwrap_err().to_string();
        assert!(error.contains("prospect.title of contact") && !error.contains("Bakery"), "{error}");
    }
}
