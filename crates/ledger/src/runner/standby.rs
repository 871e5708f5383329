//! What a process knows of the views that others run: their checkpoints, read slowly, and quickly while somebody
//! waits for one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::checkpoint::{Identity, Seen, seen};
use super::lead::HINTS;
use super::state::{Activity, State};
use crate::{LedgerError, Parts};

/// While nobody waits.
const SLOW: Duration = Duration::from_secs(1);
/// While somebody waits, and between two hints.
const QUICK: Duration = Duration::from_millis(20);

/// The views of one process: who they are, what they do, and which of them this process runs.
pub(crate) struct Board {
    pub(crate) who: Vec<Identity>,
    pub(crate) states: Vec<watch::Sender<State>>,
    pub(crate) held: watch::Receiver<Vec<bool>>,
    /// Which of them a newer version of the program has taken over.
    pub(crate) outdated: Vec<AtomicBool>,
    /// How many wait for a view that another process runs.
    pub(crate) waiting: watch::Sender<usize>,
}

impl Board {
    pub(crate) fn holds(&self, index: usize) -> bool {
        self.held.borrow().get(index).copied().unwrap_or(false)
    }

    /// Whether a newer version of the program has taken it over.
    pub(crate) fn is_outdated(&self, index: usize) -> bool {
        self.outdated.get(index).is_some_and(|outdated| outdated.load(Ordering::Relaxed))
    }

    /// Whether all of them are run here.
    fn holds_all(&self) -> bool {
        !self.held.borrow().contains(&false)
    }

    /// Tells how far all are, in metrics.
    fn measure(&self, head: i64) {
        for (who, state) in self.who.iter().zip(&self.states) {
            let state = state.borrow();
            metrics::gauge!("lethe_view_position", "view" => who.name).set(gauge(state.position));
            metrics::gauge!("lethe_view_lag", "view" => who.name).set(gauge((head - state.position).max(0)));
            let halted = if state.halted().is_some() { 1.0 } else { 0.0 };
            metrics::gauge!("lethe_view_halted", "view" => who.name).set(halted);
        }
    }

    fn learn(&self, seen: Vec<Option<Seen>>) {
        for (index, ((who, state), seen)) in self.who.iter().zip(&self.states).zip(seen).enumerate() {
            let Some(seen) = seen else { continue };
            let held = self.holds(index);
            if let Some(outdated) = self.outdated.get(index) {
                outdated.store(seen.version > who.version, Ordering::Relaxed);
            }
            state.send_if_modified(|state| {
                let before = state.clone();
                if seen.version > who.version {
                    state.activity = Activity::Halted(LedgerError::NewerVersion.to_string());
                } else if !held && seen.version == who.version && state.activity != Activity::Rebuilding {
                    state.position = state.position.max(seen.position);
                    state.activity = seen.halted.map_or(Activity::Standby, Activity::Halted);
                }
                *state != before
            });
        }
    }
}

/// Follows the checkpoints of what others run, and hints to them that there is something new.
pub(crate) async fn watch_others(parts: Arc<Parts>, board: Arc<Board>) {
    let mut head = parts.head_watch();
    let mut waiting = board.waiting.subscribe();
    let mut hinted = *head.borrow();
    loop {
        let now = *head.borrow_and_update();
        if let Err(error) = look(&parts, &board, now, &mut hinted).await {
            tracing::warn!(%error, "the checkpoints of the views could not be read; trying again");
        }
        tokio::time::sleep(QUICK).await;
        let slow = Instant::now() + SLOW;
        let all = board.holds_all();
        tokio::select! {
            () = tokio::time::sleep_until(slow) => {}
            found = waiting.wait_for(|waiting| *waiting > 0) => if found.is_err() { return },
            found = head.changed(), if !all => if found.is_err() { return },
        }
    }
}

async fn look(parts: &Parts, board: &Board, head: i64, hinted: &mut i64) -> Result<(), LedgerError> {
    // One hint for all that was appended since the last one, in no transaction of an append.
    if head > *hinted && !board.holds_all() {
        sqlx::query("SELECT pg_notify($1, '')").bind(HINTS).execute(&parts.pool).await?;
    }
    *hinted = head;
    board.learn(seen(parts, &board.who).await?);
    board.measure(head);
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float; positions stay below 2^53")]
fn gauge(position: i64) -> f64 {
    position as f64
}
