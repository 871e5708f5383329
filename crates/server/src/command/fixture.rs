//! `lethe fixture`.

mod load;

use std::path::PathBuf;

use clap::Args;
use lethe_fixtures::Plan;

use crate::config::Config;
use crate::error::{Error, Outcome};
use crate::output;

/// The flags of `lethe fixture`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "With --load, no files are written: the installation of the data folder, or of DATABASE_URL, is filled. \
Its server must not run, and it must hold no contact that this command did not load. The events are appended first, in units of \
work of sixty contacts, then they are signed, then the views are built.

It may be cut off at any time: the same command goes on where it stopped. The same seed and number of notes with more contacts adds \
those that are missing."
)]
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
    /// Fill the installation instead of writing files
    #[arg(long, conflicts_with = "out")]
    load: bool,
    /// How many notes each contact gets
    #[arg(long, value_name = "N", default_value_t = 3, requires = "load",
          value_parser = clap::value_parser!(u64).range(0..=20))]
    notes: u64,
}

/// Writes the files, or fills the installation, and prints how much that was, as JSON.
///
/// # Errors
/// [`Error::Fixtures`] names the file that could not be written; with `--load` as the commands that write.
pub(crate) async fn run(config: &Config, arguments: &Arguments) -> Result<Outcome, Error> {
    let plan = Plan { seed: arguments.seed, contacts: arguments.contacts };
    if arguments.load {
        return load::run(config, plan, arguments.notes).await;
    }
    if plan.contacts >= 50_000 {
        output::note(&format!("Writing {} contacts to {}.", plan.contacts, arguments.out.display()));
    }
    let summary = lethe_fixtures::write(&plan, &arguments.out)?;
    output::line(&serde_json::to_string(&summary).map_err(std::io::Error::other)?)?;
    Ok(Outcome::Done)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use crate::cli::Cli;

    #[test]
    fn numbers_out_of_range_are_refused() {
        for (flag, value) in
            [("--contacts", "0"), ("--contacts", "-1"), ("--contacts", "10000000"), ("--notes", "21")]
        {
            let flag = format!("{flag}={value}");
            let error = Cli::try_parse_from(["lethe", "fixture", "--load", &flag]).unwrap_err().to_string();
            assert!(error.contains(" is not in ") || error.contains("invalid digit"), "{error}");
        }
    }

    #[test]
    fn files_are_written_or_an_installation_is_filled_not_both() {
        assert!(Cli::try_parse_from(["lethe", "fixture", "--load", "--out", "x"]).is_err());
        assert!(Cli::try_parse_from(["lethe", "fixture", "--notes", "1"]).is_err());
        assert!(
            Cli::try_parse_from(["lethe", "fixture", "--load", "--contacts", "1", "--notes", "0"]).is_ok()
        );
    }
}
