//! The read models: how far each has come, and whether each equals its rebuild.

use std::time::Duration;

use sqlx::PgPool;

use super::{Finding, mail, notary, reactions};
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::database::Running;
use crate::http::view_states;

const CHECK: &str = "views";
const REBUILT: &str = "views equal their rebuild";
/// How long views may take to catch up while the doctor waits.
const PATIENCE: Duration = Duration::from_secs(20);

/// Follows the ledger to its present end, and compares.
pub(super) async fn check(
    config: &Config,
    pool: &PgPool,
    folder: &DataDir,
) -> Result<Vec<Finding>, sqlx::Error> {
    let has_root: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM vault.root)").fetch_one(pool).await?;
    if !has_root {
        return Ok(vec![Finding::note("root key", "There is none yet; `lethe serve` creates it.")]);
    }
    Ok(match Running::start(config, pool.clone(), folder).await {
        Ok(running) => {
            let mut findings =
                compare(config, &running).await.unwrap_or_else(|error| vec![Finding::error(CHECK, &error)]);
            let log = notary::check(config, &running).await;
            findings.extend(log.unwrap_or_else(|error| vec![Finding::error("log", &error)]));
            findings
        }
        Err(error) => vec![Finding::error(CHECK, &error)],
    })
}

async fn compare(config: &Config, running: &Running) -> Result<Vec<Finding>, lethe_ledger::LedgerError> {
    let head = running.ledger.parts().head().await?;
    // Reactions too: what stands at the end of the ledger has nothing left to do.
    let names: Vec<&str> = running.views.states().iter().map(|(name, _)| *name).collect();
    running.views.reached(&names, head, PATIENCE).await?;
    let mut findings: Vec<Finding> = view_states(running, head)
        .into_iter()
        .map(|view| match view.reason {
            Some(reason) => {
                let message = format!("{} is {} at position {}: {reason}", view.name, view.state, view.position);
                let advice = "Mend what it says, or start a version of Lethe that knows this event; it goes on by itself.";
                Finding::problem(CHECK, message, advice)
            }
            None if view.lag > 0 => {
                let message = format!("{} is {} positions behind the ledger.", view.name, view.lag);
                Finding::warning(
                    CHECK,
                    message,
                    "Run the doctor again later; if it does not move, see the log.",
                )
            }
            None => Finding::ok(
                CHECK,
                format!("{} is at position {}, the ledger's end.", view.name, view.position),
            ),
        })
        .collect();
    findings.push(rebuilt(&running.views.differences().await?));
    let pool = &running.ledger.parts().pool;
    findings.extend(reactions::check(pool).await?);
    findings.extend(mail::check(config, pool).await?);
    Ok(findings)
}

fn rebuilt(different: &[(&'static str, uuid::Uuid)]) -> Finding {
    let Some((first, id)) = different.first() else {
        return Finding::ok(REBUILT, "Every row is what a fold of the whole ledger gives.");
    };
    Finding::problem(
        REBUILT,
        format!("{} rows differ from their rebuild, the first in {first} with id {id}.", different.len()),
        format!("Run `lethe rebuild {first}`; servers may run meanwhile."),
    )
}
