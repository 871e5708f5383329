//! What the server does by itself at a time of day: the sweep.

use std::time::Duration;

use chrono::{DateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::Europe::Copenhagen;
use lethe_ledger::Ledger;

use crate::config::Config;

/// Sweeps every day at the configured time, and once at the start for what came due while nothing ran.
pub(crate) async fn sweep_daily(ledger: Ledger, config: Config) {
    loop {
        match lethe_crm::expiry::sweep(&ledger, |_| {}).await {
            Ok(report) => {
                metrics::counter!("lethe_sweep_expired_total").increment(report.due - report.refused);
                tracing::info!(on = %report.on, due = report.due, refused = report.refused, "swept");
            }
            Err(error) => tracing::error!(%error, "the sweep stopped; it goes on at its next time"),
        }
        let now = ledger.parts().clock.now();
        tokio::time::sleep(until_next(now, config.sweep_at.0)).await;
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
