use chrono::{DateTime, TimeDelta, Utc};
use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use lethe_ledger::{Secrets, Stored};
use serde::{Deserialize, Serialize};

use super::{RecordReveal, RevealError, RevealEvent, RevealUnusual};

/// The span in which reveals are counted.
pub(super) const HOUR: TimeDelta = TimeDelta::hours(1);

/// The state of a user's reveals of one day that rules need.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reveals {
    /// When those of the last hour were.
    times: Vec<DateTime<Utc>>,
    warned_at: Option<DateTime<Utc>>,
}

impl Reveals {
    /// When the last warning about an unusual number was given.
    #[must_use]
    pub fn warned_at(&self) -> Option<DateTime<Utc>> {
        self.warned_at
    }

    fn decide(&self, command: RecordReveal) -> Result<Vec<RevealEvent>, RevealError> {
        let RecordReveal { recorded, limits, before, alert } = command;
        let (at, since) = (recorded.at, recorded.at - HOUR);
        let mut times: Vec<DateTime<Utc>> =
            before.times.iter().chain(&self.times).filter(|time| **time > since).copied().collect();
        times.sort_unstable();
        let made = u32::try_from(times.len()).unwrap_or(u32::MAX);
        // The one behind which fewer than the most are left, once its hour is over.
        let too_many = usize::try_from(made.saturating_sub(limits.most)).unwrap_or(usize::MAX);
        if made >= limits.most
            && let Some(first) = times.get(too_many)
        {
            return Err(RevealError::TooMany { most: limits.most, again: *first + HOUR });
        }
        let count = made.saturating_add(1);
        let warned = self.warned_at.max(before.warned_at).is_some_and(|time| time > since);
        let unusual = (count > limits.usual && !warned).then_some(RevealEvent::Unusual(RevealUnusual {
            alert,
            unit: recorded.unit,
            count,
            usual: limits.usual,
            at,
        }));
        // The reveal comes last: it stands at the position that the answer names.
        Ok(unusual.into_iter().chain([RevealEvent::Recorded(recorded)]).collect())
    }
}

impl Aggregate for Reveals {
    const TYPE: &'static str = "reveals";
    type Command = RecordReveal;
    type Event = RevealEvent;
    type Error = RevealError;
    type Services = Secrets;

    async fn handle(
        &mut self,
        command: RecordReveal,
        _: &Secrets,
        sink: &EventSink<Self>,
    ) -> Result<(), RevealError> {
        for event in self.decide(command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: RevealEvent) {
        match event {
            RevealEvent::Recorded(event) => {
                self.times.retain(|time| *time > event.at - HOUR);
                self.times.push(event.at);
            }
            RevealEvent::Unusual(event) => self.warned_at = Some(event.at),
        }
    }
}

impl Stored for Reveals {}

#[cfg(test)]
mod tests;
