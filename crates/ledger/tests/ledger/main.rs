//! The ledger on a real PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test fails the test"
)]

mod bank;
mod batch;
mod connection;
mod contention;
mod destroy;
mod evolution;
mod follow;
mod format;
mod history;
mod idempotency;
mod keys;
mod lists;
mod metadata;
mod order;
mod pages;
mod postgres;
mod reaction;
mod rebuild;
mod search;
mod snapshot;
mod stale;
mod storage;
mod unit_of_work;
mod view;
mod views;
mod works;
mod world;

/// Creates the tables in the database that the tests' databases are copies of.
async fn migrate(pool: &sqlx::PgPool) {
    lethe_ledger::migrate(pool).await.unwrap();
}
