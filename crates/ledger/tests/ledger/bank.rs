//! Two small aggregates: an account with a personal name, and a book that can be closed.

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use lethe_kernel::{ContactId, ErrorCode, Personal, Rule, Subject};
use lethe_ledger::{EventType, Fields, Secrets, Stored, Upcaster, Versioned};
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use uuid::Uuid;

lethe_kernel::personal_text! {
    /// The name of an account's holder.
    Name = "test.name",
}

#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Broken {
    #[error("The account has too little money.")]
    Overdrawn,
    #[error("The book is closed.")]
    Closed,
}

impl Rule for Broken {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Overdrawn => ErrorCode::RuleViolated,
            Self::Closed => ErrorCode::Ended,
        }
    }
}

/// JSON as it was written.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Raw(pub(crate) Box<RawValue>);

impl Raw {
    pub(crate) fn new(json: &str) -> Self {
        Self(RawValue::from_string(json.to_owned()).unwrap())
    }
}

impl PartialEq for Raw {
    fn eq(&self, other: &Self) -> bool {
        self.0.get() == other.0.get()
    }
}

/// Also the commands: an account takes what it is told, as long as its money lasts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum AccountEvent {
    Named {
        name: Personal<Name>,
    },
    Added {
        amount: i64,
    },
    /// Taken as it is: no rule compares it with what is known.
    Nicknamed {
        name: Personal<Name>,
    },
    Marked {
        kind: String,
        mark: Raw,
    },
}

impl cqrs_es::DomainEvent for AccountEvent {
    fn event_type(&self) -> String {
        match self {
            Self::Named { .. } => "account.named".to_owned(),
            Self::Added { .. } => "account.added".to_owned(),
            Self::Nicknamed { .. } => "account.nicknamed".to_owned(),
            Self::Marked { kind, .. } => kind.clone(),
        }
    }

    fn event_version(&self) -> String {
        match self {
            Self::Named { .. } => "3".to_owned(),
            _ => "1".to_owned(),
        }
    }
}

/// By hand, because a mark chooses the type it is stored as.
impl Versioned for AccountEvent {
    const TYPES: &'static [EventType] = &[
        EventType {
            name: "account.named",
            version: "3",
            upcasters: &[Upcaster { from: "1", upcast: named_1 }, Upcaster { from: "2", upcast: named_2 }],
        },
        EventType { name: "account.added", version: "1", upcasters: &[] },
        EventType { name: "account.nicknamed", version: "1", upcasters: &[] },
        EventType { name: "account.marked", version: "1", upcasters: &[] },
    ];

    fn stored_type(&self) -> &'static str {
        match self {
            Self::Named { .. } => "account.named",
            Self::Added { .. } => "account.added",
            Self::Nicknamed { .. } => "account.nicknamed",
            Self::Marked { .. } => "account.marked",
        }
    }
}

/// The holder became an object.
fn named_1(mut fields: Fields) -> Option<Fields> {
    let called = fields.remove("called")?;
    fields.insert("holder".to_owned(), json!({ "name": called }));
    Some(fields)
}

/// The holder's name stands alone again.
fn named_2(mut fields: Fields) -> Option<Fields> {
    let name = fields.remove("holder")?.get_mut("name")?.take();
    fields.insert("name".to_owned(), name);
    Some(fields)
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) name: Option<Personal<Name>>,
    pub(crate) balance: i64,
}

/// Whose name an account holds.
pub(crate) fn holder(account: Uuid) -> Subject {
    ContactId(account).into()
}

impl Aggregate for Account {
    const TYPE: &'static str = "account";
    type Command = (Uuid, AccountEvent);
    type Event = AccountEvent;
    type Error = Broken;
    type Services = Secrets;

    async fn handle(
        &mut self,
        (id, event): (Uuid, AccountEvent),
        secrets: &Secrets,
        sink: &EventSink<Self>,
    ) -> Result<(), Broken> {
        match (&event, &self.name) {
            (AccountEvent::Added { amount }, _) if self.balance + amount < 0 => {
                return Err(Broken::Overdrawn);
            }
            (AccountEvent::Named { name }, Some(old)) if secrets.same(old, name, holder(id)) => return Ok(()),
            _ => {}
        }
        sink.write(event, self).await;
        Ok(())
    }

    fn apply(&mut self, event: AccountEvent) {
        match event {
            AccountEvent::Named { name } => self.name = Some(name),
            AccountEvent::Added { amount } => self.balance += amount,
            AccountEvent::Nicknamed { .. } | AccountEvent::Marked { .. } => {}
        }
    }
}

impl Stored for Account {
    fn subjects(&self, id: Uuid) -> Vec<Subject> {
        self.name.iter().map(|_| holder(id)).collect()
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum BookEvent {
    Entered { account: Uuid },
    Closed {},
}

lethe_ledger::domain_event!(BookEvent { Entered = "book.entered" v "1", Closed = "book.closed" v "1" });

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Book {
    pub(crate) entries: i64,
    closed: bool,
}

impl Aggregate for Book {
    const TYPE: &'static str = "book";
    type Command = BookEvent;
    type Event = BookEvent;
    type Error = Broken;
    type Services = Secrets;

    async fn handle(&mut self, event: BookEvent, _: &Secrets, sink: &EventSink<Self>) -> Result<(), Broken> {
        if self.closed {
            return Err(Broken::Closed);
        }
        sink.write(event, self).await;
        Ok(())
    }

    fn apply(&mut self, event: BookEvent) {
        match event {
            BookEvent::Entered { .. } => self.entries += 1,
            BookEvent::Closed {} => self.closed = true,
        }
    }
}

impl Stored for Book {}

/// Events of other versions of the account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum StrangeEvent {
    /// Of a later one, which this one cannot read.
    Strange(Strange),
    /// Of the first one.
    Named { called: Personal<Name> },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Strange {
    pub(crate) text: String,
}

lethe_ledger::domain_event!(StrangeEvent { Strange = "account.strange" v "2", Named = "account.named" v "1" });

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct StrangeAccount {}

impl Aggregate for StrangeAccount {
    const TYPE: &'static str = Account::TYPE;
    type Command = StrangeEvent;
    type Event = StrangeEvent;
    type Error = Broken;
    type Services = Secrets;

    async fn handle(
        &mut self,
        event: StrangeEvent,
        _: &Secrets,
        sink: &EventSink<Self>,
    ) -> Result<(), Broken> {
        sink.write(event, self).await;
        Ok(())
    }

    fn apply(&mut self, _: StrangeEvent) {}
}

impl Stored for StrangeAccount {}
