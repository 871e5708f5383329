//! `lethe keys retire`.

use clap::Args;
use lethe_vault::{Retired, retire};
use serde_json::json;

use super::with_pool;
use crate::config::Config;
use crate::error::{Error, Outcome};
use crate::output;

/// The flags of `lethe keys retire`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The custodian, as `lethe keys status` names it
    custodian: String,
    /// Take it to be gone for good, with all copies of it, instead of emptying it
    #[arg(long)]
    gone: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Empties a custodian that was taken out of the settings, so that what it kept holds no erasure up.
///
/// # Errors
/// [`Error::Vault`]; it may then still hold a root.
pub(crate) async fn run(config: &Config, arguments: &Arguments) -> Result<Outcome, Error> {
    let name = &arguments.custodian;
    let retired = with_pool(config, async |pool, folder| {
        Ok(retire(&pool, &config.custody(folder.path()), name, arguments.gone).await?)
    })
    .await?;
    output::line(&match (&retired, arguments.json) {
        (Retired::Emptied(epochs), true) => json!({ "custodian": name, "destroyed": epochs }).to_string(),
        (Retired::Gone, true) => json!({ "custodian": name, "gone": true }).to_string(),
        (Retired::Emptied(epochs), false) if epochs.is_empty() => format!("{name} holds no root."),
        (Retired::Emptied(epochs), false) => {
            let epochs: Vec<String> = epochs.iter().map(ToString::to_string).collect();
            format!("{name} held the root of epoch {}; it is destroyed there.", epochs.join(" and "))
        }
        (Retired::Gone, false) => {
            format!("{name} is taken to be gone. If it turns up, destroy it: it opens old copies.")
        }
    })?;
    Ok(Outcome::Done)
}
