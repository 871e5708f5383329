//! A value that bookkeeping law has kept, as no slice has one yet.

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use lethe_kernel::{ContactId, ErrorCode, KeyClass, Personal, PersonalValue, Rule};
use lethe_ledger::{Answer, Failure, Secrets, Stored, UnitOfWork, Work, domain_event};
use serde::{Deserialize, Serialize};

/// Bills a contact. Answers the contact.
pub(crate) struct Bill(pub(crate) ContactId);

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Invoice(String);

impl PersonalValue for Invoice {
    const LABEL: &'static str = "test.invoice";
    const CLASS: KeyClass = KeyClass::Accounting;
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Account;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum AccountEvent {
    Billed { invoice: Personal<Invoice> },
}

domain_event!(AccountEvent { Billed = "test_account.billed" v "1" });

#[derive(Debug, thiserror::Error)]
enum NoRule {}

impl Rule for NoRule {
    fn code(&self) -> ErrorCode {
        match *self {}
    }
}

impl Aggregate for Account {
    const TYPE: &'static str = "test_account";
    type Command = ContactId;
    type Event = AccountEvent;
    type Error = NoRule;
    type Services = Secrets;

    async fn handle(
        &mut self,
        contact: ContactId,
        _: &Secrets,
        sink: &EventSink<Self>,
    ) -> Result<(), NoRule> {
        let invoice = Personal::of(contact, Invoice("17".into()));
        sink.write(AccountEvent::Billed { invoice }, self).await;
        Ok(())
    }

    fn apply(&mut self, _: AccountEvent) {}
}

impl Stored for Account {}

impl Work for Bill {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        unit.handle::<Account>(self.0, self.0).await?;
        Ok(Answer::of(self.0))
    }
}
