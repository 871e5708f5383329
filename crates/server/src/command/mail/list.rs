//! `lethe mail list`.

use clap::Args;
use lethe_ledger::Page;
use lethe_mail::{MailFilter, OutgoingMailRow, mail_page};

use crate::command::with_running;
use crate::config::Config;
use crate::error::{Error, Outcome};
use crate::output;

const PAGE: i64 = 500;

/// The flags of `lethe mail list`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Print JSON objects, one a line
    #[arg(long)]
    json: bool,
}

/// Prints the outgoing mails, the oldest first. Nothing that is printed is personal.
///
/// # Errors
/// [`Error::Ledger`].
pub(crate) async fn run(config: &Config, arguments: &Arguments) -> Result<Outcome, Error> {
    with_running(config, async |running, _| {
        let pool = &running.ledger.parts().pool;
        let mut wanted = Page { limit: PAGE, ..Page::default() };
        loop {
            let found = mail_page(pool, MailFilter::default(), &wanted).await?;
            for found in &found {
                output::line(&written(&found.row, arguments.json)?)?;
            }
            let Some(last) = found.into_iter().next_back() else { return Ok(Outcome::Done) };
            wanted.after = Some(last.cursor);
        }
    })
    .await
}

fn written(mail: &OutgoingMailRow, json: bool) -> Result<String, Error> {
    if json {
        return Ok(serde_json::to_string(mail).map_err(std::io::Error::other)?);
    }
    let doubt = if mail.in_doubt { ", may have been delivered before" } else { "" };
    let reason = mail.reason.map(|reason| format!(", {}", reason.name())).unwrap_or_default();
    let code = mail.code.map(|code| format!(" ({code})")).unwrap_or_default();
    Ok(format!(
        "{}  {}  {:<9}  {}  attempts: {}{reason}{code}{doubt}",
        mail.id,
        mail.queued_at.format("%Y-%m-%d %H:%M:%S"),
        mail.status.name(),
        mail.kind,
        mail.attempts
    ))
}
