//! The whole server as its users meet it: the binary, a real PostgreSQL, real requests.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test fails the test"
)]

mod access_log;
mod as_of;
mod bad_input;
mod changes;
mod company;
mod consent;
mod contact;
mod device;
#[expect(dead_code, reason = "other targets need the rest")]
mod door;
mod erasure;
mod everything;
mod expiry;
mod graph;
mod history;
mod import;
mod list;
mod log;
mod mail;
mod masking;
mod note;
mod operation;
mod people;
mod prospect;
mod recognised;
mod repeat;
mod reveal;
mod server;
mod socket;
mod token;
mod told;
mod unit;
mod user;
mod views;
