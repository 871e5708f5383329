//! `lethe mail`: what goes out, and what was kept because no mail server takes it.

mod list;
mod show;
mod test;

use clap::Subcommand;

use crate::config::Config;
use crate::error::{Error, Outcome};

/// What can be done with mails.
#[derive(Debug, Subcommand)]
pub(crate) enum Mail {
    /// List the outgoing mails and how each stands, without addresses and texts
    List(list::Arguments),
    /// Print a mail that was kept as a sealed file because there is no mail server
    Show(show::Arguments),
    /// Queue a mail that says that mails arrive; a running server sends it
    Test(test::Arguments),
}

/// Runs one of them.
///
/// # Errors
/// [`Error`] says what prevented it.
pub(crate) async fn run(config: &Config, mail: &Mail) -> Result<Outcome, Error> {
    match mail {
        Mail::List(arguments) => list::run(config, arguments).await,
        Mail::Show(arguments) => show::run(config, arguments).await,
        Mail::Test(arguments) => test::run(config, arguments).await,
    }
}
