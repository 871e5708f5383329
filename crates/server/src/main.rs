//! The `lethe` binary: command line, settings, HTTP.

#![allow(
    clippy::doc_markdown,
    reason = "PostgreSQL and GraphQL are names, and help texts are read in a terminal"
)]

mod cli;
mod command;
mod config;
mod data_dir;
mod database;
mod demo;
mod doctor;
mod error;
mod graphql;
mod http;
mod log;
mod mail;
mod memory;
mod output;
mod schedule;
mod signal;
mod tokens;
mod trace;

use std::io::ErrorKind;
use std::process::ExitCode;

use clap::Parser;

use crate::error::Error;

#[tokio::main]
async fn main() -> ExitCode {
    memory::forbid_core_dumps();
    match command::run(cli::Cli::parse()).await {
        Ok(outcome) => outcome.into(),
        // Whoever read the output has had enough of it.
        Err(Error::Output(error)) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            output::note(&format!("error: {error}"));
            ExitCode::from(error.exit_code())
        }
    }
}
