//! Has imports forgotten which file they were of, some time after they ended. It may run twice, late, or in several
//! processes at once, because each import is decided anew on its own stream.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use cqrs_es::Aggregate;
use lethe_kernel::{Caller, ImportId, RequestId, Subject};
use lethe_ledger::{Answer, Context, Failure, Ledger, LedgerError, Parts, UnitOfWork, Work};
use serde::Serialize;

use super::recognition::{destroy_key, note_forgotten, subject};
use super::{Because, Import, ImportEvent, RecognisedFiles};

/// What a sweep over the imports did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Aged {
    /// How many files are not recognised any more.
    pub forgotten: u64,
    /// The position the views must reach to show it.
    pub position: i64,
}

/// Destroys the keys of the imports of which nothing was heard for so many days: most of them have ended, the others
/// stopped.
///
/// # Errors
/// Errors of the database; what was done before stays done.
pub async fn forget_old(ledger: &Ledger, days: u32) -> Result<Aged, LedgerError> {
    let parts = ledger.parts();
    let now = parts.clock.now();
    let until = now.checked_sub_signed(TimeDelta::days(days.into())).unwrap_or(DateTime::<Utc>::MIN_UTC);
    let mut started = Vec::new();
    for event in parts.openings(Import::TYPE).await? {
        if let ImportEvent::Started(opening) = event.decode()? {
            started.push((ImportId(event.stream), opening.unit));
        }
    }
    let subjects: Vec<Subject> = started.iter().map(|(import, _)| subject(*import)).collect();
    let keyring = parts.vault.keyring(&subjects).await?;
    let alive: HashSet<Subject> = keyring.stored().map(|key| key.subject).collect();
    let mut aged = Aged::default();
    for (import, of) in started.into_iter().filter(|(import, _)| alive.contains(&subject(*import))) {
        let context = Context::new(Caller::system(of), RequestId(parts.ids.next()));
        match ledger.execute(&context, &ForgetOld { parts, import, until }).await {
            Ok(done) if done.objects.is_empty() => {}
            Ok(done) => {
                aged.forgotten += 1;
                aged.position = aged.position.max(done.position);
            }
            Err(Failure::Refused(errors)) => {
                tracing::warn!(%import, ?errors, "the key of an old import was not destroyed; it is tried again tomorrow");
            }
            Err(Failure::Failed(error)) => return Err(error),
        }
    }
    Ok(aged)
}

/// Forgets one import, if nothing was heard of it since a moment. Answers the import, or nothing if it stays.
struct ForgetOld<'p> {
    parts: &'p Parts,
    import: ImportId,
    until: DateTime<Utc>,
}

impl Work for ForgetOld<'_> {
    async fn run(&self, unit: &mut UnitOfWork<'_>) -> Result<Answer, Failure> {
        let stays = Answer { objects: Vec::new(), subject: None };
        let Some(of) = unit.load::<Import>(self.import).await?.unit() else { return Ok(stays) };
        let listed = unit.load::<RecognisedFiles>(of).await?.has(self.import);
        let because = if listed { Because::Age } else { Because::EarlierVersion };
        if listed && self.last_heard().await?.is_none_or(|at| at > self.until) {
            return Ok(stays);
        }
        if destroy_key(unit, self.import).await?.is_empty() {
            return Ok(stays);
        }
        note_forgotten(unit, self.import, because).await?;
        Ok(Answer::of(self.import))
    }
}

impl ForgetOld<'_> {
    /// When the last event of its stream was recorded. An event that comes later makes the decision run again.
    async fn last_heard(&self) -> Result<Option<DateTime<Utc>>, LedgerError> {
        let last = self.parts.stream_page(Import::TYPE, self.import.0, (0, i64::MAX), (1, true)).await?;
        Ok(last.first().map(|event| event.recorded_at))
    }
}
