//! Erasing contacts on a real PostgreSQL: what goes, what stays, and who writes at the same time.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test fails the test"
)]

mod bill;
mod company_imports;
mod digests;
mod imports;
#[path = "../../../ledger/tests/ledger/postgres.rs"]
mod postgres;
mod preview;
mod proprietor;
mod race;
mod revealed;
mod told;
mod whole;
mod world;

/// Creates the tables in the database that the tests' databases are copies of.
async fn migrate(pool: &sqlx::PgPool) {
    sqlx::migrate!("../../migrations").run(pool).await.unwrap();
}
