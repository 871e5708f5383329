//! What somebody finds who has every disk, log, backup and dump there ever was: nothing of who was erased.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test fails the test"
)]

mod autopsy;
mod cluster;
mod cryptography;
mod dirtyread;
mod dump;
#[path = "../../../../tests/no_plaintext/encoding.rs"]
mod encoding;
mod everything;
mod guess;
mod hunt;
mod marked;
#[path = "../../../../tests/no_plaintext/marker.rs"]
#[expect(dead_code, reason = "this target enters fewer kinds of values than the one with the server")]
mod marker;
mod orphans;
mod people;
#[path = "../../../ledger/tests/ledger/postgres.rs"]
#[expect(dead_code, reason = "this target only looks")]
mod postgres;
mod random;
#[path = "../../../../tests/no_plaintext/search.rs"]
mod search;
mod standby;
mod unchanged;
mod uses;
mod way;
mod windows;

/// Creates the tables in the database that the tests' databases are copies of.
async fn migrate(pool: &sqlx::PgPool) {
    lethe_ledger::migrate(pool).await.unwrap();
}
