//! What sends the mails: in one process at a time, one mail after the other.

mod act;

use std::sync::Arc;
use std::time::Duration;

use lethe_kernel::{Caller, MailId, RequestId, UnitId};
use lethe_ledger::{Context, Failure, Ledger, LedgerError, Parts, Recorded};
use lethe_vault::{Keyring, VaultError};
use lettre::message::Mailbox;
use sqlx::{Connection, PgConnection};
use tokio_util::sync::CancellationToken;

use super::letter::Letter;
use super::transport::{Destination, Transport, Way};
use super::view::{Due, due};
use super::{Outcome, Policy, Queued, Reason, TransportError, mail_counts, queued};
use act::{Act, Deed, Done};

/// How often it is looked for mails that are due, and for the place of a process that has ended.
const LOOK: Duration = Duration::from_secs(1);
/// How many mails are read at once.
const BATCH: i64 = 50;

/// Sends what is queued, as long as it runs.
pub struct Sender {
    ledger: Ledger,
    transport: Transport,
    from: Mailbox,
    /// What stands behind the `@` of every Message-ID.
    domain: String,
    policy: Policy,
    /// What became of a mail that the ledger could not be told yet.
    untold: Option<(Due, Outcome)>,
}

/// Why a round of sending stopped. What was sent is sent.
#[derive(Debug, thiserror::Error)]
enum RoundError {
    #[error(transparent)]
    Transport(#[from] TransportError),
    #[error("The mails wait: {0}")]
    Ledger(#[from] LedgerError),
}

impl From<VaultError> for RoundError {
    fn from(error: VaultError) -> Self {
        Self::Ledger(error.into())
    }
}

impl Sender {
    /// A sender. Nothing is connected to before there is a mail.
    ///
    /// # Errors
    /// [`TransportError`] when the settings cannot be used.
    pub fn new(
        ledger: Ledger,
        destination: Destination,
        from: Mailbox,
        policy: Policy,
    ) -> Result<Self, TransportError> {
        let (transport, domain) = Transport::new(destination, &from)?;
        Ok(Self { ledger, transport, from, domain, policy, untold: None })
    }

    /// Sends until it is told to stop; a mail that is being sent then is sent to its end. Of several processes one sends;
    /// if it ends, another takes its place within seconds.
    pub async fn run(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            if let Err(error) = self.session(&stop).await {
                tracing::warn!(%error, "the connection that holds the lock of the mails ended; taking a new one");
            }
            wait(&stop, LOOK).await;
        }
    }

    /// Sends as long as one connection lives, which holds the lock.
    async fn session(&mut self, stop: &CancellationToken) -> Result<(), LedgerError> {
        // A connection of its own: it must not take one from those who work.
        let mut lock = PgConnection::connect_with(&self.parts().pool.connect_options()).await?;
        let mut leads = false;
        let mut failing: Option<String> = None;
        while !stop.is_cancelled() {
            leads = hold(&mut lock, leads).await?;
            let pause = if leads { self.told_round(stop, &mut failing).await } else { LOOK };
            wait(stop, pause).await;
        }
        Ok(lock.close().await?)
    }

    /// One round; what goes wrong is told when it begins and when it ends. Answers how long to wait for the next one.
    async fn told_round(&mut self, stop: &CancellationToken, failing: &mut Option<String>) -> Duration {
        let round = self.round(stop).await;
        let is_away = matches!(round, Err(RoundError::Transport(_)));
        metrics::gauge!("lethe_mail_server_failing").set(f64::from(u8::from(is_away)));
        let now = round.as_ref().err().map(ToString::to_string);
        match (failing.as_ref(), &now) {
            (before, Some(error)) if before != Some(error) => tracing::error!(error, "mails are not sent"),
            (Some(_), None) => tracing::info!("mails are sent again"),
            _ => {}
        }
        *failing = now;
        self.measure().await;
        match round {
            Ok(0) | Err(RoundError::Ledger(_)) => LOOK,
            Ok(_) => Duration::ZERO,
            Err(RoundError::Transport(_)) => self.policy.first.to_std().unwrap_or(LOOK),
        }
    }

    /// Does something about every mail that is due; answers about how many.
    async fn round(&mut self, stop: &CancellationToken) -> Result<usize, RoundError> {
        if let Some((mail, outcome)) = self.untold {
            self.tell(mail, outcome).await?;
        }
        let mut way = None;
        let mut done = 0;
        let now = self.parts().clock.now();
        for mail in due(&self.parts().pool, now, BATCH).await? {
            if stop.is_cancelled() {
                break;
            }
            if mail.begun {
                // Whoever began it holds the lock no more; if it still ends, the ledger hears of it all the same.
                done += usize::from(self.tell(mail, Outcome::Unknown(Reason::Interrupted)).await?);
            } else {
                done += usize::from(self.attempt(&mut way, mail).await?);
            }
        }
        if let Some(way) = way {
            way.close().await;
        }
        Ok(done)
    }

    /// Tries one mail; tells whether anything was done.
    async fn attempt(&mut self, way: &mut Option<Way>, mail: Due) -> Result<bool, RoundError> {
        let id = MailId(mail.id);
        let Some((queued, event)) = queued(self.parts(), id).await? else { return Ok(false) };
        let keyring = Arc::new(self.parts().vault.keyring(&[queued.about]).await?);
        let letter = match open(&queued, &event, &keyring) {
            Err(VaultError::Erased(_)) => return self.withdraw(mail).await,
            letter => letter.inspect_err(|error| self.parts().vault.alarm(error))?,
        };
        let mut open = match way.take() {
            Some(open) => open,
            None => self.transport.open().await?,
        };
        let Some((attempt, message_id)) = self.begin(mail).await? else {
            *way = Some(open);
            return Ok(false);
        };
        let outcome = match letter.render(&self.from, &message_id) {
            Some(letter) => self.transport.deliver(&mut open, (id, queued.about), &letter, &keyring).await,
            None => Outcome::Never(Reason::AddressUnsupported, None),
        };
        if matches!(outcome, Outcome::Sent(_)) {
            *way = Some(open);
        }
        self.tell(Due { attempts: attempt, ..mail }, outcome).await?;
        Ok(true)
    }

    /// Writes down that an attempt begins: number and Message-ID; nothing if the mail is not to be tried.
    async fn begin(&self, mail: Due) -> Result<Option<(i64, String)>, RoundError> {
        match self.execute(mail, Deed::Begin(&self.domain)).await {
            Ok(done) => Ok(done.begun),
            // The key went a moment ago; the next round withdraws the mail.
            Err(LedgerError::Vault(VaultError::Erased(_))) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes down what became of an attempt; what cannot be told now is told first of all in the next round.
    async fn tell(&mut self, mail: Due, outcome: Outcome) -> Result<bool, RoundError> {
        self.untold = Some((mail, outcome));
        let done = self.execute(mail, Deed::Report(mail.attempts, outcome, self.policy)).await?;
        self.untold = None;
        Ok(told(mail, name(outcome), &done))
    }

    async fn withdraw(&self, mail: Due) -> Result<bool, RoundError> {
        Ok(told(mail, "withdrawn", &self.execute(mail, Deed::Withdraw).await?))
    }

    /// Has something written down in the name of the mail's unit.
    async fn execute(&self, mail: Due, deed: Deed<'_>) -> Result<Done, LedgerError> {
        let context = Context::new(Caller::system(UnitId(mail.unit_id)), RequestId(self.parts().ids.next()));
        let act = Act::new(MailId(mail.id), deed);
        match self.ledger.execute(&context, &act).await {
            Ok(_) => Ok(act.done()),
            // It was changed meanwhile, and is looked at again in the next round.
            Err(Failure::Refused(errors)) => {
                tracing::debug!(mail = %mail.id, ?errors, "a mail was left alone");
                Ok(Done::default())
            }
            Err(Failure::Failed(error)) => Err(error),
        }
    }

    async fn measure(&self) {
        let now = self.parts().clock.now();
        let Ok(counts) = mail_counts(&self.parts().pool, now).await else { return };
        metrics::gauge!("lethe_mail_waiting").set(number(counts.waiting));
        let overdue = counts.due_since.map_or(0, |since| (now - since).num_seconds());
        metrics::gauge!("lethe_mail_overdue_seconds").set(number(overdue));
    }

    fn parts(&self) -> &Arc<Parts> {
        self.ledger.parts()
    }
}

/// Takes the lock if it is free; a statement is sent in any case, so that a dead connection is noticed.
async fn hold(lock: &mut PgConnection, held: bool) -> Result<bool, sqlx::Error> {
    let sql = if held {
        "SELECT true"
    } else {
        "SELECT pg_try_advisory_lock(hashtextextended('lethe.mail.send', 0))"
    };
    sqlx::query_scalar(sql).fetch_one(lock).await
}

async fn wait(stop: &CancellationToken, pause: Duration) {
    if stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
        tracing::debug!("the mails wait for the next start");
    }
}

fn open(queued: &Queued, event: &Recorded, keyring: &Keyring) -> Result<Letter, VaultError> {
    Ok(Letter {
        to: keyring.open(&queued.to, queued.about)?.0,
        title: keyring.open(&queued.title, queued.about)?.0,
        text: keyring.open(&queued.text, queued.about)?.0,
        date: event.recorded_at,
    })
}

/// Counts and logs what was written down; tells whether it was news.
fn told(mail: Due, outcome: &'static str, done: &Done) -> bool {
    if done.is_news {
        metrics::counter!("lethe_mail_outcomes_total", "outcome" => outcome).increment(1);
        tracing::info!(mail = %mail.id, attempt = mail.attempts, outcome, "a mail was handled");
    }
    done.is_news
}

/// What a metric and the log call an outcome.
fn name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Sent(_) => "sent",
        Outcome::NotYet(..) => "deferred",
        Outcome::Unknown(_) => "doubtful",
        Outcome::Never(..) => "failed",
    }
}

/// A count as a metric takes it.
fn number(count: i64) -> f64 {
    f64::from(i32::try_from(count).unwrap_or(i32::MAX))
}
