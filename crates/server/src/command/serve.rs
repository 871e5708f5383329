//! `lethe serve`.

use std::net::SocketAddr;
use std::time::Duration;

use lethe_access::Directory;
use lethe_api::Background;
use lethe_kernel::Clock;
use tokio::net::TcpListener;

use crate::config::Config;
use crate::data_dir::{DataDir, ServeLock};
use crate::database::{Database, Running, Using};
use crate::demo::CONSULTANT;
use crate::error::{Error, Outcome};
use crate::http::{self, Console, Endpoint, FirstUse, Gate, Limits, Members, Sockets};
use crate::mail::{self, Sending};
use crate::signal::Stop;
use crate::tokens::{Authentication, Signer};
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
    config.tokens()?;
    let folder = DataDir::prepare(&config.data_dir)?;
    let lock = ServeLock::take(&folder)?;
    // Before anything slow: a port that is taken is told at once.
    let address = config.listen.0;
    let listener = TcpListener::bind(address).await.map_err(|source| Error::listen(address, source))?;
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
    let authentication = Authentication::start(config, folder, Clock::system()).await?;
    let console = demo_tokens(&authentication, &running.directory).await?;
    let address = listener.local_addr().map_err(Error::Serve)?;
    for line in banner(address, folder, database, &authentication) {
        output::line(&line)?;
    }
    let Authentication { verifier, source, .. } = authentication;
    let first_use = FirstUse::new(&running, config.page(FirstUse::PAGE));
    let members = Members::Following(running.directory.clone());
    let gate = Gate::new(verifier, members, Clock::system(), source, Some(first_use));
    let sending = Sending::start(mail::sender(config, folder, &running.ledger)?);
    let outcome = answer(config, running, (gate, console, sending), listener, stop).await?;
    if tokio::time::timeout(CLOSE, pool.close()).await.is_err() {
        tracing::warn!("connections to PostgreSQL did not close in time");
    }
    Ok(outcome)
}

/// Answers requests; after the signal, only those that were accepted, and no longer than the grace.
async fn answer(
    config: &Config,
    running: Running,
    (gate, console, sending): (Gate, Console, Sending),
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
    let graph = graphql::graph(&running, config, background.clone());
    let limits = Limits::of(config);
    let sockets = Sockets::new(limits.sockets);
    let endpoint = Endpoint { executor: graph, gate, limits, sockets: sockets.clone(), stop: stop.clone() };
    let router = http::router(endpoint, running, console)?;
    let open = http::accept(listener, router, limits, stop).await;
    output::note("Stopping: finishing the requests that were accepted.");
    let finished = async {
        tokio::join!(background.stop(), sending.end());
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

/// What signs tokens of the demo data's users, where this installation signs tokens and those users work here. They are
/// told, and the console gets one.
async fn demo_tokens(authentication: &Authentication, directory: &Directory) -> Result<Console, Error> {
    let here = directory.fresh().await?.user(CONSULTANT.user).is_some_and(|member| !member.off_boarded);
    let signer = authentication.signer.clone().filter(|_| here);
    for line in signer.iter().map(Signer::told).collect::<Result<Vec<_>, _>>()?.concat() {
        output::note(&line);
    }
    Ok(Console::with(signer, authentication.source.clone()))
}

fn banner(
    address: SocketAddr,
    folder: &DataDir,
    database: &Database,
    authentication: &Authentication,
) -> Vec<String> {
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
        match authentication.signer {
            Some(_) => "Tokens     signed by this installation: lethe token --help".to_owned(),
            None => format!("Tokens     {}", authentication.source),
        },
        "Stop       Ctrl-C, or SIGTERM".to_owned(),
    ]
}
