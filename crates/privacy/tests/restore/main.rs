//! Restoring on a real PostgreSQL, with its own `pg_dump` and `pg_restore`: whatever is old, no destroyed key comes back.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a helper of a test fails the test"
)]

mod matrix;
mod mirrors;
#[path = "../../../ledger/tests/ledger/postgres.rs"]
mod postgres;
mod scene;
mod users;
#[path = "../rotation/world.rs"]
#[expect(dead_code, reason = "this target rotates less than the one that owns the file")]
mod world;

/// Creates the tables in the database that the tests' databases are copies of.
async fn migrate(pool: &sqlx::PgPool) {
    sqlx::migrate!("../../migrations").run(pool).await.unwrap();
}
