//! How the server lives, dies and comes back: starts, crashes, stops, refusals, and the commands beside it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test fails the test"
)]
#![allow(clippy::doc_markdown, reason = "PostgreSQL is a name, not code")]

mod audit;
mod backup;
mod beside;
mod by_hand;
mod certificate;
mod configured;
mod crash;
mod damaged;
#[path = "../e2e/door.rs"]
#[allow(dead_code, reason = "this target needs less than the one that owns the file")]
mod door;
mod elsewhere;
mod faults;
mod filled;
mod limits;
mod log;
mod metrics;
mod observe;
mod refusal;
mod requests;
#[path = "../e2e/server.rs"]
#[expect(
    dead_code,
    reason = "this target stops and starts more, and asks less, than the one that owns the file"
)]
mod server;
mod settings;
mod several;
#[path = "../e2e/socket.rs"]
mod socket;
mod sockets;
mod start;
mod stop;
mod traces;
mod unlogged;
mod unprivileged;
mod witness;
