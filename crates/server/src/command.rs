//! The commands, one file each.

mod administrator;
mod audit;
mod certificate;
mod config;
mod doctor;
mod fixture;
mod import;
mod keys;
mod mail;
mod rebuild;
mod replay;
mod restore;
mod schema;
mod serve;
mod sweep;
mod token;

use clap::Subcommand;

pub(crate) use audit::WitnessError;

use crate::cli::Cli;
use crate::config::{Config, Layers};
use crate::data_dir::DataDir;
use crate::database::{Database, Running, Using};
use crate::error::{Error, Outcome};
use crate::log;
use crate::trace::Traces;

/// What `lethe` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the GraphQL API until a signal stops it (the default)
    Serve,
    /// Import contacts or companies from a CSV or XLSX file
    Import(import::Arguments),
    /// Register the first unit and its administrator, whom the issuer's tokens name
    Administrator(administrator::Arguments),
    /// Sign a token with the data folder's key, for trying out; also while a server runs
    Token(token::Arguments),
    /// Expire what is due
    Sweep(sweep::Arguments),
    /// Write events of the ledger to stdout, as JSON lines; sealed values stay sealed
    Replay(replay::Arguments),
    /// Build read models anew from the ledger, without stopping servers; exit code 1 if rows were not as before
    Rebuild(rebuild::Arguments),
    /// Rotate the root key, and look after what hangs from it
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Look at outgoing mail, and read what was kept because there is no mail server
    #[command(subcommand)]
    Mail(mail::Mail),
    /// After an event backup was restored: bring the vault back from a mirror, without the keys that were destroyed
    Restore(restore::Arguments),
    /// Verify what the transparency log proves, without trusting the server
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Verify a certificate of erasure, or write one
    #[command(subcommand)]
    Certificate(certificate::Certificate),
    /// Print the GraphQL schema
    Schema(schema::Arguments),
    /// Write invented units, companies, contacts and notes, of any number, from a seed, or fill an installation with them
    Fixture(fixture::Arguments),
    /// Print every setting in force and where it came from
    Config(config::Arguments),
    /// Check the environment, the data folder, the database and the views
    Doctor(doctor::Arguments),
}

/// Runs the command that was given.
///
/// # Errors
/// [`Error`] says what prevented it.
pub(crate) async fn run(cli: Cli) -> Result<Outcome, Error> {
    let layers = Layers::read(cli.settings.layer(), cli.settings.config.as_deref())?;
    let config = Config::resolve(&layers)?;
    let command = cli.command.unwrap_or(Command::Serve);
    let traces = match command {
        Command::Serve => Traces::start(&config)?,
        _ => None,
    };
    log::start(&config, traces.as_ref());
    match command {
        Command::Serve => serve::run(&config, traces).await,
        Command::Import(arguments) => import::run(&config, &arguments).await,
        Command::Administrator(arguments) => administrator::run(&config, &arguments).await,
        Command::Token(arguments) => token::run(&config, &arguments),
        Command::Sweep(arguments) => sweep::run(&config, &arguments).await,
        Command::Replay(arguments) => replay::run(&config, &arguments).await,
        Command::Rebuild(arguments) => rebuild::run(&config, &arguments).await,
        Command::Keys(arguments) => keys::run(&config, &arguments).await,
        Command::Mail(mail) => mail::run(&config, &mail).await,
        Command::Restore(arguments) => restore::run(&config, &arguments).await,
        Command::Audit(arguments) => audit::run(&config, &arguments).await,
        Command::Certificate(arguments) => certificate::run(&config, &arguments).await,
        Command::Schema(arguments) => schema::run(&arguments),
        Command::Fixture(arguments) => fixture::run(&config, &arguments).await,
        Command::Config(arguments) => config::run(&config, &arguments),
        Command::Doctor(arguments) => doctor::run(&config, &arguments).await,
    }
}

/// Does something with the ledger and its views, which have caught up.
async fn with_running<T>(
    config: &Config,
    work: impl AsyncFnOnce(&Running, &DataDir) -> Result<T, Error>,
) -> Result<T, Error> {
    let folder = DataDir::for_database(config)?;
    let database = Database::start(config, &folder, Using::Sharing).await?;
    let done = async {
        let pool = database.connect(config).await?;
        let running = Running::start(config, pool.clone(), &folder).await?;
        running.caught_up().await?;
        let done = work(&running, &folder).await;
        pool.close().await;
        done
    }
    .await;
    database.stop().await?;
    done
}
