//! Outgoing mail: who takes it, as the settings say.

use std::path::PathBuf;
use std::time::Duration;

use chrono::TimeDelta;
use lethe_ledger::Ledger;
use lethe_mail::{Destination, Mailbox, Policy, Sender};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::data_dir::DataDir;
use crate::error::Error;

/// Whom mails come from that leave no machine.
const NOBODY: &str = "Lethe <lethe@lethe.invalid>";

/// The folder that takes the mails if no mail server does.
pub(crate) fn folder(data: &DataDir) -> PathBuf {
    data.path().join("mail")
}

/// What sends the mails.
///
/// # Errors
/// [`Error::NoSender`], [`Error::Mail`].
pub(crate) fn sender(config: &Config, data: &DataDir, ledger: &Ledger) -> Result<Sender, Error> {
    let seconds = i64::from(config.mail_retry_seconds.get());
    let policy = Policy { first: TimeDelta::seconds(seconds), most: i64::from(config.mail_attempts.get()) };
    Ok(Sender::new(ledger.clone(), destination(config, data), from(config)?, policy)?)
}

fn destination(config: &Config, data: &DataDir) -> Destination {
    let patience = Duration::from_secs(config.mail_timeout_seconds.get());
    match &config.smtp_url {
        Some(server) => Destination::Server(server.0.clone(), patience),
        None => Destination::Folder(folder(data)),
    }
}

/// Whom mails come from: nobody can be made up if they go out into the world.
fn from(config: &Config) -> Result<Mailbox, Error> {
    match (&config.mail_from, &config.smtp_url) {
        (Some(from), _) => Ok(from.0.clone()),
        (None, Some(_)) => Err(Error::NoSender),
        (None, None) => NOBODY.parse().map_err(|_| Error::NoSender),
    }
}

/// The sender as it runs beside the requests.
pub(crate) struct Sending {
    task: JoinHandle<()>,
    stop: CancellationToken,
}

impl Sending {
    /// Begins to send.
    pub(crate) fn start(sender: Sender) -> Self {
        let stop = CancellationToken::new();
        Self { task: tokio::spawn(sender.run(stop.clone())), stop }
    }

    /// Begins nothing new, and waits until the mail that is being sent has been sent.
    pub(crate) async fn end(self) {
        self.stop.cancel();
        if let Err(error) = self.task.await {
            tracing::error!(%error, "what sends the mails broke off");
        }
    }
}
