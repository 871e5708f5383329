//! `lethe keys verify`.

use clap::Args;
use lethe_vault::{Vault, Verified};

use super::with_pool;
use crate::config::Config;
use crate::error::{Error, Outcome};
use crate::output;

/// The flags of `lethe keys verify`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Reads everything that is stored of keys, also while servers run, and tells what is wrong.
///
/// # Errors
/// [`Error::Vault`] when it cannot be read.
pub(crate) async fn run(config: &Config, arguments: &Arguments) -> Result<Outcome, Error> {
    let verified = with_pool(config, async |pool, folder| {
        let vault = Vault::open_moved(pool, &config.custody(folder.path())).await?;
        Ok(vault.with_mirrors(config.mirrors()).verify().await?)
    })
    .await?;
    if arguments.json {
        output::line(&serde_json::to_string(&verified).map_err(std::io::Error::other)?)?;
    } else {
        for line in lines(&verified) {
            output::line(&line)?;
        }
    }
    Ok(if verified.findings.is_empty() { Outcome::Done } else { Outcome::Findings })
}

fn lines(verified: &Verified) -> Vec<String> {
    let mut lines = vec![
        format!("{} buckets open by the root, {} keys open by them.", verified.buckets, verified.keys),
        format!("{} keys were compared with the events that created them.", verified.created),
        format!("{} tombstones were compared with the events that destroyed keys.", verified.tombstones),
        format!("{} custodians hold the root, {} mirrors are whole.", verified.custodians, verified.mirrors),
    ];
    lines.extend(verified.findings.iter().map(|finding| format!("wrong: {finding}")));
    lines.push(match verified.findings.len() {
        0 => "Nothing is wrong.".to_owned(),
        number => format!("{number} findings."),
    });
    lines
}
