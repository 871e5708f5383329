//! The notary on a real PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test fails the test"
)]

mod checkpoint_file;
mod export;

#[path = "../../../ledger/tests/ledger/postgres.rs"]
mod postgres;
mod signing;
mod tamper;
mod world;

/// Creates the tables in the database that the tests' databases are copies of.
async fn migrate(pool: &sqlx::PgPool) {
    lethe_ledger::migrate(pool).await.unwrap();
}
