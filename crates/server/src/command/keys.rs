//! `lethe keys`: the root key and what hangs from it.

mod adopt;
mod audit_disk;
mod export;
mod retire;
mod rotate;
mod status;
mod verify;

use clap::Subcommand;
use sqlx::PgPool;

use crate::config::Config;
use crate::data_dir::DataDir;
use crate::database::{Database, Using};
use crate::error::{Error, Outcome};

/// What can be done with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Replace the root key, so that what was erased before is final; finishes a rotation that was cut off
    Rotate(rotate::Arguments),
    /// Tell how the keys stand: epoch, custodians, mirrors, and whether a rotation is under way
    Status(status::Arguments),
    /// Write a full export of the wrapped keys now, to every mirror or to a folder
    Export(export::Arguments),
    /// Read every key, what events tell of keys, every custodian and every mirror; exit code 1 with findings
    Verify(verify::Arguments),
    /// Accept that the database was moved, upgraded or promoted, and have new custodians keep the root
    Adopt(adopt::Arguments),
    /// Try what hangs from the present root on files, and name what opens and belongs to nobody living; exit code 1 with findings
    AuditDisk(audit_disk::Arguments),
    /// Empty a custodian that was taken out of the settings; until then no erasure becomes final
    Retire(retire::Arguments),
}

/// Runs one of them.
///
/// # Errors
/// [`Error`] says what prevented it.
pub(crate) async fn run(config: &Config, keys: &Keys) -> Result<Outcome, Error> {
    match keys {
        Keys::Rotate(arguments) => rotate::run(config, arguments).await,
        Keys::Status(arguments) => status::run(config, arguments).await,
        Keys::Export(arguments) => export::run(config, arguments).await,
        Keys::Verify(arguments) => verify::run(config, arguments).await,
        Keys::Adopt(arguments) => adopt::run(config, arguments).await,
        Keys::AuditDisk(arguments) => audit_disk::run(config, arguments).await,
        Keys::Retire(arguments) => retire::run(config, arguments).await,
    }
}

/// Does something with the database, whose tables are brought up to date, and whose vault is not opened.
async fn with_pool<T>(
    config: &Config,
    work: impl AsyncFnOnce(PgPool, &DataDir) -> Result<T, Error>,
) -> Result<T, Error> {
    let folder = DataDir::for_database(config)?;
    let database = Database::start(config, &folder, Using::Sharing).await?;
    let done = async {
        let pool = database.connect(config).await?;
        lethe_ledger::migrate(&pool).await?;
        let done = work(pool.clone(), &folder).await;
        pool.close().await;
        done
    }
    .await;
    database.stop().await?;
    done
}
