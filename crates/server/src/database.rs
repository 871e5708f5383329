//! The database: the one configured, or the embedded one.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lethe_access::Directory;
use lethe_kernel::Clock;
use lethe_ledger::{Ledger, LedgerError, Views};
use lethe_local_postgres::{LocalPostgres, Settings};
use lethe_notary::Notary;
use lethe_privacy::erasure::{FinishErasures, TellOfErasures};
use lethe_vault::Vault;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgPool};

use crate::config::Config;
use crate::data_dir::DataDir;
use crate::error::Error;
use crate::{graphql, log, output};

/// How long a view may stand still before that is an error.
const CATCH_UP: Duration = Duration::from_secs(10);

/// How long connections may take to close before PostgreSQL is stopped.
const CLOSE: Duration = Duration::from_secs(5);

/// Whether a command owns the embedded PostgreSQL or uses the one that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Using {
    /// `serve`: starts and supervises it.
    Owning,
    /// Every other command: uses the running one, or starts it for its duration.
    Sharing,
}

/// A PostgreSQL that answers.
pub(crate) struct Database {
    pub(crate) options: PgConnectOptions,
    local: Option<LocalPostgres>,
    /// What was connected, and is closed before PostgreSQL stops.
    pools: Mutex<Vec<PgPool>>,
}

impl Database {
    /// Makes sure that PostgreSQL runs.
    ///
    /// # Errors
    /// [`Error::Postgres`] says what prevents it.
    pub(crate) async fn start(config: &Config, folder: &DataDir, using: Using) -> Result<Self, Error> {
        if let Some(url) = &config.database_url {
            return Ok(Self { options: quiet(url.0.clone()), local: None, pools: Mutex::default() });
        }
        let mut settings = Settings::new(folder.path());
        settings.bin_dir.clone_from(&config.pg_bin);
        settings.offline = config.offline;
        let local = match using {
            Using::Owning => lethe_local_postgres::start(settings, output::progress()).await?,
            Using::Sharing => lethe_local_postgres::attach_or_start(settings, output::progress()).await?,
        };
        let connection = local.connection();
        let options = PgConnectOptions::new_without_pgpass()
            .socket(&connection.socket_dir)
            .port(connection.port)
            .username(&connection.user)
            .database("postgres");
        Ok(Self { options: quiet(options), local: Some(local), pools: Mutex::default() })
    }

    /// Connects; a server that is just starting is waited for some seconds.
    ///
    /// # Errors
    /// [`Error::Unreachable`], [`Error::LogsParameters`], [`Error::Ledger`].
    pub(crate) async fn connect(&self, config: &Config) -> Result<PgPool, Error> {
        let connecting = lethe_ledger::connect(self.options.clone(), config.database_connections.get());
        let connected = output::aloud("Waiting for PostgreSQL to answer.", connecting).await;
        let pool = connected.map_err(|error| match error {
            LedgerError::Database(error) => Error::Unreachable(reason(&error)),
            error => error.into(),
        })?;
        // Its own PostgreSQL is set up not to; then a role or a database was changed by hand.
        if self.local.is_some() {
            let logging = lethe_ledger::logging_of_parameters(&pool).await.map_err(LedgerError::from)?;
            if !logging.is_empty() {
                pool.close().await;
                return Err(Error::LogsParameters(logging.join(", ")));
            }
        }
        self.pools.lock().unwrap_or_else(PoisonError::into_inner).push(pool.clone());
        Ok(pool)
    }

    /// The embedded server, if it is that.
    pub(crate) fn local(&self) -> Option<&LocalPostgres> {
        self.local.as_ref()
    }

    /// Stops an embedded PostgreSQL that this process started.
    ///
    /// # Errors
    /// [`Error::Postgres`] when it does not stop in time.
    pub(crate) async fn stop(self) -> Result<(), Error> {
        let Some(local) = self.local else { return Ok(()) };
        log::parting();
        // Whatever a command came to: nobody is cut off who still asks something.
        let pools = self.pools.into_inner().unwrap_or_else(PoisonError::into_inner);
        for pool in pools {
            // One that does not close in time is cut off.
            drop(tokio::time::timeout(CLOSE, pool.close()).await);
        }
        Ok(local.stop().await?)
    }
}

/// Why PostgreSQL cannot be reached, as part of a sentence.
pub(crate) fn reason(error: &sqlx::Error) -> String {
    match error {
        // Refused connections are tried again until there is no time left.
        sqlx::Error::PoolTimedOut => "it does not answer".to_owned(),
        error => error.to_string(),
    }
}

/// Statements are not logged: their parameters are values.
fn quiet(options: PgConnectOptions) -> PgConnectOptions {
    options.disable_statement_logging()
}

/// Everything a command works with once the tables are up to date.
#[derive(Clone)]
pub(crate) struct Running {
    pub(crate) ledger: Ledger,
    pub(crate) views: Views,
    pub(crate) directory: Directory,
    pub(crate) notary: Notary,
}

impl Running {
    /// Brings the tables up to date, opens the vault, and starts ledger, views and directory.
    ///
    /// # Errors
    /// [`Error::Ledger`], [`Error::Vault`], [`Error::Notary`].
    pub(crate) async fn start(config: &Config, pool: PgPool, folder: &DataDir) -> Result<Self, Error> {
        let (ledger, notary) = Self::notarised(config, pool, folder).await?;
        let views = graphql::views()
            .reacting::<FinishErasures>(ledger.clone())
            .reacting::<TellOfErasures>(ledger.clone());
        let views = views.start(ledger.parts().clone()).await?;
        let directory = Directory::start(ledger.parts().clone()).await?;
        Ok(Self { ledger, views, directory, notary })
    }

    /// As [`Running::start`], without views.
    ///
    /// # Errors
    /// As [`Running::start`].
    pub(crate) async fn ledger(config: &Config, pool: PgPool, folder: &DataDir) -> Result<Ledger, Error> {
        Ok(Self::notarised(config, pool, folder).await?.0)
    }

    /// A ledger, and the notary, which looks at it before anything can be appended.
    ///
    /// # Errors
    /// As [`Running::start`].
    pub(crate) async fn notarised(
        config: &Config,
        pool: PgPool,
        folder: &DataDir,
    ) -> Result<(Ledger, Notary), Error> {
        lethe_ledger::migrate(&pool).await?;
        let mirrors = config.mirrors();
        lethe_vault::guard(&pool, &mirrors).await?;
        let vault = Vault::open(pool.clone(), &config.custody(folder.path())).await?.with_mirrors(mirrors);
        let ledger = Ledger::start(pool, vault, Clock::system()).await?;
        let notary = Notary::open(ledger.parts().clone(), config.places(folder.path())).await?;
        Ok((ledger, notary))
    }

    /// Waits until every view shows what the ledger holds now.
    ///
    /// # Errors
    /// [`Error::ViewsLag`] when a view does not move.
    pub(crate) async fn caught_up(&self) -> Result<(), Error> {
        let head = self.ledger.parts().head().await?;
        loop {
            let before = self.views.states();
            if self.views.reached(&self.views.names(), head, CATCH_UP).await? {
                return Ok(());
            }
            if self.views.states() == before {
                return Err(Error::ViewsLag);
            }
            output::note("Waiting for the views to catch up with the ledger.");
        }
    }
}
