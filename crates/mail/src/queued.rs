//! A mail as it was queued.

use cqrs_es::Aggregate as _;
use lethe_kernel::MailId;
use lethe_ledger::{LedgerError, Parts, Recorded};

use super::{Mail, MailEvent, Queued};

/// A mail as it was queued, and the event that says so; nothing if there is none.
pub(crate) async fn queued(parts: &Parts, mail: MailId) -> Result<Option<(Queued, Recorded)>, LedgerError> {
    let Some(event) = parts.stream_page(Mail::TYPE, mail.0, (0, 2), (1, false)).await?.pop() else {
        return Ok(None);
    };
    match event.decode()? {
        MailEvent::Queued(queued) => Ok(Some((queued, event))),
        _ => Ok(None),
    }
}
