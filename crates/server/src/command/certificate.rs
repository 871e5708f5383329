//! `lethe certificate`: the certificates of erasures.

mod show;
mod verify;

use clap::Subcommand;

use crate::config::Config;
use crate::error::{Error, Outcome};

/// What can be done with certificates.
#[derive(Debug, Subcommand)]
pub(crate) enum Certificate {
    /// Verify a certificate, offline and without a database; exit code 1 if it is not good
    Verify(verify::Arguments),
    /// Write the certificate of a contact's erasure, once that is final
    Show(show::Arguments),
}

/// Runs one of them.
///
/// # Errors
/// [`Error`] says what prevented it.
pub(crate) async fn run(config: &Config, certificate: &Certificate) -> Result<Outcome, Error> {
    match certificate {
        Certificate::Verify(arguments) => verify::run(arguments),
        Certificate::Show(arguments) => show::run(config, arguments).await,
    }
}
