//! Audit bundles: written, verified, tampered with, and read by a second verifier.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a helper of a test fails the test"
)]

mod bundle;
mod fuzz;
mod log;
mod opening;
mod pair;
mod python;
mod spoil;
mod strict;
mod tamper;
mod vectors;
