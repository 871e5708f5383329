//! `lethe fixture`.

use std::path::PathBuf;

use clap::Args;
use lethe_fixtures::Plan;

use crate::error::{Error, Outcome};
use crate::output;

/// The flags of `lethe fixture`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// How many contacts; companies and notes follow from it
    #[arg(long, value_name = "N", default_value_t = Plan::DEMO.contacts,
          value_parser = clap::value_parser!(u64).range(1..=Plan::MOST_CONTACTS))]
    contacts: u64,
    /// The seed: the same one gives the same bytes
    #[arg(long, value_name = "S", default_value_t = Plan::DEMO.seed)]
    seed: u64,
    /// The folder to write into; files of the same names are replaced
    #[arg(long, value_name = "DIR", default_value = "fixtures/generated")]
    out: PathBuf,
}

/// Writes the files and prints how much was written, as JSON.
///
/// # Errors
/// [`Error::Fixtures`] names the file that could not be written.
pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Error> {
    let plan = Plan { seed: arguments.seed, contacts: arguments.contacts };
    if plan.contacts >= 50_000 {
        output::note(&format!("Writing {} contacts to {}.", plan.contacts, arguments.out.display()));
    }
    let summary = lethe_fixtures::write(&plan, &arguments.out)?;
    output::line(&serde_json::to_string(&summary).map_err(std::io::Error::other)?)?;
    Ok(Outcome::Done)
}
