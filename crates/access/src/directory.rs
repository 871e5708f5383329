//! The directory: who may work here, in memory. It follows the ledger, and answers only as long as it knows that what
//! it holds was true less than a second ago, so that whoever is off-boarded is refused everywhere within that time.

mod follow;
mod roster;

pub use roster::{Member, Roster, UnitEntry};

use std::sync::Arc;
use std::time::{Duration, Instant};

use lethe_ledger::{LedgerError, Parts};
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

pub use crate::device::DeviceStatus;
pub use crate::user::Grant;

/// The issuer of this installation's own tokens; their subject is the id of the user.
pub const LOCAL_ISSUER: &str = "lethe-local";

/// How old an answer may be.
const TRUST: Duration = Duration::from_secs(1);

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Who may work here. Clones share what is known: however many requests ask, the database is asked once per interval.
#[derive(Clone)]
pub struct Directory {
    known: watch::Receiver<Known>,
    ask: Arc<Notify>,
}

/// What is known, and since when.
struct Known {
    roster: Arc<Roster>,
    /// Up to where the ledger is known.
    position: i64,
    /// When the database was last asked successfully: before it answered.
    asked: Instant,
    /// How often it could not be asked.
    failures: u64,
}

impl Known {
    fn is_recent(&self) -> bool {
        self.asked.elapsed() < TRUST
    }
}

impl Directory {
    /// Reads who may work here, and follows the ledger from then on, until it ends.
    ///
    /// # Errors
    /// Errors of the database, of the vault, and [`LedgerError::Unreadable`].
    pub async fn start(parts: Arc<Parts>) -> Result<Self, LedgerError> {
        let (asked, mut follower) = (Instant::now(), follow::Follower::default());
        follower.ask(&parts).await?;
        let (roster, position) = (Arc::new(follower.roster.clone()), follower.position);
        let (sender, known) = watch::channel(Known { roster, position, asked, failures: 0 });
        let ask = Arc::new(Notify::new());
        tokio::spawn(follow::follow(Arc::downgrade(&parts), follower, sender, ask.clone()));
        Ok(Self { known, ask })
    }

    /// What the ledger said less than a second ago.
    ///
    /// # Errors
    /// [`LedgerError::Unasked`] if it could not be asked.
    pub async fn current(&self) -> Result<Arc<Roster>, LedgerError> {
        {
            let known = self.known.borrow();
            if known.is_recent() {
                return Ok(known.roster.clone());
            }
        }
        self.when(Known::is_recent).await
    }

    /// What the ledger says now, for decisions that rest on it.
    ///
    /// # Errors
    /// As [`Directory::current`].
    pub async fn fresh(&self) -> Result<Arc<Roster>, LedgerError> {
        let now = Instant::now();
        self.when(|known| known.asked >= now).await
    }

    /// Waits until everything up to a position is known; tells whether it is.
    pub async fn reached(&self, position: i64, patience: Duration) -> bool {
        let mut known = self.known.clone();
        let reached = known.wait_for(|known| known.position >= position);
        matches!(timeout(patience, reached).await, Ok(Ok(_)))
    }

    /// What is known as soon as it is what is wanted; an error as soon as the database could not be asked.
    async fn when(&self, wanted: impl Fn(&Known) -> bool) -> Result<Arc<Roster>, LedgerError> {
        let mut known = self.known.clone();
        let failures = known.borrow().failures;
        self.ask.notify_one();
        let answered = known.wait_for(|known| wanted(known) || known.failures > failures);
        match timeout(PATIENCE, answered).await {
            Ok(Ok(known)) if wanted(&known) => Ok(known.roster.clone()),
            _ => Err(LedgerError::Unasked),
        }
    }
}
