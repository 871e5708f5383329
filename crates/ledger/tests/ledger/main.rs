//! The ledger on a real PostgreSQL.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a helper of a test fails the test")]

mod bank;
mod contention;
mod order;
mod postgres;
mod unit_of_work;
mod works;
mod world;
