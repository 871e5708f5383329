//! The same aggregate three times: sealed by Lethe, clear in Lethe's ledger, and clear in stock code.

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent, EventEnvelope, View};
use lethe_kernel::{ContactId, ErrorCode, Personal, Rule, personal_text};
use lethe_ledger::{
    Answer, EventType, Failure, LedgerError, Projection, Recorded, Secrets, Stored, UnitOfWork, Versioned,
    Work,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A value as long as a name.
pub const NAME: &str = "Åse Sjö-Bækgaard, Bagermester";

personal_text! {
    /// A name.
    Name = "bench.name",
}

#[derive(Debug, thiserror::Error)]
#[error("never")]
pub struct Never;

impl Rule for Never {
    fn code(&self) -> ErrorCode {
        ErrorCode::RuleViolated
    }
}

macro_rules! aggregate {
    ($aggregate:ident, $event:ident, $type:literal, $name:ty, $services:ty) => {
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        pub struct $event {
            name: $name,
        }

        impl DomainEvent for $event {
            fn event_type(&self) -> String {
                "named".to_owned()
            }

            fn event_version(&self) -> String {
                "1".to_owned()
            }
        }

        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        pub struct $aggregate {
            name: Option<$name>,
            changes: u64,
        }

        impl Aggregate for $aggregate {
            const TYPE: &'static str = $type;
            type Command = $name;
            type Event = $event;
            type Error = Never;
            type Services = $services;

            async fn handle(
                &mut self,
                name: $name,
                _: &$services,
                sink: &EventSink<Self>,
            ) -> Result<(), Never> {
                sink.write($event { name }, self).await;
                Ok(())
            }

            fn apply(&mut self, event: $event) {
                self.name = Some(event.name);
                self.changes += 1;
            }
        }
    };
}

aggregate!(Sealed, SealedEvent, "sealed", Personal<Name>, Secrets);
aggregate!(Clear, ClearEvent, "clear", String, Secrets);
aggregate!(Stock, StockEvent, "stock", String, ());

macro_rules! stored {
    ($($aggregate:ident, $event:ident);+) => {$(
        impl Stored for $aggregate {}

        impl Versioned for $event {
            const TYPES: &'static [EventType] = &[EventType { name: "named", version: "1", upcasters: &[] }];

            fn stored_type(&self) -> &'static str {
                "named"
            }
        }
    )+};
}

stored!(Sealed, SealedEvent; Clear, ClearEvent);

/// Names an aggregate, a number of times in one unit of work. Without an id a new stream is opened, as every command
/// of the product does that registers something.
pub struct Rename {
    pub id: Option<Uuid>,
    pub times: usize,
    pub sealed: bool,
}

impl Work for Rename {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        let id = self.id.unwrap_or_else(|| unit.new_id());
        for _ in 0..self.times {
            if self.sealed {
                unit.handle::<Sealed>(id, Personal::of(ContactId(id), Name(NAME.to_owned()))).await?;
            } else {
                unit.handle::<Clear>(id, NAME.to_owned()).await?;
            }
        }
        Ok(if self.sealed { Answer::about(id, ContactId(id)) } else { Answer::of(id) })
    }
}

/// The view that follows what Lethe appends.
pub struct NamedView;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    id: Uuid,
    name: String,
    changes: i64,
}

impl Projection for NamedView {
    const NAME: &'static str = "named";
    const VERSION: i32 = 1;
    const SQL: &'static str =
        "CREATE TABLE named (id uuid PRIMARY KEY, name text NOT NULL, changes bigint NOT NULL)";
    const SOURCES: &'static [&'static str] = &["sealed", "clear"];
    type Row = Row;

    fn fold(row: Option<Row>, key: Uuid, event: &Recorded) -> Result<Option<Row>, LedgerError> {
        #[derive(Deserialize)]
        struct Named {
            name: String,
        }
        let Named { name } =
            serde_json::from_str(&event.payload).map_err(|error| LedgerError::Encode(error.to_string()))?;
        Ok(Some(Row { id: key, name, changes: row.map_or(0, |row| row.changes) + 1 }))
    }
}

/// The view that stock code updates with every command.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct StockView {
    name: String,
    changes: i64,
}

impl View<Stock> for StockView {
    fn update(&mut self, event: &EventEnvelope<Stock>) {
        self.name.clone_from(&event.payload.name);
        self.changes += 1;
    }
}
