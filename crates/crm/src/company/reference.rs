//! Which company a unit knows under an external reference (R68). The id of a company follows from its number, so
//! the reference has a stream of its own; it is never given to another company.

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use lethe_kernel::CompanyId;
use lethe_ledger::{Audience, Change, Described, Secrets, Stored, domain_event};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::CompanyError;

/// An external reference of one unit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CompanyReference {
    company: Option<CompanyId>,
}

/// What happened to an external reference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CompanyReferenceEvent {
    /// It was given to a company.
    Assigned(Assigned),
}

/// An external reference was given to a company.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assigned {
    /// The company.
    pub company: CompanyId,
}

domain_event!(CompanyReferenceEvent { Assigned = "company_reference.assigned" v "1" });

impl Described for CompanyReferenceEvent {
    fn changes(&self, _: Uuid) -> Vec<Change> {
        let Self::Assigned(Assigned { company }) = self;
        vec![Change::object("company", "Company", *company)]
    }

    fn audience(&self) -> Audience {
        let Self::Assigned(_) = self;
        Audience::Everybody
    }
}

impl CompanyReference {
    /// The company that has it.
    #[must_use]
    pub fn company(&self) -> Option<CompanyId> {
        self.company
    }

    fn decide(&self, company: CompanyId) -> Result<Vec<CompanyReferenceEvent>, CompanyError> {
        match self.company {
            None => Ok(vec![CompanyReferenceEvent::Assigned(Assigned { company })]),
            Some(present) if present == company => Ok(Vec::new()),
            Some(present) => Err(CompanyError::ReferenceTaken(present)),
        }
    }
}

impl Aggregate for CompanyReference {
    const TYPE: &'static str = "company_reference";
    type Command = CompanyId;
    type Event = CompanyReferenceEvent;
    type Error = CompanyError;
    type Services = Secrets;

    async fn handle(
        &mut self,
        company: CompanyId,
        _: &Secrets,
        sink: &EventSink<Self>,
    ) -> Result<(), CompanyError> {
        for event in self.decide(company)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: CompanyReferenceEvent) {
        let CompanyReferenceEvent::Assigned(Assigned { company }) = event;
        self.company = Some(company);
    }
}

impl Stored for CompanyReference {}

#[cfg(test)]
mod tests {
    use cqrs_es::test::TestFramework;

    use super::*;

    const ONE: CompanyId = CompanyId(Uuid::from_u128(1));
    const TWO: CompanyId = CompanyId(Uuid::from_u128(2));

    fn reference() -> TestFramework<CompanyReference> {
        TestFramework::with(Secrets::default())
    }

    #[test]
    fn belongs_to_one_company() {
        let assigned = || vec![CompanyReferenceEvent::Assigned(Assigned { company: ONE })];
        reference().given_no_previous_events().when(ONE).then_expect_events(assigned());
        reference().given(assigned()).when(ONE).then_expect_events(vec![]);
        reference().given(assigned()).when(TWO).then_expect_error(CompanyError::ReferenceTaken(ONE));
    }
}
