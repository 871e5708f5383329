//! `lethe audit`: the transparency log, for those who do not trust the server.

mod export;
mod verify;
mod witness;

use clap::Subcommand;

use crate::config::Config;
use crate::error::{Error, Outcome};

pub(crate) use witness::WitnessError;

/// What can be done with the log.
#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Write events and what proves them into a folder; sealed values stay sealed
    Export(export::Arguments),
    /// Verify an audit bundle or a .tlog-proof file, offline and without a database; exit code 1 if it is not good
    Verify(verify::Arguments),
    /// Cosign the logs of other installations as long as they only grow, and keep what tells against them
    Witness(witness::Arguments),
}

/// Runs one of them.
///
/// # Errors
/// [`Error`] says what prevented it.
pub(crate) async fn run(config: &Config, audit: &Audit) -> Result<Outcome, Error> {
    match audit {
        Audit::Export(arguments) => export::run(config, arguments).await,
        Audit::Verify(arguments) => verify::run(arguments),
        Audit::Witness(arguments) => witness::run(config, arguments).await,
    }
}
