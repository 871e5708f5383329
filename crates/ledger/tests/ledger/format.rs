//! The form in which events are stored: a program refuses a ledger in another one, and leaves it as it is.

use lethe_ledger::{LedgerError, migrate};

use crate::postgres::Database;
use crate::works::Add;
use crate::world::{context, id, ledger};

/// Makes the database one of before there was a number.
const BEFORE: &str = "DROP TABLE ledger.format; DELETE FROM _sqlx_migrations WHERE version = 6";

#[tokio::test]
async fn a_database_with_events_of_before_is_refused_and_left_as_it_is() {
    let database = Database::create().await;
    ledger(&database).await.execute(&context(), &Add(id(10), 5)).await.unwrap();
    migrate(&database.pool).await.unwrap();
    database.run(BEFORE).await;
    let error = migrate(&database.pool).await.unwrap_err();
    assert!(matches!(error, LedgerError::EarlierForm), "{error}");
    let said = error.to_string();
    assert!(said.contains("Start with an empty data folder") && said.contains("was made with"), "{said}");
    assert_eq!(database.count("SELECT count(*) FROM _sqlx_migrations WHERE version = 6").await, 0);
    assert_eq!(database.count("SELECT count(*) FROM ledger.events").await, 1);
}

#[tokio::test]
async fn tables_of_before_without_an_event_are_brought_up_to_date() {
    let database = Database::create().await;
    database.run(BEFORE).await;
    migrate(&database.pool).await.unwrap();
    assert_eq!(database.count("SELECT number::bigint FROM ledger.format").await, 1);
}

#[tokio::test]
async fn another_number_is_that_of_another_version() {
    let database = Database::create().await;
    ledger(&database).await.execute(&context(), &Add(id(10), 5)).await.unwrap();
    database.run("UPDATE ledger.format SET number = 2").await;
    assert!(matches!(migrate(&database.pool).await, Err(LedgerError::NewerVersion)));
    database.run("UPDATE ledger.format SET number = 0").await;
    assert!(matches!(migrate(&database.pool).await, Err(LedgerError::EarlierForm)));
}
