//! What is stored: append-only, readable by stock code, byte by byte as written, and without personal values.

use cqrs_es::persist::{PersistedEventStore, SerializedEvent};
use cqrs_es::{AggregateContext, EventStore};
use lethe_kernel::SealedText;
use postgres_es::PostgresEventRepository;

use crate::bank::{Account, AccountEvent, Raw, holder};
use crate::postgres::Database;
use crate::view::{BalanceView, following};
use crate::works::{Add, Append, Enter, Rename};
use crate::world::{context, dump, id, keyed, ledger, rows};

type StockStore = PersistedEventStore<PostgresEventRepository, Account>;

fn stock(database: &Database) -> StockStore {
    let repository = PostgresEventRepository::new(database.pool.clone());
    PersistedEventStore::new_event_store(repository.with_tables("ledger.events", "ledger.snapshots"))
}

#[tokio::test]
async fn stock_code_reads_a_stream_and_loads_its_aggregate() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    ledger.execute(&keyed(1, b"name"), &Rename(id(10), "Åse")).await.unwrap();
    for amount in [5, -3] {
        ledger.execute(&context(), &Add(id(10), amount)).await.unwrap();
    }
    let store = stock(&database);
    let events = store.load_events(&id(10).to_string()).await.unwrap();
    assert_eq!(events.iter().map(|event| event.sequence).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(events[1].payload, AccountEvent::Added { amount: 5 });
    assert_eq!(events[0].metadata["user"], id(2).to_string());
    let mut loaded = store.load_aggregate(&id(10).to_string()).await.unwrap();
    assert_eq!(loaded.aggregate().balance, 2);
    assert_eq!(loaded.current_sequence, 3);
}

#[tokio::test]
async fn a_stock_insert_fails() {
    use cqrs_es::persist::PersistedEventRepository;
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    ledger.execute(&context(), &Add(id(10), 5)).await.unwrap();
    let repository =
        PostgresEventRepository::new(database.pool.clone()).with_tables("ledger.events", "ledger.snapshots");
    let payload = serde_json::to_value(AccountEvent::Added { amount: 1 }).unwrap();
    let (stream, kind) = (id(10).to_string(), "account.added".to_owned());
    let metadata = serde_json::json!({});
    let event = SerializedEvent::new(stream, 2, "account".into(), kind, "1".into(), payload, metadata);
    let error = repository.persist::<Account>(&[event], None).await.unwrap_err();
    assert!(format!("{error:?}").contains("23502"), "a value of a column is missing, but {error:?}");
    assert_eq!(rows(&database).await[0], 1);
}

#[tokio::test]
async fn events_are_never_updated_deleted_or_truncated() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    ledger.execute(&context(), &Add(id(10), 5)).await.unwrap();
    let before = dump(&database).await;
    for sql in [
        "UPDATE ledger.events SET payload = '{}'",
        "DELETE FROM ledger.events WHERE position = 1",
        "TRUNCATE ledger.events",
    ] {
        let error = sqlx::query(sql).execute(&database.pool).await.unwrap_err();
        assert!(error.to_string().contains("append-only"), "{sql}: {error}");
    }
    assert_eq!(dump(&database).await, before);
}

#[tokio::test]
async fn a_payload_is_kept_byte_by_byte_as_it_was_written() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    let json = r#"{"z":1e2,"a":1.0,  "z":[0.10,-0],"ø":"\u00f8\/"}"#;
    let event = AccountEvent::Marked { kind: "account.marked".into(), mark: Raw::new(json) };
    ledger.execute(&context(), &Append(id(10), event.clone())).await.unwrap();
    let stored: String = sqlx::query_scalar("SELECT payload::text FROM ledger.events")
        .fetch_one(&database.pool)
        .await
        .unwrap();
    assert_eq!(stored, format!(r#"{{"Marked":{{"kind":"account.marked","mark":{json}}}}}"#));
    let read = ledger.parts().event(1).await.unwrap().unwrap();
    assert_eq!(read.payload, stored);
    assert_eq!(read.decode::<AccountEvent>().unwrap(), event);
}

#[tokio::test]
async fn a_personal_value_is_sealed_in_its_event_and_occurs_nowhere_in_any_table() {
    const MARKER: &str = "Marker Personsen";
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    let views = following::<BalanceView<1>>(&ledger).await;
    ledger.execute(&keyed(1, MARKER.as_bytes()), &Rename(id(10), MARKER)).await.unwrap();
    // Once more without a change, which compares the values.
    ledger.execute(&keyed(2, MARKER.as_bytes()), &Rename(id(10), MARKER)).await.unwrap();
    ledger.execute(&context(), &Enter { account: id(10), book: id(11) }).await.unwrap();
    views.until(ledger.parts().head().await.unwrap()).await;

    let all = dump(&database).await;
    assert!(all.contains("view.balance") && all.contains("ledger.events") && all.contains("vault.keys"));
    let hex: String = sqlx::query_scalar("SELECT encode($1::bytea, 'hex')")
        .bind(MARKER.as_bytes())
        .fetch_one(&database.pool)
        .await
        .unwrap();
    for text in [MARKER, "Personsen", &hex] {
        assert!(!all.contains(text), "{text} is in {all}");
    }
    let AccountEvent::Named { name } = ledger.parts().event(1).await.unwrap().unwrap().decode().unwrap()
    else {
        panic!("the first event gives the name");
    };
    let SealedText(sealed) = name.sealed().unwrap();
    assert!(all.contains(sealed));
    let keyring = ledger.parts().vault.keyring(&[holder(id(10))]).await.unwrap();
    assert_eq!(keyring.open(&name, holder(id(10))).unwrap().0, MARKER);
}
