//! `lethe audit export`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use lethe_ledger::Parts;
use lethe_notary::{Exported, Notary, NotaryError};
use lethe_tlog::bundle::Selection;
use serde_json::json;
use uuid::Uuid;

use crate::config::Config;
use crate::data_dir::DataDir;
use crate::database::{Database, Running, Using};
use crate::error::{Error, Outcome};
use crate::output;

/// How long it is waited for the newest events to be signed.
const PATIENCE: Duration = Duration::from_mins(10);
/// How many events are written from one line of progress to the next.
const STEP: u64 = 100_000;

/// The flags of `lethe audit export`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "The bundle is complete once manifest.json is there, which is written last. `lethe audit verify` verifies \
it on any machine, without database and keys; sealed values stay sealed. Whether nothing is missing can be verified of \
whole bundles and of ranges, not of selections by unit or contact."
)]
pub(crate) struct Arguments {
    /// The folder to write the bundle into: a new or an empty one
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The first position
    #[arg(long, value_name = "POSITION", value_parser = clap::value_parser!(u64).range(1..))]
    from: Option<u64>,
    /// The last position
    #[arg(long, value_name = "POSITION", value_parser = clap::value_parser!(u64).range(1..))]
    until: Option<u64>,
    /// Only the events of one unit: its id in the API, or its plain UUID
    #[arg(long, value_name = "ID", value_parser = lethe_api::unit_id, conflicts_with_all = ["from", "until", "contact"])]
    unit: Option<Uuid>,
    /// Only the events about one contact: its id in the API, or its plain UUID
    #[arg(long, value_name = "ID", value_parser = lethe_api::contact_id, conflicts_with_all = ["from", "until"])]
    contact: Option<lethe_kernel::ContactId>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Writes the bundle while servers run, or signs what no server has signed yet.
///
/// # Errors
/// [`Error::Notary`], [`Error::Ledger`].
pub(crate) async fn run(config: &Config, arguments: &Arguments) -> Result<Outcome, Error> {
    let folder = DataDir::for_database(config)?;
    let database = Database::start(config, &folder, Using::Sharing).await?;
    let pool = database.connect(config).await?;
    let exported = async {
        let (ledger, notary) = Running::notarised(config, pool.clone(), &folder).await?;
        let exported = export(ledger.parts(), &notary, arguments).await?;
        Ok::<_, Error>((exported, notary.verifier()))
    }
    .await;
    pool.close().await;
    database.stop().await?;
    let (exported, key) = exported?;
    output::line(&told(arguments, &exported, &key))?;
    Ok(Outcome::Done)
}

async fn export(parts: &Parts, notary: &Notary, arguments: &Arguments) -> Result<Exported, Error> {
    let head = parts.head().await?;
    let wanted = arguments.until.map_or(head, |until| i64::try_from(until).unwrap_or(i64::MAX).min(head));
    let caught_up = notary.catch_up(wanted, PATIENCE);
    match output::aloud("Waiting for the newest events to be signed.", caught_up).await {
        // What was signed before goes out all the same: the bundle is how others find out.
        Err(NotaryError::Fault(fault)) => output::note(&format!("warning: {fault}")),
        caught_up => caught_up?,
    }
    let progress = |events: u64| {
        if events.is_multiple_of(STEP) {
            output::note(&format!("{events} events are written."));
        }
    };
    Ok(notary.export(&arguments.out, selection(arguments, notary), &progress).await?)
}

fn selection(arguments: &Arguments, notary: &Notary) -> Selection {
    match (arguments.unit, arguments.contact, arguments.from, arguments.until) {
        (Some(id), ..) => Selection::Unit { id },
        (_, Some(contact), ..) => Selection::Contact { id: contact.0 },
        (_, _, None, None) => Selection::All,
        (_, _, from, until) => {
            Selection::Range { from: from.unwrap_or(1), until: until.unwrap_or(notary.state().size) }
        }
    }
}

fn told(arguments: &Arguments, exported: &Exported, key: &str) -> String {
    let path = arguments.out.display();
    if arguments.json {
        return json!({
            "folder": path.to_string(), "events": exported.events, "logSize": exported.size, "key": key,
        })
        .to_string();
    }
    format!(
        "{path}: {} events, under the signed checkpoint of {} events.\nTo verify it anywhere, with the key of this \
         installation:\n\nlethe audit verify {path} --key {key}",
        exported.events, exported.size
    )
}
