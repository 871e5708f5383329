//! The vault on a real PostgreSQL: its root file, and the wrapped keys.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a helper of a test fails the test"
)]

mod adopt;
mod custodian_disk;
mod custodian_file;
mod custodian_processes;
mod custodian_transit;
mod custodian_transit_faults;
mod custodian_transit_server;
mod custodians;
mod former;
mod keys;
mod mirror;
mod mirror_faults;
mod mirrored;
#[path = "../../../ledger/tests/ledger/postgres.rs"]
mod postgres;
mod root;
mod signing;
mod tables;

/// Creates the tables in the database that the tests' databases are copies of.
async fn migrate(pool: &sqlx::PgPool) {
    sqlx::migrate!("../../migrations").run(pool).await.unwrap();
}
