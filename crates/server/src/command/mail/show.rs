//! `lethe mail show`.

use clap::Args;
use lethe_kernel::MailId;
use lethe_mail::{ShowError, show};
use uuid::Uuid;

use crate::command::with_running;
use crate::config::Config;
use crate::error::{Error, Outcome};
use crate::{mail, output};

/// The flags of `lethe mail show`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The mail's id, as `lethe mail list` prints it
    id: Uuid,
}

/// Opens a mail and prints it as it would have gone over the wire.
///
/// # Errors
/// [`Error::Mails`] when there is none, or nobody can read it any more.
pub(crate) async fn run(config: &Config, arguments: &Arguments) -> Result<Outcome, Error> {
    with_running(config, async |running, folder| {
        let parts = running.ledger.parts();
        match show(parts, &mail::folder(folder), MailId(arguments.id)).await {
            Ok(mail) => {
                output::line(mail.replace("\r\n", "\n").trim_end())?;
                Ok(Outcome::Done)
            }
            // Nothing failed; it is just not there.
            Err(error @ (ShowError::Unknown | ShowError::NoFile | ShowError::Erased)) => {
                output::note(&error.to_string());
                Ok(Outcome::Findings)
            }
            Err(error) => Err(error.into()),
        }
    })
    .await
}
