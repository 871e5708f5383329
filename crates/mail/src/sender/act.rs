use std::sync::{Mutex, PoisonError};

use lethe_kernel::MailId;
use lethe_ledger::{Answer, Failure, UnitOfWork, Work};

use crate::{Mail, MailCommand, Outcome, Policy};

/// What the sender has the ledger write down about a mail.
pub(super) enum Deed<'a> {
    /// An attempt begins; the domain stands behind the `@` of the Message-ID.
    Begin(&'a str),
    /// What became of an attempt.
    Report(i64, Outcome, Policy),
    /// Its key is gone.
    Withdraw,
}

/// One such deed, and what came of it.
pub(super) struct Act<'a> {
    mail: MailId,
    deed: Deed<'a>,
    done: Mutex<Done>,
}

/// What came of a deed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Done {
    /// Whether anything changed.
    pub(super) is_news: bool,
    /// The attempt that has begun, and what the mail calls itself.
    pub(super) begun: Option<(i64, String)>,
}

impl<'a> Act<'a> {
    pub(super) fn new(mail: MailId, deed: Deed<'a>) -> Self {
        Self { mail, deed, done: Mutex::default() }
    }

    pub(super) fn done(&self) -> Done {
        self.done.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Work for Act<'_> {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        let state = unit.load::<Mail>(self.mail).await?;
        let (about, tried) = (state.about(), state.tried());
        let command = match &self.deed {
            Deed::Begin(domain) => {
                // Using the key makes sure that it is still there when the ledger takes the event: no attempt begins
                // behind an erasure.
                if let Some(about) = about {
                    unit.keyed_digest(about, b"").await?;
                }
                MailCommand::Attempt { message_id: format!("{}@{domain}", self.mail) }
            }
            Deed::Report(attempt, outcome, policy) => {
                let retry = policy.retry(self.mail, tried, unit.now());
                MailCommand::Report { attempt: *attempt, outcome: *outcome, retry }
            }
            Deed::Withdraw => MailCommand::Withdraw,
        };
        let is_news = unit.handle::<Mail>(self.mail, command).await?;
        let begun = unit.load::<Mail>(self.mail).await?.under_way();
        let begun = begun.filter(|_| is_news).map(|(attempt, id)| (attempt, id.to_owned()));
        *self.done.lock().unwrap_or_else(PoisonError::into_inner) = Done { is_news, begun };
        Ok(Answer::of(self.mail))
    }
}
