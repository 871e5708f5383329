//! Whether anything else uses the machine. If so, what a benchmark measures is void.

use std::time::Duration;

/// How long the machine is watched.
const WATCHED: Duration = Duration::from_secs(3);
/// The largest share of processor time that others may take.
const TOLERATED: f64 = 0.05;

/// Busy and all time of all processors since the machine started, where the system tells.
fn times() -> Option<(f64, f64)> {
    let text = std::fs::read_to_string("/proc/stat").ok()?;
    let times: Vec<f64> =
        text.lines().next()?.split_whitespace().skip(1).filter_map(|time| time.parse().ok()).collect();
    let all: f64 = times.iter().take(8).sum();
    // The fourth is idle, the fifth waits for a disk.
    Some((all - times.get(3)?, all))
}

/// Watches the machine before a benchmark does anything, and prints what it found.
pub(crate) async fn check() {
    let before = times();
    tokio::time::sleep(WATCHED).await;
    let Some(((busy, all), (busy_then, all_then))) = times().zip(before) else {
        println!("Whether other work uses the machine is not known.\n");
        return;
    };
    let share = (busy - busy_then) / (all - all_then).max(1.0);
    if share > TOLERATED {
        println!("VOID: other work uses {:.0} % of the machine.\n", share * 100.0);
    } else {
        println!("Nothing else uses the machine ({:.0} % busy before the start).\n", share * 100.0);
    }
}
