//! `lethe audit verify`.

mod bundle;
mod proof;

use std::path::PathBuf;

use clap::Args;
use lethe_tlog::note::VerifierKey;
use serde_json::{Value, json};

use crate::error::{Error, Outcome};
use crate::output;

/// The flags of `lethe audit verify`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "It reads the bundle and nothing else: no database, no data folder, no keys. Sealed values stay \
sealed. It ends at the first thing that is wrong and names its position.

Without --key it is proven that nothing was altered since it was signed, but not by whom: anybody can make a key of \
that name. Take the key from the installation (`lethe keys status`, or what it has published), not from the bundle."
)]
pub(crate) struct Arguments {
    /// The folder of a bundle that `lethe audit export` wrote, or a .tlog-proof file
    path: PathBuf,
    /// The verifier key of the log that the installation publishes; `lethe audit export` prints it there
    #[arg(long, value_name = "VERIFIER_KEY")]
    key: Option<VerifierKey>,
    /// The log it must be of: the first line of its checkpoints
    #[arg(long, value_name = "ORIGIN")]
    origin: Option<String>,
    /// The verifier key of a witness that must have cosigned the checkpoint; may be repeated
    #[arg(long = "witness", value_name = "VERIFIER_KEY")]
    witnesses: Vec<VerifierKey>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What was found.
struct Finding {
    good: bool,
    /// For people: what comes from the file is [shown](output::shown).
    text: String,
    json: Value,
}

/// Verifies, and says what was checked or what is wrong.
///
/// # Errors
/// [`Error::File`] when nothing is there or it is neither a folder nor a file, [`Error::Output`].
pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Error> {
    let kind = std::fs::metadata(&arguments.path).map_err(Error::file("read", &arguments.path))?;
    let finding = if kind.is_dir() { bundle::verify(arguments) } else { proof::verify(arguments)? };
    output::line(&if arguments.json { output::json(&finding.json) } else { finding.text })?;
    Ok(if finding.good { Outcome::Done } else { Outcome::Findings })
}

impl Arguments {
    /// What is proven about who signed it.
    fn signed_by(&self, key: &VerifierKey) -> String {
        if self.key.is_some() {
            return "It is signed by the key you gave.".to_owned();
        }
        format!(
            "Who signed it is not proven yet: anybody can make a key of that name. Compare the key with the one that \
             the installation publishes, or give that one with --key.\n\n{}",
            output::shown(&key.to_string())
        )
    }
}

/// A line for each witness that has cosigned.
fn witnessed(witnesses: &[(String, u64)]) -> String {
    let line =
        |(name, at): &(String, u64)| format!("\nwitnessed by  {} at {}", output::shown(name), time(*at));
    witnesses.iter().map(line).collect::<Vec<_>>().concat()
}

/// The same for programs.
fn witnesses_json(witnesses: &[(String, u64)]) -> Vec<Value> {
    witnesses.iter().map(|(name, at)| json!({ "name": name, "time": at })).collect()
}

/// A time in seconds since 1970, for people.
fn time(seconds: u64) -> String {
    i64::try_from(seconds)
        .ok()
        .and_then(|seconds| chrono::DateTime::from_timestamp(seconds, 0))
        .map_or_else(|| seconds.to_string(), |time| time.to_string())
}
