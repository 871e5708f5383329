//! `lethe serve`.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;

use crate::config::Config;
use crate::data_dir::{DataDir, ServeLock};
use crate::database::{Database, Running, Using};
use crate::error::{Error, Outcome};
use crate::http::{self, Limits};
use crate::signal::Stop;
use crate::{demo, graphql, output, schedule};

/// How long connections to PostgreSQL may take to close.
const CLOSE: Duration = Duration::from_secs(5);

/// Serves until a signal comes, then finishes what was accepted and stops PostgreSQL.
///
/// # Errors
/// [`Error`] says what prevents the start.
pub(crate) async fn run(config: &Config) -> Result<Outcome, Error> {
    let stop = Stop::on_signals()?;
    let folder = DataDir::prepare(&config.data_dir)?;
    let lock = ServeLock::take(&folder)?;
    // Before anything slow: a port that is taken is told at once.
    let address = config.listen.0;
    let listener = TcpListener::bind(address).await.map_err(|source| Error::Listen { address, source })?;
    let database = tokio::select! {
        database = Database::start(config, &folder, Using::Owning) => database?,
        () = stop.clone().requested() => return Ok(Outcome::Done),
    };
    let served = serve(config, &folder, &database, listener, stop).await;
    let stopped = database.stop().await;
    drop(lock);
    served.and(stopped).map(|()| Outcome::Done)
}

async fn serve(
    config: &Config,
    folder: &DataDir,
    database: &Database,
    listener: TcpListener,
    stop: Stop,
) -> Result<(), Error> {
    let (pool, running) = tokio::select! {
        started = start(config, folder, database) => started?,
        () = stop.clone().requested() => return Ok(()),
    };
    if config.database_url.is_none() {
        tokio::select! {
            loaded = demo::load(&running.ledger, folder) => loaded?,
            () = stop.clone().requested() => return Ok(()),
        }
    }
    tokio::spawn(schedule::sweep_daily(running.ledger.clone(), config.clone()));
    let schema = graphql::schema(&running, config);
    let router = http::router(schema, running, Limits::of(config), stop.clone())?;
    let address = listener.local_addr().map_err(Error::Serve)?;
    for line in banner(address, folder, database) {
        output::line(&line)?;
    }
    let grace = Duration::from_secs(config.shutdown_seconds.get());
    let served = until_stopped(listener, router, stop, grace).await;
    if tokio::time::timeout(CLOSE, pool.close()).await.is_err() {
        tracing::warn!("connections to PostgreSQL did not close in time");
    }
    served
}

async fn start(
    config: &Config,
    folder: &DataDir,
    database: &Database,
) -> Result<(sqlx::PgPool, Running), Error> {
    let pool = database.connect(config).await?;
    let running = Running::start(pool.clone(), folder).await?;
    Ok((pool, running))
}

/// Answers requests; after the signal, only those that were accepted, and no longer than the grace.
async fn until_stopped(
    listener: TcpListener,
    router: axum::Router,
    stop: Stop,
    grace: Duration,
) -> Result<(), Error> {
    let server = axum::serve(listener, router).with_graceful_shutdown(stop.clone().requested());
    let overdue = async {
        stop.requested().await;
        output::note("Stopping: finishing the requests that were accepted.");
        tokio::time::sleep(grace).await;
    };
    tokio::select! {
        // First, so that people are told before an idle server has stopped already.
        biased;
        () = overdue => {
            tracing::warn!("some requests were not finished in time");
            Ok(())
        }
        result = server.into_future() => result.map_err(Error::Serve),
    }
}

fn banner(address: SocketAddr, folder: &DataDir, database: &Database) -> Vec<String> {
    let kept = match database.local() {
        Some(local) if local.data_dir() != folder.path() => {
            format!("{} (PostgreSQL in {})", folder.path().display(), local.data_dir().display())
        }
        Some(_) => format!("{} (with a PostgreSQL of its own)", folder.path().display()),
        None => format!("{} (PostgreSQL from DATABASE_URL)", folder.path().display()),
    };
    vec![
        format!("GraphiQL   http://{address}/"),
        format!("GraphQL    http://{address}/graphql   subscriptions: ws://{address}/graphql/ws"),
        format!("Data       {kept}"),
        "Callers    not authenticated: X-Lethe-User, -Unit and -Role are believed, so it listens on loopback only"
            .to_owned(),
        "Stop       Ctrl-C, or SIGTERM".to_owned(),
    ]
}
