//! Rotation of the root on a real PostgreSQL with two custodians: what it makes final, and where it may be cut off.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a helper of a test fails the test")]

mod finality;
mod interrupted;
#[path = "../../../ledger/tests/ledger/postgres.rs"]
mod postgres;
mod refused;
mod world;
mod writers;

/// Creates the tables in the database that the tests' databases are copies of.
async fn migrate(pool: &sqlx::PgPool) {
    sqlx::migrate!("../../migrations").run(pool).await.unwrap();
}
