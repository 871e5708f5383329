use chrono::{DateTime, NaiveDate, Utc};
use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use lethe_crm::expiry::Longest;
use lethe_kernel::{ContactId, Personal, PersonalValue, Subject};
use lethe_ledger::{Secrets, Stored};
use lethe_nordic::calendar;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{ConsentCommand, ConsentError, ConsentEvent, Expired, Given, LegalBasis, Withdrawn};

/// The state of a consent that rules need.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Consent {
    given: Option<Given>,
    withdrawn_at: Option<DateTime<Utc>>,
    expired: bool,
    erased: bool,
}

type Decision = Result<Vec<ConsentEvent>, ConsentError>;

impl Consent {
    /// The terms it stands on, unless it was never given, was withdrawn or has expired.
    #[must_use]
    pub fn active(&self) -> Option<&Given> {
        self.given.as_ref().filter(|_| self.withdrawn_at.is_none() && !self.expired)
    }

    fn decide(&self, command: ConsentCommand, secrets: &Secrets) -> Decision {
        match command {
            ConsentCommand::Erase(_) | ConsentCommand::Expire { .. } if self.erased => Ok(Vec::new()),
            _ if self.erased => Err(ConsentError::Erased),
            ConsentCommand::Erase(_) if self.given.is_none() => Err(ConsentError::NotGiven),
            ConsentCommand::Erase(event) => Ok(vec![ConsentEvent::Erased(event)]),
            ConsentCommand::Expire { today } => Ok(self
                .active()
                .and_then(|given| given.kept_until)
                .filter(|due| *due <= today)
                .map(|due| ConsentEvent::Expired(Expired { due }))
                .into_iter()
                .collect()),
            ConsentCommand::Give { given, dated, now, longest } => {
                if given.effective_at > now {
                    return Err(ConsentError::EffectInFuture);
                }
                check_kept(given.kept_until, calendar::copenhagen_date(now), longest)?;
                self.give(given, dated, secrets)
            }
            ConsentCommand::Withdraw { withdrawn, now } => {
                if withdrawn.effective_at > now {
                    return Err(ConsentError::EffectInFuture);
                }
                self.withdraw(withdrawn)
            }
        }
    }

    fn give(&self, given: Given, dated: bool, secrets: &Secrets) -> Decision {
        if given.legal_basis == LegalBasis::Consent && given.wording.is_none() {
            return Err(ConsentError::WordingRequired);
        }
        if self.withdrawn_at.is_some_and(|withdrawn_at| given.effective_at < withdrawn_at) {
            return Err(ConsentError::GivenBeforeWithdrawn);
        }
        let repeated = self.active().is_some_and(|current| {
            (!dated || given.effective_at == current.effective_at) && same_terms(&given, current, secrets)
        });
        Ok(if repeated { Vec::new() } else { vec![ConsentEvent::Given(given)] })
    }

    fn withdraw(&self, withdrawn: Withdrawn) -> Decision {
        let given = self.given.as_ref().ok_or(ConsentError::NotGiven)?;
        if self.withdrawn_at.is_some() {
            return Ok(Vec::new());
        }
        if withdrawn.effective_at < given.effective_at {
            return Err(ConsentError::WithdrawnBeforeGiven);
        }
        Ok(vec![ConsentEvent::Withdrawn(withdrawn)])
    }
}

fn check_kept(until: Option<NaiveDate>, today: NaiveDate, longest: Longest) -> Result<(), ConsentError> {
    match until {
        Some(until) if until <= today => Err(ConsentError::KeptUntilPassed),
        Some(until) if until > longest.last(today) => Err(ConsentError::KeptUntilTooLate(longest.in_years())),
        _ => Ok(()),
    }
}

/// Whether two givings differ in nothing but, perhaps, the time of effect.
fn same_terms(one: &Given, other: &Given, secrets: &Secrets) -> bool {
    one.legal_basis == other.legal_basis
        && one.source == other.source
        && one.kept_until == other.kept_until
        && same(one.wording.as_ref(), other.wording.as_ref(), other.contact, secrets)
        && same(one.proof.as_ref(), other.proof.as_ref(), other.contact, secrets)
}

fn same<T: PersonalValue>(
    one: Option<&Personal<T>>,
    other: Option<&Personal<T>>,
    contact: ContactId,
    secrets: &Secrets,
) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => secrets.same(one, other, contact),
        _ => false,
    }
}

impl Aggregate for Consent {
    const TYPE: &'static str = "consent";
    type Command = ConsentCommand;
    type Event = ConsentEvent;
    type Error = ConsentError;
    type Services = Secrets;

    async fn handle(
        &mut self,
        command: ConsentCommand,
        secrets: &Secrets,
        sink: &EventSink<Self>,
    ) -> Result<(), ConsentError> {
        for event in self.decide(command, secrets)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: ConsentEvent) {
        match event {
            ConsentEvent::Given(given) => {
                self.given = Some(given);
                self.withdrawn_at = None;
                self.expired = false;
            }
            ConsentEvent::Withdrawn(withdrawn) => self.withdrawn_at = Some(withdrawn.effective_at),
            ConsentEvent::Expired(_) => self.expired = true,
            ConsentEvent::Erased(_) => *self = Self { erased: true, ..Self::default() },
        }
    }
}

impl Stored for Consent {
    fn subjects(&self, _: Uuid) -> Vec<Subject> {
        self.given.iter().map(|given| given.contact.into()).collect()
    }
}

#[cfg(test)]
mod tests;
