//! What the server does by itself at a time of day: the sweep, and the rotation of the root key.

use std::time::Duration;

use chrono::{DateTime, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Europe::Copenhagen;
use lethe_ledger::Ledger;
use lethe_privacy::rotation::{RotationError, rotate};
use lethe_vault::mirror::Mirror;

use crate::config::Config;

/// How often mirrors are fed: a new key is in every mirror within twice that time.
const FEED: Duration = Duration::from_secs(5);

/// How long it is until what failed is tried again, if its time of day does not come before.
const RETRY: Duration = Duration::from_mins(10);
/// How long a destroyed key may wait for a rotation before one is made at the start: a server that is down at the
/// configured time every night would never make an erasure final.
const OVERDUE: TimeDelta = TimeDelta::hours(24);

/// Sweeps every day at the configured time, and once at the start for what came due while nothing ran: items that expire,
/// and the keys of imports that ended long ago.
pub(crate) async fn sweep_daily(ledger: Ledger, config: Config) {
    loop {
        let swept = lethe_privacy::retention::sweep(&ledger, |_| {}).await;
        let aged = lethe_crm::import::forget_old(&ledger, config.import_recognised_days.get()).await;
        let failed = swept.is_err() || aged.is_err();
        match &aged {
            Ok(aged) => tracing::info!(forgotten = aged.forgotten, "old imports were forgotten"),
            Err(error) => tracing::error!(
                %error,
                "old imports are still recognised by their files; it is tried again within ten minutes"
            ),
        }
        match swept {
            Ok(report) => {
                metrics::counter!("lethe_sweep_expired_total").increment(report.due - report.refused);
                tracing::info!(on = %report.on, due = report.due, refused = report.refused, "swept");
            }
            Err(error) => tracing::error!(%error, "the sweep stopped; it goes on within ten minutes"),
        }
        let now = ledger.parts().clock.now();
        tokio::time::sleep(pause(failed, until_next(now, config.sweep_at.0))).await;
    }
}

/// Rotates the root key every day at the configured time if keys were made or destroyed since the last time, and at the
/// start what was cut off or is overdue.
pub(crate) async fn rotate_daily(ledger: Ledger, config: Config) {
    let mut starting = true;
    loop {
        let rotated = rotate_if_due(&ledger, starting).await;
        if let Err(error) = &rotated {
            metrics::counter!("lethe_rotation_failures_total").increment(1);
            tracing::error!(%error, "erasures do not become final; it is tried again within ten minutes");
        }
        // What failed at the start is tried again as at the start.
        starting &= rotated.is_err();
        let now = ledger.parts().clock.now();
        tokio::time::sleep(pause(rotated.is_err(), until_next(now, config.rotate_at.0))).await;
    }
}

async fn rotate_if_due(ledger: &Ledger, starting: bool) -> Result<(), RotationError> {
    let parts = ledger.parts();
    let cut_off = parts.vault.rotation().await?.is_some();
    let due = lethe_vault::due(&parts.pool).await?;
    let overdue = due.erased_since.is_some_and(|since| parts.clock.now() - since >= OVERDUE);
    if !cut_off && !(if starting { overdue } else { due.is_due() }) {
        return Ok(());
    }
    match rotate(ledger, &|step| tracing::info!(?step, "rotating the root key")).await {
        Ok(rotated) => tracing::info!(?rotated, "the root key was rotated"),
        // Another process does it.
        Err(RotationError::Busy) => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

/// How long to wait: until the time of day comes, or less after a failure.
fn pause(failed: bool, until_next: Duration) -> Duration {
    if failed { until_next.min(RETRY) } else { until_next }
}

/// Brings a mirror up to the database every few seconds, and measures it. What goes wrong is told when it begins and when
/// it ends.
pub(crate) async fn feed_mirror(ledger: Ledger, mirror: Mirror) {
    let pool = &ledger.parts().pool;
    let mut failing: Option<String> = None;
    loop {
        let now = mirror.feed(pool).await.err().map(|error| error.to_string());
        match (&failing, &now) {
            (before, Some(error)) if before.as_ref() != Some(error) => {
                tracing::error!(
                    error,
                    "a mirror does not have the newest keys; it is tried again every few seconds"
                );
            }
            (Some(_), None) => {
                tracing::info!(mirror = %mirror.folder().display(), "a mirror has the newest keys again");
            }
            _ => {}
        }
        failing = now;
        mirror.measure(pool).await;
        tokio::time::sleep(FEED).await;
    }
}

/// How long it is until a time of day in Copenhagen comes next. A time that a change to summer time leaves out comes
/// a day later.
fn until_next(now: DateTime<Utc>, time: NaiveTime) -> Duration {
    let today = now.with_timezone(&Copenhagen).date_naive();
    today
        .iter_days()
        .filter_map(|day| Copenhagen.from_local_datetime(&day.and_time(time)).earliest())
        .find(|at| *at > now)
        .and_then(|at| (at.with_timezone(&Utc) - now).to_std().ok())
        .unwrap_or(Duration::from_hours(24))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(now: &str, time: &str) -> f64 {
        until_next(now.parse().unwrap(), time.parse().unwrap()).as_secs_f64() / 3600.0
    }

    #[test]
    fn what_failed_is_tried_again_soon_and_what_did_not_at_its_time() {
        let (night, soon) = (Duration::from_hours(20), Duration::from_mins(3));
        assert_eq!((pause(false, night), pause(true, night)), (night, RETRY));
        assert_eq!((pause(false, soon), pause(true, soon)), (soon, soon));
    }

    #[test]
    fn the_next_time_of_day_is_told_through_both_changes_of_the_clock() {
        for (now, time, expected) in [
            ("2026-06-01T00:00:00Z", "02:30:00", 0.5),
            ("2026-06-01T00:30:00Z", "02:30:00", 24.0),
            ("2026-12-01T00:00:00Z", "02:30:00", 1.5),
            // On 2026-03-29 there is no 02:30, on 2026-10-25 there are two.
            ("2026-03-28T23:30:00Z", "02:30:00", 25.0),
            ("2026-10-24T23:30:00Z", "02:30:00", 1.0),
        ] {
            assert!((hours(now, time) - expected).abs() < 1e-9, "{now} {time}: {}", hours(now, time));
        }
    }
}
