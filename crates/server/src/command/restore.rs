//! `lethe restore`. What comes before it, and after it, is in `docs/operations/backup.md`.

use std::path::PathBuf;

use clap::Args;
use lethe_kernel::Clock;
use lethe_privacy::restore::{Done, Mode, NotRestored, restore};
use lethe_vault::Vault;
use lethe_vault::mirror::Takeover;
use lethe_vault::restore::{Prepared, RestoreError, Source, check};
use serde_json::json;
use sqlx::{ConnectOptions, Connection, PgPool};

use crate::config::Config;
use crate::data_dir::{DataDir, ServeLock};
use crate::database::{Database, Using};
use crate::error::{Error, Outcome};
use crate::output;

/// The flags of `lethe restore`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The mirror: the folder that holds `vault-….export`
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// Do everything and take it back, and tell what would be restored
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// Restore; without this flag it is only tried, as with --dry-run
    #[arg(long)]
    yes: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Brings the vault back from a mirror while no server runs.
///
/// # Errors
/// [`Error::InUse`], [`Error::OthersConnected`], [`Error::Restore`]; nothing was changed then. [`Error::Unfinished`] if it was
/// restored, but a custodian or a mirror did not do its part.
pub(crate) async fn run(config: &Config, arguments: &Arguments) -> Result<Outcome, Error> {
    let folder = DataDir::for_database(config)?;
    let lock = ServeLock::take(&folder)?;
    let database = Database::start(config, &folder, Using::Owning).await?;
    let done = with_database(config, &folder, &database, arguments).await;
    database.stop().await?;
    drop(lock);
    let (source, done) = done?;
    output::line(&told(&source, &done, arguments))?;
    Ok(Outcome::Done)
}

async fn with_database(
    config: &Config,
    folder: &DataDir,
    database: &Database,
    arguments: &Arguments,
) -> Result<(Source, Done), Error> {
    alone(database).await?;
    let pool = database.connect(config).await?;
    lethe_ledger::migrate(&pool).await?;
    let done = from_mirror(config, folder, &pool, arguments).await;
    pool.close().await;
    done
}

/// Makes sure that no server uses the database, wherever it runs.
async fn alone(database: &Database) -> Result<(), Error> {
    let mut connection = database.options.clone().application_name("lethe restore").connect().await?;
    let others: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'lethe'",
    )
    .fetch_one(&mut connection)
    .await?;
    connection.close().await?;
    if others == 0 { Ok(()) } else { Err(Error::OthersConnected(others)) }
}

async fn from_mirror(
    config: &Config,
    folder: &DataDir,
    pool: &PgPool,
    arguments: &Arguments,
) -> Result<(Source, Done), Error> {
    let (custody, mirrors) = (config.custody(folder.path()), config.mirrors());
    output::note(&format!("Reading {}.", arguments.from.display()));
    let refused = |error: RestoreError| Error::Restore(NotRestored::Vault(error));
    let source = Source::read(&arguments.from).await.map_err(|error| refused(error.into()))?;
    check(pool, &custody, &mirrors, &source).await.map_err(refused)?;
    let prepared = Prepared::find(pool, &custody, &source).await?;
    let mode = if arguments.yes { Mode::Keep } else { Mode::Try };
    let done = restore(pool, &Clock::system(), &source, mode).await?;
    if mode == Mode::Keep {
        // What was restored must open, before anybody relies on it.
        Vault::open(pool.clone(), &custody).await?;
        prepared.destroy().await.map_err(Error::Unfinished)?;
        // A mirror that still has what was dropped here would bring it back.
        mirrors.export(pool, Takeover::Allow).await.map_err(|error| Error::Unfinished(error.into()))?;
    }
    Ok((source, done))
}

fn told(source: &Source, done: &Done, arguments: &Arguments) -> String {
    let (replaced, restored) = (&done.replaced, &done.restored);
    if arguments.json {
        return json!({
            "epoch": source.header.epoch,
            "change": source.change,
            "keys": replaced.keys,
            "tombstones": replaced.tombstones,
            "replayed": replaced.replayed,
            "buried": replaced.buried,
            "dropped": replaced.dropped,
            "reconciled": done.reconciled.len(),
            "oldOrigin": restored.old_origin,
            "oldSize": restored.old_size,
            "oldRoot": restored.old_root,
            "newOrigin": restored.new_origin,
            "done": arguments.yes,
        })
        .to_string();
    }
    let ending = if arguments.yes {
        "It is restored; start `lethe serve`, and run `lethe keys verify`."
    } else {
        "Nothing was changed. To restore: the same command with --yes."
    };
    format!(
        "{}: epoch {} up to change {}.\n{} keys, {} tombstones; {} destroyed keys were in the mirror and are gone, and so are {} \
         keys that this ledger does not name; {} erasures behind the end of the ledger are told in it again.\nThe ledger goes on behind position {} as {}.\n{ending}",
        source.folder.display(),
        source.header.epoch,
        source.change,
        replaced.keys,
        replaced.tombstones,
        replaced.replayed,
        replaced.dropped,
        done.reconciled.len(),
        restored.old_size,
        restored.new_origin,
    )
}
