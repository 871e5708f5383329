//! `lethe audit witness`: a witness of other installations' logs (C2SP `tlog-witness`).

mod http;
mod key;
mod memory;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use lethe_kernel::Clock;
use lethe_tlog::note::{KeyKind, VerifierKey};
use tokio::net::TcpListener;

use crate::config::Config;
use crate::error::{Error, Outcome};
use crate::http::{Limits, accept};
use crate::output;
use crate::signal::Stop;
use memory::Memory;

/// The flags of `lethe audit witness`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "A witness sees each checkpoint of a log and cosigns it only if the log has grown from the one \
it cosigned before. So a log that was rewritten, forked or put back to yesterday is found, even by those who only ever \
see its checkpoints. It keeps no events and opens nothing.

It listens where --listen says, on loopback; put a proxy with TLS before it for others to reach it. It answers \
POST /add-checkpoint and GET /<SHA-256 of the origin>/checkpoint. A signed checkpoint that does not continue what was \
cosigned is kept in refused.jsonl in the state folder: that is evidence against the log.

The state folder must not be lost or put back: it is what the witness knows."
)]
pub(crate) struct Arguments {
    /// The folder with what was cosigned last, of each log; it is created
    #[arg(long, value_name = "DIR")]
    state: PathBuf,
    /// The file with the witness's private key
    #[arg(long, value_name = "FILE")]
    key_file: PathBuf,
    /// The witness's name, for example witness.example/w1: makes the key if there is no key file yet
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The verifier key of a log to witness; its name is the log's origin; may be repeated
    #[arg(long = "for", value_name = "VERIFIER_KEY", required = true, value_parser = log_key)]
    logs: Vec<VerifierKey>,
}

fn log_key(text: &str) -> Result<VerifierKey, String> {
    let key: VerifierKey =
        text.parse().map_err(|error: lethe_tlog::note::VerifierKeyError| error.to_string())?;
    match key.kind() {
        KeyKind::Ed25519 => Ok(key),
        KeyKind::Cosignature => Err("It is the key of a witness, and one of a log is needed.".to_owned()),
    }
}

/// Why there is no witness.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WitnessError {
    #[error("There is no key file {}. Name the witness with --name to make one, or copy it back.", .0.display())]
    NoKey(PathBuf),
    #[error(
        "{} does not hold the private key of a witness, PRIVATE+KEY+<name>+<hash>+<key>. Restore it from a backup.",
        .0.display()
    )]
    DamagedKey(PathBuf),
    #[error("The key file is one of the witness {found}, and --name says {given}. Leave out --name.")]
    OtherName { found: String, given: String },
    #[error("A key cannot be made under that name: it is empty or holds white space or a plus sign.")]
    BadName,
    #[error("The system gives no random numbers for a key.")]
    NoRandomness,
    #[error(
        "{} does not hold what this witness cosigned: {reason} Restore it from where it was changed. Without it the \
         witness would cosign a rewritten log, so it does not start.",
        path.display()
    )]
    Damaged { path: PathBuf, reason: String },
}

/// Answers until a signal comes.
///
/// # Errors
/// [`Error::Witness`], [`Error::InUse`], [`Error::File`], [`Error::Listen`], [`Error::Serve`].
pub(crate) async fn run(config: &Config, arguments: &Arguments) -> Result<Outcome, Error> {
    let signer = key::load(&arguments.key_file, arguments.name.as_deref())?;
    let key = signer.verifier().to_string();
    let memory = Memory::open(&arguments.state, signer, &arguments.logs)?;
    let address = config.listen.0;
    let listener = TcpListener::bind(address).await.map_err(|source| Error::Listen { address, source })?;
    let stop = Stop::on_signals()?;
    let bound = listener.local_addr().map_err(Error::Serve)?;
    output::line(&format!("The witness listens on http://{bound}. Its verifier key:\n{key}"))?;
    let open = accept(listener, http::router(memory, Clock::system()), Limits::of(config), stop).await;
    // What was accepted is answered; what is not by then was not cosigned.
    let grace = Duration::from_secs(config.shutdown_seconds.get());
    if tokio::time::timeout(grace, open.wait()).await.is_err() {
        tracing::warn!("some requests were not finished in time and are given up");
        return Ok(Outcome::Findings);
    }
    Ok(Outcome::Done)
}
