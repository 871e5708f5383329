//! What somebody finds who has every disk, log, backup and dump there ever was: nothing of who was erased.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test fails the test"
)]

mod cluster;
mod cryptography;
mod dump;
mod everything;
mod hunt;
mod people;
mod way;
mod windows;
