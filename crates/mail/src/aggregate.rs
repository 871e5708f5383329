use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use lethe_kernel::{Subject, UnitId};
use lethe_ledger::{Secrets, Stored};
use serde::{Deserialize, Serialize};

use super::{
    Attempted, Deferred, Doubtful, Failed, MailCommand, MailError, MailEvent, Outcome, Reason, Requeued,
    Retry, Sent, Withdrawn,
};

/// The state of an outgoing mail that rules need. It holds nothing of the mail itself, so that a mail whose key is gone
/// can still be withdrawn.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    phase: Phase,
    unit: Option<UnitId>,
    about: Option<Subject>,
    /// The attempts so far; they are counted through.
    attempt: i64,
    /// Those since it was queued the last time.
    tried: i64,
    message_id: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Phase {
    #[default]
    Unknown,
    Waiting,
    /// It waits, and may have been delivered.
    InDoubt,
    Sending,
    Sent,
    Failed,
    Withdrawn,
}

type Decision = Result<Vec<MailEvent>, MailError>;

impl Mail {
    /// The unit whose mail it is, if it was queued.
    #[must_use]
    pub fn unit(&self) -> Option<UnitId> {
        self.unit
    }

    /// Whose key seals it, if it was queued.
    #[must_use]
    pub fn about(&self) -> Option<Subject> {
        self.about
    }

    /// How often it was tried since it was queued the last time.
    #[must_use]
    pub fn tried(&self) -> i64 {
        self.tried
    }

    /// The attempt that is under way and what the mail calls itself, if one is.
    #[must_use]
    pub fn under_way(&self) -> Option<(i64, &str)> {
        let message_id = self.message_id.as_deref().filter(|_| self.phase == Phase::Sending)?;
        Some((self.attempt, message_id))
    }

    fn decide(&self, command: MailCommand) -> Decision {
        match (command, self.phase) {
            (MailCommand::Queue(queued), Phase::Unknown) => Ok(vec![MailEvent::Queued(queued)]),
            (MailCommand::Queue(_), _) => Ok(Vec::new()),
            (_, Phase::Unknown) => Err(MailError::Unknown),
            (MailCommand::Attempt { message_id }, _) => self.attempt(message_id),
            (MailCommand::Report { attempt, outcome, retry }, _) => Ok(self.report(attempt, outcome, retry)),
            (MailCommand::Withdraw, Phase::Waiting | Phase::InDoubt | Phase::Failed) => {
                Ok(vec![MailEvent::Withdrawn(Withdrawn { attempts: self.attempt })])
            }
            (MailCommand::Withdraw, _) => Ok(Vec::new()),
            (MailCommand::Resend { .. }, Phase::Sending) => Err(MailError::BeingSent),
            (MailCommand::Resend { .. }, Phase::Sent) => Err(MailError::AlreadySent),
            (MailCommand::Resend { .. }, Phase::Withdrawn) => Err(MailError::Withdrawn),
            // A new one is due already.
            (MailCommand::Resend { .. }, _) if self.tried == 0 => Ok(Vec::new()),
            (MailCommand::Resend { now }, _) => Ok(vec![MailEvent::Requeued(Requeued { next_attempt: now })]),
        }
    }

    fn attempt(&self, message_id: String) -> Decision {
        match self.phase {
            Phase::Waiting | Phase::InDoubt => Ok(vec![MailEvent::Attempted(Attempted {
                attempt: self.attempt + 1,
                message_id: self.message_id.clone().unwrap_or(message_id),
            })]),
            Phase::Sending => Err(MailError::BeingSent),
            Phase::Unknown | Phase::Sent | Phase::Failed | Phase::Withdrawn => Ok(Vec::new()),
        }
    }

    fn report(&self, attempt: i64, outcome: Outcome, Retry { next, most }: Retry) -> Vec<MailEvent> {
        // A process that was given up may still tell that it had sent the mail, and nothing else.
        let late = self.phase == Phase::InDoubt && matches!(outcome, Outcome::Sent(_));
        if attempt != self.attempt || !(self.phase == Phase::Sending || late) {
            return Vec::new();
        }
        let given_up = self.tried >= most;
        let too_often = |code| MailEvent::Failed(Failed { attempt, reason: Reason::TooOften, code });
        match outcome {
            Outcome::Sent(code) => vec![MailEvent::Sent(Sent { attempt, code })],
            Outcome::NotYet(_, code) if given_up => vec![too_often(code)],
            Outcome::NotYet(reason, code) => {
                vec![MailEvent::Deferred(Deferred { attempt, reason, code, next_attempt: next })]
            }
            Outcome::Unknown(reason) => {
                let doubtful = MailEvent::Doubtful(Doubtful { attempt, reason, next_attempt: next });
                if given_up { vec![doubtful, too_often(None)] } else { vec![doubtful] }
            }
            Outcome::Never(reason, code) => vec![MailEvent::Failed(Failed { attempt, reason, code })],
        }
    }
}

impl Aggregate for Mail {
    const TYPE: &'static str = "mail";
    type Command = MailCommand;
    type Event = MailEvent;
    type Error = MailError;
    type Services = Secrets;

    async fn handle(
        &mut self,
        command: MailCommand,
        _: &Secrets,
        sink: &EventSink<Self>,
    ) -> Result<(), MailError> {
        for event in self.decide(command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: MailEvent) {
        match event {
            MailEvent::Queued(queued) => {
                self.phase = Phase::Waiting;
                self.unit = Some(queued.unit);
                self.about = Some(queued.about);
            }
            MailEvent::Attempted(attempted) => {
                self.phase = Phase::Sending;
                self.attempt = attempted.attempt;
                self.tried += 1;
                self.message_id = Some(attempted.message_id);
            }
            MailEvent::Sent(_) => self.phase = Phase::Sent,
            MailEvent::Deferred(_) => self.phase = Phase::Waiting,
            MailEvent::Doubtful(_) => self.phase = Phase::InDoubt,
            MailEvent::Failed(_) => self.phase = Phase::Failed,
            MailEvent::Withdrawn(_) => self.phase = Phase::Withdrawn,
            MailEvent::Requeued(_) => {
                self.phase = Phase::Waiting;
                self.tried = 0;
            }
        }
    }
}

impl Stored for Mail {}

#[cfg(test)]
mod tests;
