//! Runs what follows the ledger, one process at a time: hands it the next events, in order and each exactly once.

pub(crate) mod checkpoint;
pub(crate) mod feed;
pub(crate) mod lead;
pub(crate) mod standby;
pub(crate) mod state;

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::{LedgerError, Parts, Recorded};
use checkpoint::Identity;
use feed::{BATCH, Next, Tail};
use standby::{Board, Place, gather};
use state::{Activity, activity_after};

/// How many positions without an event of its sources a view passes before it stores where it is.
const PASS: i64 = 1000;
const FIRST_RETRY: Duration = Duration::from_millis(200);
const LAST_RETRY: Duration = Duration::from_secs(5);

/// Something asynchronous of a follower.
pub(crate) type Job<'a, T> = Pin<Box<dyn Future<Output = Result<T, LedgerError>> + Send + 'a>>;

/// A view or a reaction, as the runner sees it.
pub(crate) trait Follower: Send + Sync {
    /// Who it is.
    fn who(&self) -> Identity;

    /// Finds where it stands, or has it begin; `None` if it must be rebuilt first.
    fn open<'a>(&'a self, parts: &'a Parts) -> Job<'a, Option<i64>>;

    /// Rebuilds it, unless somebody else has done so meanwhile.
    fn rebuild<'a>(&'a self, parts: &'a Arc<Parts>) -> Job<'a, ()>;

    /// Takes events, which are all of its sources between two positions. Answers where the stored checkpoint is
    /// then, `None` if it was not at the first position.
    fn take<'a>(
        &'a self,
        parts: &'a Parts,
        between: (i64, i64),
        events: &'a [Arc<Recorded>],
    ) -> Job<'a, Option<i64>>;
}

/// Runs one follower.
pub(crate) struct Runner {
    pub(crate) parts: Arc<Parts>,
    pub(crate) board: Arc<Board>,
    pub(crate) index: usize,
    pub(crate) follower: Arc<dyn Follower>,
    pub(crate) tail: watch::Receiver<Arc<Tail>>,
    pub(crate) held: watch::Receiver<Vec<bool>>,
    /// How many events are taken at once; fewer while one of them is at fault.
    pub(crate) limit: usize,
    /// How long the next pause is.
    pub(crate) pause: Duration,
    pub(crate) built: bool,
}

impl Runner {
    pub(crate) fn new(
        parts: Arc<Parts>,
        board: Arc<Board>,
        (index, follower): (usize, Arc<dyn Follower>),
        tail: watch::Receiver<Arc<Tail>>,
        built: bool,
    ) -> Self {
        let held = board.held.clone();
        Self { parts, board, index, follower, tail, held, limit: BATCH, pause: FIRST_RETRY, built }
    }

    /// Follows the ledger until the process ends.
    pub(crate) async fn run(mut self) {
        loop {
            let Err(error) = self.go().await else { return };
            if self.limit > 1 && matches!(activity_after(&error), Activity::Halted(_)) && self.built {
                // One of several events is at fault: those before it are taken first.
                self.limit /= 2;
                continue;
            }
            self.stand_still(&error).await;
            tokio::time::sleep(self.pause).await;
            self.pause = (self.pause * 2).min(LAST_RETRY);
        }
    }

    /// Rebuilds if it must, then follows while this process holds the lock; ends without an error when the process does.
    async fn go(&mut self) -> Result<(), LedgerError> {
        if !self.built {
            self.tell(None, Activity::Rebuilding);
            self.follower.rebuild(&self.parts).await?;
            self.built = true;
            if let Some(place) = self.place() {
                place.is_built.store(true, Ordering::Relaxed);
            }
            self.tell(None, Activity::Standby);
        }
        loop {
            let index = self.index;
            let held = |held: &Vec<bool>| held.get(index).copied().unwrap_or(false);
            if self.held.wait_for(held).await.is_err() {
                return Ok(());
            }
            if !self.follow().await? {
                return Ok(());
            }
            self.tell(None, Activity::Standby);
        }
    }

    /// Follows while the lock is held; false when the process ends.
    async fn follow(&mut self) -> Result<bool, LedgerError> {
        let who = self.follower.who();
        let mut stored = checkpoint::stored(&mut *self.parts.pool.acquire().await?, who).await?;
        let mut position = stored;
        while self.board.holds(self.index) {
            if self.place().is_some_and(|place| place.is_outdated.load(Ordering::Relaxed)) {
                return Err(LedgerError::NewerVersion);
            }
            let begun = Instant::now();
            let next = self.tail.borrow_and_update().next(position, who.sources, self.limit < BATCH);
            let (events, until) = match next {
                Next::Nothing => {
                    self.tell(Some(position), Activity::Following);
                    tokio::select! {
                        changed = self.tail.changed() => if changed.is_err() { return Ok(false) },
                        changed = self.held.changed() => if changed.is_err() { return Ok(false) },
                    }
                    continue;
                }
                Next::Events(events, until) => (events, until),
                Next::Read(until) => self.read(position, until).await?,
            };
            if !events.is_empty() || until - stored >= PASS {
                let Some(now) = self.follower.take(&self.parts, (stored, until), &events).await? else {
                    // Somebody else moved it: another process that believes to run it, or a rebuild.
                    return Ok(true);
                };
                stored = now;
            }
            position = until;
            (self.limit, self.pause) = (BATCH, FIRST_RETRY);
            self.tell(Some(position), Activity::Following);
            if let Some(place) = self.place().filter(|_| !events.is_empty()) {
                gather(begun, &place.waiting).await;
            }
        }
        Ok(true)
    }

    /// The next events, read for this follower alone.
    async fn read(&self, after: i64, until: i64) -> Result<(Vec<Arc<Recorded>>, i64), LedgerError> {
        let limit = i64::try_from(self.limit).unwrap_or(i64::MAX);
        let events = self.parts.between((after, until), self.follower.who().sources, limit).await?;
        let full = events.len() >= self.limit;
        let last = events.last().filter(|_| full).map_or(until, |event| event.position);
        Ok((events.into_iter().map(Arc::new).collect(), last))
    }

    async fn stand_still(&self, error: &LedgerError) {
        let who = self.follower.who();
        let activity = activity_after(error);
        if let Activity::Halted(reason) = &activity {
            tracing::error!(view = who.name, %reason, "the view does not go on");
            if let Err(error) = checkpoint::halt(&self.parts, who, reason).await {
                tracing::warn!(view = who.name, %error, "why the view does not go on could not be stored");
            }
        } else {
            tracing::warn!(view = who.name, %error, "the view tries again");
        }
        self.tell(None, activity);
    }

    fn place(&self) -> Option<&Place> {
        self.board.places.get(self.index)
    }

    fn tell(&self, position: Option<i64>, activity: Activity) {
        let Some(place) = self.place() else { return };
        place.state.send_if_modified(|state| {
            let before = state.clone();
            state.position = state.position.max(position.unwrap_or(0));
            state.activity = activity;
            *state != before
        });
    }
}
