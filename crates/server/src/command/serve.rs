//! `lethe serve`.

use std::net::SocketAddr;
use std::time::Duration;

use lethe_api::Background;
use tokio::net::TcpListener;

use crate::config::Config;
use crate::data_dir::{DataDir, ServeLock};
use crate::database::{Database, Running, Using};
use crate::error::{Error, Outcome};
use crate::http::{self, Limits, Sockets};
use crate::signal::Stop;
use crate::trace::Traces;
use crate::{demo, graphql, output, schedule};

/// How long connections to PostgreSQL may take to close.
const CLOSE: Duration = Duration::from_secs(5);

/// Serves until a signal comes, then finishes what was accepted and stops PostgreSQL.
///
/// # Errors
/// [`Error`] says what prevents the start.
pub(crate) async fn run(config: &Config, traces: Option<Traces>) -> Result<Outcome, Error> {
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
    let (stopped, ()) = tokio::join!(database.stop(), async {
        if let Some(traces) = traces {
            traces.end(CLOSE).await;
        }
    });
    drop(lock);
    stopped.and(served)
}

async fn serve(
    config: &Config,
    folder: &DataDir,
    database: &Database,
    listener: TcpListener,
    stop: Stop,
) -> Result<Outcome, Error> {
    let (pool, running) = tokio::select! {
        started = start(config, folder, database) => started?,
        () = stop.clone().requested() => return Ok(Outcome::Done),
    };
    if config.database_url.is_none() {
        tokio::select! {
            loaded = demo::load(&running.ledger, folder) => loaded?,
            () = stop.clone().requested() => return Ok(Outcome::Done),
        }
    }
    let address = listener.local_addr().map_err(Error::Serve)?;
    for line in banner(address, folder, database) {
        output::line(&line)?;
    }
    let outcome = answer(config, running, listener, stop).await?;
    if tokio::time::timeout(CLOSE, pool.close()).await.is_err() {
        tracing::warn!("connections to PostgreSQL did not close in time");
    }
    Ok(outcome)
}

/// Answers requests; after the signal, only those that were accepted, and no longer than the grace.
async fn answer(
    config: &Config,
    running: Running,
    listener: TcpListener,
    stop: Stop,
) -> Result<Outcome, Error> {
    let background = Background::default();
    for mirror in running.ledger.parts().vault.mirrors().iter().cloned() {
        background.spawn(schedule::feed_mirror(running.ledger.clone(), mirror), drop);
    }
    background.spawn(schedule::sweep_daily(running.ledger.clone(), config.clone()), drop);
    background.spawn(schedule::rotate_daily(running.ledger.clone(), config.clone()), drop);
    background.spawn(running.notary.clone().run(config.witnesses.0.clone()), drop);
    let schema = graphql::schema(&running, config, background.clone());
    let limits = Limits::of(config);
    let sockets = Sockets::new(limits.sockets);
    let router = http::router(schema, running, limits, sockets.clone(), stop.clone())?;
    let open = http::accept(listener, router, limits, stop).await;
    output::note("Stopping: finishing the requests that were accepted.");
    let finished = async {
        background.stop().await;
        // In this order: a connection that ends may leave a web socket behind.
        open.wait().await;
        sockets.closed().await;
    };
    if tokio::time::timeout(Duration::from_secs(config.shutdown_seconds.get()), finished).await.is_ok() {
        return Ok(Outcome::Done);
    }
    tracing::warn!("some requests were not finished in time and are given up; what was answered is safe");
    Ok(Outcome::Findings)
}

async fn start(
    config: &Config,
    folder: &DataDir,
    database: &Database,
) -> Result<(sqlx::PgPool, Running), Error> {
    let pool = database.connect(config).await?;
    let running = Running::start(config, pool.clone(), folder).await?;
    Ok((pool, running))
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
