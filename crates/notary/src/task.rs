//! The one notary that signs: the process that holds the lock. It follows the ledger, and stops at what it cannot believe.

use std::convert::Infallible;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use sqlx::{Connection, PgConnection};
use tokio::sync::watch;

use crate::growth::{Growth, Tile};
use crate::store::{self, signed};
use crate::{Fault, Notary, NotaryError, State, Witness, examine, read};

/// How often a process tries to take over, and looks at a ledger that does not grow.
const TRY: Duration = Duration::from_millis(500);
/// How long it is at least from one checkpoint to the next.
const PACE: Duration = Duration::from_millis(400);
/// How many events go into one checkpoint while it catches up.
const BATCH: i64 = 10_000;
/// When a ledger that is not believed is looked at again.
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LAST_RETRY: Duration = Duration::from_secs(16);

impl Notary {
    /// Signs for as long as this process holds the lock; waits for it while another one does. Never ends.
    pub async fn run(self, witnesses: Vec<Witness>) {
        let notes = watch::Sender::new(String::new());
        let signing = async {
            let mut told = String::new();
            loop {
                let Err(error) = self.session(&notes, &witnesses).await;
                // While the database is away it is the same each time.
                let error = error.to_string();
                if error != told {
                    tracing::warn!(error, "the notary tries again until it can go on");
                    told = error;
                }
                tokio::time::sleep(TRY).await;
            }
        };
        let ((), ()) = tokio::join!(signing, self.keep_outside(notes.subscribe()));
    }

    async fn session(
        &self,
        notes: &watch::Sender<String>,
        witnesses: &[Witness],
    ) -> Result<Infallible, NotaryError> {
        // A connection of its own: with it the lock is lost, and another process goes on.
        let mut lock = PgConnection::connect_with(&self.parts.pool.connect_options()).await?;
        loop {
            let sql = "SELECT pg_try_advisory_lock(hashtextextended('lethe.notary', 0))";
            if sqlx::query_scalar(sql).fetch_one(&mut lock).await? {
                break;
            }
            self.look().await?;
            tokio::time::sleep(TRY).await;
        }
        tokio::select! {
            ended = self.sign_on(&mut lock, notes) => ended,
            never = self.collect(witnesses) => never,
        }
    }

    /// Follows the ledger as long as the connection that holds the lock answers.
    async fn sign_on(
        &self,
        lock: &mut PgConnection,
        notes: &watch::Sender<String>,
    ) -> Result<Infallible, NotaryError> {
        let (mut growth, mut pause) = (None, FIRST_RETRY);
        let mut head = self.parts.head_watch();
        loop {
            let (stored, _) = store::head(lock).await?;
            if stored.fault.is_some() {
                growth = None;
            }
            match self.step(&mut growth, notes).await? {
                Step::Signed => {
                    pause = FIRST_RETRY;
                    tokio::time::sleep(PACE).await;
                }
                Step::Nothing => {
                    // A hint may get lost, so it looks now and then too.
                    drop(tokio::time::timeout(TRY, head.changed()).await);
                }
                Step::Faulty => {
                    growth = None;
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LAST_RETRY);
                }
            }
        }
    }

    async fn step(
        &self,
        growth: &mut Option<Growth>,
        notes: &watch::Sender<String>,
    ) -> Result<Step, NotaryError> {
        let tree = match growth.take() {
            Some(tree) => tree,
            None => match self.begin().await? {
                Ok(tree) => tree,
                Err(fault) => return self.refuse(fault).await,
            },
        };
        let mut connection = self.parts.pool.acquire().await?;
        let end = examine::end(&mut connection).await?;
        if end < signed(tree.size()) {
            drop(connection);
            return self.refuse(Fault::shorter(end, tree.size(), &"in the database")).await;
        }
        if end == signed(tree.size()) {
            *growth = Some(tree);
            return Ok(Step::Nothing);
        }
        let (mut longer, mut full) = (tree.clone(), Vec::new());
        let read = read::leaves(&mut connection, signed(tree.size()), BATCH, |_, leaf| {
            longer.push(leaf, &mut full);
            Ok(())
        })
        .await?;
        drop(connection);
        if let Err(fault) = read {
            return self.refuse(fault).await;
        }
        if let Some(note) = self.sign(tree.size(), &longer, full).await? {
            notes.send_replace(note);
            *growth = Some(longer);
            return Ok(Step::Signed);
        }
        // Another process signed, or somebody told of a fault: begin from what is stored.
        Ok(Step::Nothing)
    }

    /// The tree to go on with. A ledger that was not believed is compared from the beginning before it is believed again.
    async fn begin(&self) -> Result<Result<Growth, Fault>, NotaryError> {
        let tree = match self.examined().await? {
            Ok(tree) => tree,
            Err(fault) => return Ok(Err(fault)),
        };
        if self.look().await?.fault.is_some() {
            if let Some(fault) = self.check(&|_, _| {}).await?.fault {
                return Ok(Err(fault));
            }
            tracing::info!("the ledger is the one that was signed: it is believed again");
            self.tell(None).await?;
        }
        Ok(Ok(tree))
    }

    async fn refuse(&self, fault: Fault) -> Result<Step, NotaryError> {
        if self.state().fault.as_ref() != Some(&fault) {
            self.tell(Some(fault)).await?;
        }
        metrics::gauge!("lethe_notary_fault").set(1.0);
        Ok(Step::Faulty)
    }

    /// Stores the longer tree with its signed checkpoint; none if the stored one was not the one it was made from.
    async fn sign(&self, from: u64, tree: &Growth, full: Vec<Tile>) -> Result<Option<String>, NotaryError> {
        let begun = Instant::now();
        let note = self.key.sign(tree.size(), tree.root())?;
        let tiles: Vec<Tile> = full.into_iter().chain(tree.partial()).collect();
        let mut transaction = self.parts.pool.begin().await?;
        let (origin, size) = (self.key.origin(), tree.size());
        if !store::advance(&mut transaction, (from, origin), (size, &note)).await? {
            transaction.rollback().await?;
            return Ok(None);
        }
        store::put(&mut transaction, &tiles).await?;
        transaction.commit().await?;
        self.state.send_replace(State { size, fault: None });
        metrics::gauge!("lethe_notary_fault").set(0.0);
        metrics::gauge!("lethe_notary_size").set(precise(size));
        metrics::histogram!("lethe_notary_seconds").record(begun.elapsed().as_secs_f64());
        Ok(Some(note))
    }

    /// Keeps the last checkpoint outside too. A place that does not take it does not hold the log up.
    async fn keep_outside(&self, mut notes: watch::Receiver<String>) {
        let mut failing: Vec<PathBuf> = Vec::new();
        while notes.changed().await.is_ok() {
            let (places, note) = (self.places.clone(), notes.borrow_and_update().clone());
            let failed = tokio::task::spawn_blocking(move || places.keep(&note)).await.unwrap_or_default();
            metrics::gauge!("lethe_notary_places_failing").set(precise(failed.len() as u64));
            for (place, error) in failed.iter().filter(|(place, _)| !failing.contains(place)) {
                tracing::error!(place = %place.display(), %error, "the last checkpoint is not kept there");
            }
            failing = failed.into_iter().map(|(place, _)| place).collect();
        }
    }
}

enum Step {
    Signed,
    Nothing,
    Faulty,
}

/// A number for a metric.
fn precise(number: u64) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
