//! An event of the first version, with a sealed name, is read as one of the third.

use cqrs_es::EventStore;
use cqrs_es::persist::{EventUpcaster, PersistedEventStore, SerializedEvent};
use lethe_kernel::Personal;
use lethe_ledger::{EventType, Upcaster, Versioned};
use postgres_es::PostgresEventRepository;

use crate::bank::{Account, AccountEvent, Name, StrangeEvent, holder};
use crate::postgres::Database;
use crate::view::{BalanceView, balances, following};
use crate::works::{Add, Estrange, Rename};
use crate::world::{context, id, ledger, rows};

const NAME: &str = "Gammel Prøvesen";

/// The first event of an account, as the first version wrote it.
fn named() -> Estrange {
    Estrange(id(10), StrangeEvent::Named { called: Personal::of(holder(id(10)), Name(NAME.to_owned())) })
}

async fn stored(database: &Database) -> Vec<(String, String, String)> {
    sqlx::query_as("SELECT event_type, event_version, payload::text FROM ledger.events ORDER BY position")
        .fetch_all(&database.pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn an_aggregate_is_loaded_from_an_older_version() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    ledger.execute(&context(), &named()).await.unwrap();
    // The rule opens the old name and finds that nothing changed.
    ledger.execute(&context(), &Rename(id(10), NAME)).await.unwrap();
    assert_eq!(rows(&database).await[0], 1);
    ledger.execute(&context(), &Rename(id(10), "Ny Prøvesen")).await.unwrap();
    let versions: Vec<_> =
        stored(&database).await.into_iter().map(|(kind, version, _)| (kind, version)).collect();
    assert_eq!(versions, [("account.named".into(), "1".into()), ("account.named".into(), "3".into())]);
}

#[tokio::test]
async fn a_view_folds_an_older_version_and_the_table_keeps_it() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    ledger.execute(&context(), &named()).await.unwrap();
    let before = stored(&database).await;
    let views = following::<BalanceView<1>>(&ledger).await;
    ledger.execute(&context(), &Add(id(10), 5)).await.unwrap();
    views.until(2).await;
    assert_eq!(views.0.differences().await.unwrap(), []);
    let name = balances(&ledger, &[id(10)]).await.remove(&id(10)).unwrap().name.unwrap();
    let sealed = &name.sealed().unwrap().0;
    let keyring = ledger.parts().vault.keyring(&[holder(id(10))]).await.unwrap();
    assert_eq!(keyring.open(&name, holder(id(10))).unwrap().0, NAME);

    // The value was never opened on the way, and the event stands as it was written.
    let payload = format!(r#"{{"Named":{{"called":"{sealed}"}}}}"#);
    assert_eq!(before, [("account.named".to_owned(), "1".to_owned(), payload)]);
    assert_eq!(stored(&database).await[..1], before);
}

#[tokio::test]
async fn a_newer_version_stops_the_command_and_says_what_to_start() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    ledger.execute(&context(), &named()).await.unwrap();
    database
        .run(
            "INSERT INTO ledger.events SELECT aggregate_type, aggregate_id, 2, event_type, '4', payload, metadata, 2, \
             gen_random_uuid(), recorded_at FROM ledger.events",
        )
        .await;
    let error = ledger.execute(&context(), &Rename(id(10), NAME)).await.unwrap_err().to_string();
    assert!(error.contains("position 2 (account.named version 4)"), "{error}");
    assert!(error.contains("Start that version, or a newer one."), "{error}");
    assert_eq!(rows(&database).await[0], 2);
}

/// One of our steps, as stock code takes it.
struct Step(&'static EventType, &'static Upcaster);

impl EventUpcaster for Step {
    fn can_upcast(&self, event_type: &str, version: &str) -> bool {
        (event_type, version) == (self.0.name, self.1.from)
    }

    fn upcast(&self, mut event: SerializedEvent) -> SerializedEvent {
        for fields in event.payload.as_object_mut().unwrap().values_mut() {
            *fields = (self.1.upcast)(fields.take().as_object().unwrap().clone()).unwrap().into();
        }
        let versions: Vec<_> = self.0.versions().collect();
        let next = versions.iter().skip_while(|version| **version != self.1.from).nth(1).unwrap();
        SerializedEvent { event_version: (*next).to_owned(), ..event }
    }
}

#[tokio::test]
async fn stock_code_reads_an_older_version_with_the_same_upcasters() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    ledger.execute(&context(), &named()).await.unwrap();
    ledger.execute(&context(), &Rename(id(10), "Ny Prøvesen")).await.unwrap();
    let stock = || {
        let repository = PostgresEventRepository::new(database.pool.clone());
        PersistedEventStore::<_, Account>::new_event_store(
            repository.with_tables("ledger.events", "ledger.snapshots"),
        )
    };
    assert!(stock().load_events(&id(10).to_string()).await.is_err(), "the old form is another one");
    let steps = AccountEvent::TYPES.iter().flat_map(|kind| {
        kind.upcasters.iter().map(move |step| Box::new(Step(kind, step)) as Box<dyn EventUpcaster>)
    });
    let events = stock().with_upcasters(steps.collect()).load_events(&id(10).to_string()).await.unwrap();
    assert!(events.iter().all(|event| matches!(event.payload, AccountEvent::Named { .. })));
    assert_eq!(events.len(), 2);
}
