//! `lethe sweep`.

use clap::Args;

use crate::config::Config;
use crate::data_dir::DataDir;
use crate::database::{Database, Running, Using};
use crate::error::{Error, Outcome};
use crate::output;

/// The flags of `lethe sweep`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Do it now; without this flag nothing is done, since `lethe serve` sweeps every night by itself
    #[arg(long, required = true)]
    now: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// Expires every item that is due, and prints how many were.
///
/// # Errors
/// [`Error::Ledger`]; what was done before stays done.
pub(crate) async fn run(config: &Config, arguments: &Arguments) -> Result<Outcome, Error> {
    let folder = DataDir::for_database(config)?;
    let database = Database::start(config, &folder, Using::Sharing).await?;
    let swept = sweep(config, &folder, &database).await;
    database.stop().await?;
    let report = swept?;
    output::line(&if arguments.json {
        serde_json::to_string(&report).map_err(std::io::Error::other)?
    } else {
        format!("{} items were due on {}; {} of them were refused.", report.due, report.on, report.refused)
    })?;
    Ok(if report.refused == 0 { Outcome::Done } else { Outcome::Findings })
}

async fn sweep(
    config: &Config,
    folder: &DataDir,
    database: &Database,
) -> Result<lethe_privacy::retention::SweepReport, Error> {
    let pool = database.connect(config).await?;
    let running = Running::start(config, pool.clone(), folder).await?;
    running.caught_up().await?;
    let report = lethe_privacy::retention::sweep(&running.ledger, |done| {
        if done % 1000 == 0 {
            output::note(&format!("{done} items done."));
        }
    })
    .await;
    pool.close().await;
    Ok(report?)
}
