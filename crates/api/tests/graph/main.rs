//! The graph as each role sees it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test fails the test"
)]

mod damaged;
mod events;
mod hidden;
mod permissions;
mod rules;
mod running;
mod visibility;
mod walk;
