//! `lethe doctor`.

use clap::Args;

use crate::config::Config;
use crate::doctor::{self, Finding, Level};
use crate::error::{Error, Outcome};
use crate::output;

/// The flags of `lethe doctor`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Checks everything, and prints every finding with what to do.
///
/// # Errors
/// [`Error::Output`].
pub(crate) async fn run(config: &Config, arguments: &Arguments) -> Result<Outcome, Error> {
    let findings = output::aloud("Checking. A large ledger takes a while.", doctor::examine(config)).await;
    if arguments.json {
        output::line(&serde_json::to_string_pretty(&findings).map_err(std::io::Error::other)?)?;
    } else {
        for line in lines(&findings) {
            output::line(&line)?;
        }
    }
    let any = findings.iter().any(|finding| finding.level.is_finding());
    Ok(if any { Outcome::Findings } else { Outcome::Done })
}

fn lines(findings: &[Finding]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for finding in findings {
        lines.push(format!("{:8} {}: {}", finding.level.name(), finding.check, finding.message));
        lines.extend(finding.advice.iter().map(|advice| format!("         → {advice}")));
    }
    let count = |level: Level| findings.iter().filter(|finding| finding.level == level).count();
    lines.push(format!(
        "{} checks, {} warnings, {} problems.",
        findings.len(),
        count(Level::Warning),
        count(Level::Problem)
    ));
    lines
}
