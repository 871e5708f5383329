//! `lethe keys adopt`.

use clap::Args;
use lethe_vault::mirror::Takeover;
use lethe_vault::{Adopted, Vault};
use serde_json::json;

use super::with_pool;
use crate::config::Config;
use crate::error::{Error, Outcome};
use crate::output;

/// The flags of `lethe keys adopt`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Do it; without this flag it is only told what would be done
    #[arg(long)]
    yes: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Accepts the cluster that the database is in now, after everything was looked at that could be newer.
///
/// # Errors
/// [`Error::Vault`]; nothing was changed then.
pub(crate) async fn run(config: &Config, arguments: &Arguments) -> Result<Outcome, Error> {
    let mirrors = config.mirrors();
    let adopted = with_pool(config, async |pool, folder| {
        let custody = config.custody(folder.path());
        let adopted = Vault::adopt(&pool, &custody, &mirrors, !arguments.yes).await?;
        if arguments.yes {
            // From now on this is the database that feeds them.
            mirrors.export(&pool, Takeover::Allow).await.map_err(lethe_vault::VaultError::from)?;
        }
        Ok(adopted)
    })
    .await?;
    output::line(&told(&adopted, arguments))?;
    Ok(Outcome::Done)
}

fn told(adopted: &Adopted, arguments: &Arguments) -> String {
    let place = |(system, timeline): (i64, i64)| format!("{system} on timeline {timeline}");
    if arguments.json {
        return json!({
            "from": place(adopted.from), "to": place(adopted.to), "vacant": adopted.vacant, "done": arguments.yes,
        })
        .to_string();
    }
    let moved = if adopted.from == adopted.to {
        "The database is where it was".to_owned()
    } else {
        format!("The database was in cluster {}, and is in {}", place(adopted.from), place(adopted.to))
    };
    let stored = match adopted.vacant.len() {
        0 => "every custodian holds the root".to_owned(),
        _ => format!("these custodians hold no root: {}", adopted.vacant.join(", ")),
    };
    let done = match (arguments.yes, adopted.from == adopted.to && adopted.vacant.is_empty()) {
        (_, true) => "There is nothing to adopt.",
        (true, false) => "It is adopted.",
        (false, false) => {
            "Nothing was changed. If the other database is gone for good, or the custodians are new: lethe keys adopt \
             --yes"
        }
    };
    format!("{moved}; {stored}. {done}")
}
