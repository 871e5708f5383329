//! The outbox on a real PostgreSQL, with a mail server that does what the test wants: answers later, never, not at all,
//! or breaks the connection at the worst moment. `tests/clients/mail.test.js` does the same with a mail server that others
//! have written.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test fails the test"
)]

mod doubt;
mod erased;
mod kept;
mod peer;
#[expect(dead_code, reason = "these tests do not need all of it")]
#[path = "../../../ledger/tests/ledger/postgres.rs"]
mod postgres;
mod refused;
mod several;
mod world;

/// Creates the tables in the database that the tests' databases are copies of.
async fn migrate(pool: &sqlx::PgPool) {
    sqlx::migrate!("../../migrations").run(pool).await.unwrap();
}
