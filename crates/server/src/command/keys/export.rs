//! `lethe keys export`.

use std::path::PathBuf;

use clap::Args;
use lethe_vault::Vault;
use lethe_vault::mirror::{Mirrors, Takeover};
use serde_json::json;

use super::with_pool;
use crate::config::Config;
use crate::error::{Error, Outcome};
use crate::output;

/// The flags of `lethe keys export`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The folder to write to, instead of the mirrors of the settings
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Writes a full export and reads it back, also while servers run. A mirror that was fed by the same installation on
/// another cluster is taken over.
///
/// # Errors
/// [`Error::NoMirror`], [`Error::Vault`].
pub(crate) async fn run(config: &Config, arguments: &Arguments) -> Result<Outcome, Error> {
    let mirrors = match &arguments.out {
        Some(folder) => Mirrors::new(std::slice::from_ref(folder)),
        None => config.mirrors(),
    };
    if mirrors.iter().next().is_none() {
        return Err(Error::NoMirror);
    }
    let status = with_pool(config, async |pool, folder| {
        // A copy that was not adopted exports nothing.
        Vault::open(pool.clone(), &config.custody(folder.path())).await?;
        mirrors.export(&pool, Takeover::Allow).await.map_err(lethe_vault::VaultError::from)?;
        Ok(mirrors.status(&pool).await)
    })
    .await?;
    if arguments.json {
        output::line(&json!({ "mirrors": status }).to_string())?;
        return Ok(Outcome::Done);
    }
    for mirror in status {
        let (epoch, change) = (mirror.epoch.unwrap_or_default(), mirror.change.unwrap_or_default());
        output::line(&format!("{}: epoch {epoch} up to change {change}, read back.", mirror.path.display()))?;
    }
    Ok(Outcome::Done)
}
