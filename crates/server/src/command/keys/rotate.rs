//! `lethe keys rotate`.

use clap::Args;
use lethe_ledger::Ledger;
use lethe_privacy::rotation::{Step, rotate};
use serde_json::json;

use crate::config::Config;
use crate::data_dir::DataDir;
use crate::database::{Database, Running, Using};
use crate::error::{Error, Outcome};
use crate::output;

/// The flags of `lethe keys rotate`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Tell what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// Rotates the root key while servers run, or tells what that would do.
///
/// # Errors
/// [`Error::Rotation`]; the rotation then stands where it is, and the next one takes it up there.
pub(crate) async fn run(config: &Config, arguments: &Arguments) -> Result<Outcome, Error> {
    let folder = DataDir::for_database(config)?;
    let database = Database::start(config, &folder, Using::Sharing).await?;
    let done = with_database(config, &folder, &database, arguments).await;
    database.stop().await?;
    done
}

async fn with_database(
    config: &Config,
    folder: &DataDir,
    database: &Database,
    arguments: &Arguments,
) -> Result<Outcome, Error> {
    let pool = database.connect(config).await?;
    let ledger = Running::ledger(config, pool.clone(), folder).await?;
    let told = if arguments.dry_run { plan(&ledger, arguments).await } else { go(&ledger, arguments).await };
    pool.close().await;
    output::line(&told?)?;
    Ok(Outcome::Done)
}

async fn plan(ledger: &Ledger, arguments: &Arguments) -> Result<String, Error> {
    let vault = &ledger.parts().vault;
    let (work, under_way) = (vault.rotation_work().await?, vault.rotation().await?);
    let step = under_way.map(|rotation| rotation.step);
    if arguments.json {
        let (tombstones, buckets, keys) = (work.tombstones, work.buckets, work.keys);
        return Ok(json!({ "tombstones": tombstones, "buckets": buckets, "keys": keys, "underWay": step })
            .to_string());
    }
    let began =
        step.map(|step| format!(" A rotation is under way and stands at: {step}.")).unwrap_or_default();
    Ok(format!(
        "{} erased keys would become final; {} buckets would get another key, and {} keys be wrapped anew.{began}",
        work.tombstones, work.buckets, work.keys
    ))
}

async fn go(ledger: &Ledger, arguments: &Arguments) -> Result<String, Error> {
    let rotated = rotate(ledger, &|step| output::note(&told(step))).await?;
    let (old, new, work) = (rotated.old_epoch, rotated.new_epoch, rotated.work);
    Ok(if arguments.json {
        json!({ "oldEpoch": old, "newEpoch": new, "tombstones": work.tombstones, "buckets": work.buckets,
            "keys": work.keys })
        .to_string()
    } else {
        format!(
            "The root of epoch {old} is destroyed, everything hangs from that of epoch {new}. {} erased keys became final; \
             {} keys were wrapped anew, and {} buckets got another key.",
            work.tombstones, work.keys, work.buckets
        )
    })
}

fn told(step: Step) -> String {
    let told = match step {
        Step::Begun(covers) => {
            return format!("Begun: what was erased up to position {covers} becomes final.");
        }
        Step::Prepared => "Prepared: every custodian keeps the new root.",
        Step::Switched(_) => "Switched: everything hangs from the new root.",
        Step::Exported => "Exported: every mirror has the keys under the new root.",
        Step::Destroyed => "Destroyed: no custodian keeps the old root.",
    };
    told.to_owned()
}
