//! What a process knows of the views that others run: their checkpoints, read slowly, and quickly while somebody
//! waits for one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::checkpoint::{Identity, Seen, seen};
use super::state::{Activity, State};
use crate::{LedgerError, Parts};

/// While nobody waits.
const SLOW: Duration = Duration::from_secs(1);
/// While somebody waits.
const QUICK: Duration = Duration::from_millis(20);

/// A view as everybody in this process sees it.
pub(crate) struct Place {
    pub(crate) who: Identity,
    pub(crate) state: watch::Sender<State>,
    /// How many wait for it.
    pub(crate) waiting: watch::Sender<usize>,
    /// Whether its tables are those of this version of the program.
    pub(crate) is_built: AtomicBool,
    /// Whether a newer version of the program has taken it over.
    pub(crate) is_outdated: AtomicBool,
}

impl Place {
    /// A view that stands at a position, or must be rebuilt.
    pub(crate) fn new(who: Identity, position: Option<i64>) -> Self {
        let activity = if position.is_some() { Activity::Standby } else { Activity::Rebuilding };
        let state = watch::Sender::new(State { position: position.unwrap_or(0), activity });
        let (waiting, is_built) = (watch::Sender::new(0), AtomicBool::new(position.is_some()));
        Self { who, state, waiting, is_built, is_outdated: AtomicBool::new(false) }
    }

    fn learn(&self, seen: Seen, is_held: bool) {
        let outdated = seen.version > self.who.version;
        self.is_outdated.store(outdated, Ordering::Relaxed);
        let same = seen.version == self.who.version && self.is_built.load(Ordering::Relaxed);
        self.state.send_if_modified(|state| {
            let before = state.clone();
            if outdated {
                state.activity = Activity::Halted(LedgerError::NewerVersion.to_string());
            } else if same && !is_held {
                state.position = state.position.max(seen.position);
                state.activity = seen.halted.map_or(Activity::Standby, Activity::Halted);
            }
            *state != before
        });
    }

    /// Tells how far it is, in metrics.
    fn measure(&self, head: i64) {
        let State { position, .. } = *self.state.borrow();
        let halted = self.state.borrow().halted().is_some();
        metrics::gauge!("lethe_view_position", "view" => self.who.name).set(gauge(position));
        metrics::gauge!("lethe_view_lag", "view" => self.who.name).set(gauge((head - position).max(0)));
        metrics::gauge!("lethe_view_halted", "view" => self.who.name).set(if halted { 1.0 } else { 0.0 });
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float; positions stay below 2^53")]
fn gauge(position: i64) -> f64 {
    position as f64
}

/// The views of one process, and which of them it runs.
pub(crate) struct Board {
    pub(crate) places: Vec<Place>,
    pub(crate) held: watch::Receiver<Vec<bool>>,
    /// How many wait for whatever view.
    pub(crate) waiting: watch::Sender<usize>,
    /// How many of them wait for a view that another process runs.
    pub(crate) abroad: watch::Sender<usize>,
}

/// Counts as somebody who waits for a view until it is dropped.
pub(crate) struct Waiting<'b>(Vec<&'b watch::Sender<usize>>);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        for waiting in &self.0 {
            waiting.send_modify(|waiting| *waiting = waiting.saturating_sub(1));
        }
    }
}

/// How long what nobody waits for gathers before it is read and taken together: a transaction for every append, in every
/// view, would cost more than the appends.
const GATHER: Duration = Duration::from_millis(10);

/// Waits until [`GATHER`] has passed since the last time, or until somebody waits.
pub(crate) async fn gather(last: Instant, waiting: &watch::Sender<usize>) {
    let mut waiting = waiting.subscribe();
    tokio::select! {
        () = tokio::time::sleep_until(last + GATHER) => {}
        _ = waiting.wait_for(|waiting| *waiting > 0) => {}
    }
}

impl Board {
    pub(crate) fn holds(&self, index: usize) -> bool {
        self.held.borrow().get(index).copied().unwrap_or(false)
    }

    /// Somebody waits for a view.
    pub(crate) fn wait(&self, index: usize) -> Waiting<'_> {
        let abroad = (!self.holds(index)).then_some(&self.abroad);
        let place = self.places.get(index).map(|place| &place.waiting);
        let counters: Vec<_> = [Some(&self.waiting), place, abroad].into_iter().flatten().collect();
        for waiting in &counters {
            waiting.send_modify(|waiting| *waiting += 1);
        }
        Waiting(counters)
    }

    /// Whether all of them are run here.
    fn holds_all(&self) -> bool {
        !self.held.borrow().contains(&false)
    }
}

/// Follows the checkpoints of what others run.
pub(crate) async fn watch_others(parts: Arc<Parts>, board: Arc<Board>) {
    let mut head = parts.head_watch();
    let mut waiting = board.abroad.subscribe();
    loop {
        let now = *head.borrow_and_update();
        if let Err(error) = look(&parts, &board, now).await {
            if parts.pool.is_closed() {
                return;
            }
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

async fn look(parts: &Parts, board: &Board, head: i64) -> Result<(), LedgerError> {
    let who: Vec<Identity> = board.places.iter().map(|place| place.who).collect();
    for (index, (place, seen)) in board.places.iter().zip(seen(parts, &who).await?).enumerate() {
        if let Some(seen) = seen {
            place.learn(seen, board.holds(index));
        }
        place.measure(head);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn gathered(board: &Board, since_last: Duration) -> Duration {
        let last = Instant::now();
        tokio::time::advance(since_last).await;
        let begun = Instant::now();
        gather(last, &board.waiting).await;
        begun.elapsed()
    }

    fn board() -> Board {
        let who = Identity { name: "a", version: 1, sources: &[] };
        let places = vec![Place::new(who, Some(0))];
        let held = watch::channel(vec![true]).1;
        Board { places, held, waiting: watch::Sender::new(0), abroad: watch::Sender::new(0) }
    }

    #[tokio::test(start_paused = true)]
    async fn what_nobody_waits_for_gathers_since_the_last_time_and_an_idle_view_does_not_wait() {
        let board = board();
        assert!(gathered(&board, Duration::ZERO).await >= GATHER);
        assert_eq!(gathered(&board, GATHER).await, Duration::ZERO);
        drop(board.wait(0));
        assert!(gathered(&board, Duration::ZERO).await >= GATHER, "who has gone away waits no more");
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_is_not_kept_waiting() {
        let board = board();
        let waiting = board.wait(0);
        assert_eq!(gathered(&board, Duration::ZERO).await, Duration::ZERO);
        assert_eq!([&board.places[0].waiting, &board.abroad].map(|waiting| *waiting.borrow()), [1, 0]);
        drop(waiting);
        let (elapsed, _waiting) = tokio::join!(gathered(&board, Duration::ZERO), async {
            tokio::time::sleep(GATHER / 4).await;
            board.wait(0)
        });
        assert!(elapsed < GATHER / 2);
    }
}
