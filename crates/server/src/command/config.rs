//! `lethe config`.

use clap::Args;

use crate::config::{Config, Entry};
use crate::error::{Error, Outcome};
use crate::output;

/// The flags of `lethe config`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Prints every setting, its value and where that came from. The password of the database is hidden.
///
/// # Errors
/// [`Error::Output`].
pub(crate) fn run(config: &Config, arguments: &Arguments) -> Result<Outcome, Error> {
    let entries = config.entries();
    if arguments.json {
        output::line(&serde_json::to_string_pretty(&entries).map_err(std::io::Error::other)?)?;
        return Ok(Outcome::Done);
    }
    for line in table(&entries) {
        output::line(&line)?;
    }
    Ok(Outcome::Done)
}

fn table(entries: &[Entry]) -> Vec<String> {
    let value =
        |entry: &Entry| if entry.value.is_empty() { "(none)".to_owned() } else { entry.value.clone() };
    let width = |of: fn(&Entry) -> usize| entries.iter().map(of).max().unwrap_or(0);
    let (key, text) =
        (width(|entry| entry.key.len()), entries.iter().map(|entry| value(entry).len()).max().unwrap_or(0));
    let variable = width(|entry| entry.variable.len());
    let line = |k: &str, v: &str, s: &str, e: &str, m: &str| {
        format!("{k:key$}  {v:text$}  {s:11}  {e:variable$}  {m}")
    };
    std::iter::once(line("SETTING", "VALUE", "FROM", "VARIABLE", "MEANING"))
        .chain(entries.iter().map(|entry| {
            line(entry.key, &value(entry), &entry.source.to_string(), entry.variable, entry.meaning)
        }))
        .collect()
}
