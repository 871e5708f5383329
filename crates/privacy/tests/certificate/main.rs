//! Certificates of erasure from a real database, with a real rotation.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a helper of a test fails the test")]

mod issued;
#[path = "../../../ledger/tests/ledger/postgres.rs"]
mod postgres;
mod refused;
mod world;

/// Creates the tables in the database that the tests' databases are copies of.
async fn migrate(pool: &sqlx::PgPool) {
    sqlx::migrate!("../../migrations").run(pool).await.unwrap();
}
