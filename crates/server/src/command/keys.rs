//! `lethe keys`: the root key and what hangs from it.

mod rotate;

use clap::Subcommand;

use crate::config::Config;
use crate::error::{Error, Outcome};

/// What can be done with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Replace the root key, so that what was erased before is final; finishes a rotation that was cut off
    Rotate(rotate::Arguments),
}

/// Runs one of them.
///
/// # Errors
/// [`Error`] says what prevented it.
pub(crate) async fn run(config: &Config, keys: &Keys) -> Result<Outcome, Error> {
    match keys {
        Keys::Rotate(arguments) => rotate::run(config, arguments).await,
    }
}
