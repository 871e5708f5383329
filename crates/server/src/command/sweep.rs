//! `lethe sweep`.

use clap::Args;
use lethe_crm::import::forget_old;
use lethe_privacy::retention::SweepReport;
use serde::Serialize;

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

/// What was done.
#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    items: SweepReport,
    /// How many imports are not recognised by their files any more.
    forgotten: u64,
}

/// Expires every item that is due, forgets the files of old imports, and prints how many there were.
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
        let Report { items: SweepReport { due, on, refused, .. }, forgotten } = report;
        format!(
            "{due} items were due on {on}; {refused} of them were refused. {forgotten} imports are not recognised by \
             their files any more."
        )
    })?;
    Ok(if report.items.refused == 0 { Outcome::Done } else { Outcome::Findings })
}

async fn sweep(config: &Config, folder: &DataDir, database: &Database) -> Result<Report, Error> {
    let pool = database.connect(config).await?;
    let running = Running::start(config, pool.clone(), folder).await?;
    running.caught_up().await?;
    let items = lethe_privacy::retention::sweep(&running.ledger, |done| {
        if done % 1000 == 0 {
            output::note(&format!("{done} items done."));
        }
    })
    .await;
    let aged = forget_old(&running.ledger, config.import_recognised_days.get()).await;
    pool.close().await;
    let (mut items, aged) = (items?, aged?);
    items.position = items.position.max(aged.position);
    Ok(Report { items, forgotten: aged.forgotten })
}
