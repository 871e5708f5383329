//! The sweep: acts on what is due. It may run twice, late, or in several processes at once, because every note and
//! consent is decided anew on its own stream.

use chrono::NaiveDate;
use lethe_kernel::{Caller, RequestId};
use lethe_ledger::{Context, Failure, Ledger, LedgerError, Page};
use lethe_nordic::calendar;
use serde::Serialize;

use super::{Due, ScheduleFilter, schedule_page};
use crate::belonging::entry;

const PAGE: i64 = 200;

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SweepReport {
    /// The day up to which it acted.
    pub on: NaiveDate,
    /// How many items were due.
    pub due: u64,
    /// How many of them it could not treat, because a rule refused it; they stay due.
    pub refused: u64,
    /// The position the views must reach to show what it did.
    pub position: i64,
}

/// Expires everything that is due today, Europe/Copenhagen; `progress` is told how many are done.
///
/// # Errors
/// Errors of the database; what was done before stays done.
pub async fn sweep(ledger: &Ledger, mut progress: impl FnMut(u64)) -> Result<SweepReport, LedgerError> {
    let parts = ledger.parts();
    let today = calendar::copenhagen_date(parts.clock.now());
    let filter = ScheduleFilter { until: today.succ_opt(), ..ScheduleFilter::default() };
    let mut report = SweepReport { on: today, ..SweepReport::default() };
    let mut wanted = Page { limit: PAGE, ..Page::default() };
    loop {
        let due = schedule_page(&parts.pool, &filter, &wanted).await?;
        let Some(last) = due.last() else { return Ok(report) };
        wanted.after = Some(last.cursor.clone());
        for found in &due {
            expire(ledger, &found.row, &mut report).await?;
            progress(report.due);
        }
    }
}

async fn expire(ledger: &Ledger, due: &Due, report: &mut SweepReport) -> Result<(), LedgerError> {
    let context = Context::new(Caller::system(due.unit_id), RequestId(ledger.parts().ids.next()));
    report.due += 1;
    let Some(done) = entry(due.kind.belonging()).expire(ledger, &context, due.id).await else {
        return Ok(());
    };
    match done {
        Ok(done) => report.position = report.position.max(done.position),
        Err(Failure::Refused(errors)) => {
            report.refused += 1;
            tracing::warn!(kind = due.kind.name(), id = %due.id, ?errors, "what is due was not expired");
        }
        Err(Failure::Failed(error)) => return Err(error),
    }
    Ok(())
}
