//! Who may work here, on a real PostgreSQL: the rules between units and users, the directory, and being forgotten.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test fails the test"
)]

mod damaged;
mod directory;
mod forgotten;
mod rules;
mod world;
