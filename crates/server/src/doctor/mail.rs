//! Outgoing mail: whether it goes out.

use chrono::TimeDelta;
use lethe_kernel::Clock;
use lethe_ledger::LedgerError;
use lethe_mail::{MailCounts, mail_counts};
use sqlx::PgPool;

use super::Finding;
use crate::config::Config;

const CHECK: &str = "mail";
/// How long a mail that is due may wait; a server looks every second.
const OVERDUE: TimeDelta = TimeDelta::minutes(15);

/// Looks at the outgoing mails, whose view has caught up.
pub(super) async fn check(config: &Config, pool: &PgPool) -> Result<Vec<Finding>, LedgerError> {
    let now = Clock::system().now();
    let counts = mail_counts(pool, now).await?;
    let mut findings = vec![destination(config)];
    let overdue = counts.due_since.is_some_and(|since| now - since > OVERDUE);
    findings.extend(trouble(counts, overdue));
    if findings.iter().all(|finding| !finding.level.is_finding()) {
        findings
            .push(Finding::ok(CHECK, format!("{} mails wait, none of them for too long.", counts.waiting)));
    }
    Ok(findings)
}

fn destination(config: &Config) -> Finding {
    match (&config.smtp_url, &config.database_url) {
        (Some(server), _) => Finding::ok(CHECK, format!("Mails go to {}.", server.0)),
        (None, Some(_)) => Finding::warning(
            CHECK,
            "There is no mail server: mails are kept as sealed files in the data folder, and nobody gets them.",
            "Name one in the setting smtp_url, and the sender in mail_from.",
        ),
        (None, None) => Finding::note(
            CHECK,
            "There is no mail server: mails are kept as sealed files; `lethe mail list` and `lethe mail show` read them.",
        ),
    }
}

fn trouble(counts: MailCounts, overdue: bool) -> impl Iterator<Item = Finding> {
    let again = "`outgoingMailResend` sends one again; `lethe mail list` shows them.";
    let failed = (counts.failed > 0).then(|| {
        let message = format!("{} mails failed within the last thirty days.", counts.failed);
        Finding::warning(
            CHECK,
            message,
            format!("The code says why the mail server did not take them. {again}"),
        )
    });
    let doubtful = (counts.doubtful > 0).then(|| {
        let message = format!("{} mails may have been delivered, and will be sent again.", counts.doubtful);
        Finding::warning(
            CHECK,
            message,
            "They are sent again by themselves. If it goes on, see the mail server's log.",
        )
    });
    let overdue = overdue.then(|| {
        let message =
            format!("Mails that are due were not tried for a quarter of an hour; {} wait.", counts.waiting);
        Finding::problem(CHECK, message, "A running server sends them; its log says why it does not.")
    });
    [failed, doubtful, overdue].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;

    fn levels(counts: MailCounts, overdue: bool) -> Vec<Level> {
        trouble(counts, overdue).map(|finding| finding.level).collect()
    }

    #[test]
    fn failed_and_doubtful_mails_are_warnings_and_those_that_nobody_sends_a_problem() {
        let none = MailCounts { waiting: 7, ..MailCounts::default() };
        assert_eq!(levels(none, false), []);
        assert_eq!(levels(MailCounts { failed: 1, ..none }, false), [Level::Warning]);
        assert_eq!(levels(MailCounts { doubtful: 1, ..none }, false), [Level::Warning]);
        assert_eq!(levels(none, true), [Level::Problem]);
    }
}
