//! What an event tells about who caused it.

use chrono::DateTime;
use lethe_kernel::{Clock, EventId, RequestId};
use lethe_ledger::{Context, Metadata};
use serde_json::json;

use crate::postgres::Database;
use crate::works::{Add, Enter, Rename};
use crate::world::{caller, context, id, keyed, ledger, ledger_with};

#[tokio::test]
async fn every_event_carries_caller_command_request_correlation_cause_and_time_and_nothing_else() {
    let database = Database::create().await;
    let at = DateTime::from_timestamp(1_800_000_000, 123_456_000).unwrap();
    let ledger = ledger_with(&database, database.options.clone(), Clock::fixed(at)).await;
    let cause = EventId(id(77));
    let context = Context { causation: Some(cause), ..Context::new(caller(2), RequestId(id(3))) };
    ledger.execute(&context, &Add(id(10), 5)).await.unwrap();
    let stored: String = sqlx::query_scalar("SELECT metadata::text FROM ledger.events")
        .fetch_one(&database.pool)
        .await
        .unwrap();
    let command: uuid::Uuid =
        sqlx::query_scalar("SELECT command_id FROM ledger.commands").fetch_one(&database.pool).await.unwrap();
    let expected = json!({
        "user": id(2), "unit": id(7), "role": "CONSULTANT", "command": command, "request": id(3),
        "correlation": id(3), "causation": cause, "occurred": "2027-01-15T08:00:00.123456Z",
    });
    assert_eq!(serde_json::from_str::<serde_json::Value>(&stored).unwrap(), expected);
    let read: Metadata = ledger.parts().event(1).await.unwrap().unwrap().metadata().unwrap();
    assert_eq!((read.caller(), read.causation, read.occurred), (caller(2), Some(cause), at));
}

#[tokio::test]
async fn a_new_key_is_committed_to_once_in_the_first_event_of_its_unit() {
    let database = Database::create().await;
    let ledger = ledger(&database).await;
    ledger.execute(&keyed(1, b"x"), &Enter { account: id(10), book: id(11) }).await.unwrap();
    ledger.execute(&context(), &Rename(id(10), "Bo")).await.unwrap();
    let keys: Vec<_> = ledger
        .parts()
        .after(0, 9)
        .await
        .unwrap()
        .into_iter()
        .map(|event| event.metadata().unwrap().keys)
        .collect();
    let created: String = sqlx::query_scalar(
        "SELECT format('%s/%s/%s/%s/%s', subject_kind, subject_id, class, key_id, \
         translate(rtrim(encode(commitment, 'base64'), '='), '+/', '-_')) FROM vault.keys WHERE subject_kind <> 'installation'",
    )
    .fetch_one(&database.pool)
    .await
    .unwrap();
    assert!(created.starts_with(&format!("contact/{}/crm/", id(10))));
    assert_eq!(keys, [Some(created), None, None, None]);
}
