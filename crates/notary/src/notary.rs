//! The notary of one process: what it answers, and where it stands.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use lethe_ledger::Parts;
use lethe_tlog::Hash;
use sqlx::{Postgres, Transaction};
use tokio::sync::watch;

use crate::check::{self, Checked};
use crate::examine::examine;
use crate::growth::Growth;
use crate::key::LogKey;
use crate::store::{self, signed, unsigned};
use crate::{Fault, NotaryError, Places};

/// How often it is looked whether something was signed, while somebody waits for it.
const LOOK: Duration = Duration::from_millis(50);

/// The notary of a process. At most one of all processes signs, the others answer from what it stored.
#[derive(Clone)]
pub struct Notary {
    pub(crate) parts: Arc<Parts>,
    pub(crate) key: Arc<LogKey>,
    pub(crate) places: Places,
    pub(crate) state: Arc<watch::Sender<State>>,
}

/// Where the notary stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// How many events are signed.
    pub size: u64,
    /// Why the ledger is not believed, if it is not.
    pub fault: Option<Fault>,
}

/// A signed checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// How many events it covers.
    pub size: u64,
    /// The root of the tree of that size.
    pub root: Hash,
    /// The signed note, with the signatures of witnesses if it has some.
    pub note: String,
    /// When it was signed, or cosigned.
    pub at: DateTime<Utc>,
}

impl Notary {
    /// Opens the notary on a ledger that is ready, and looks whether the ledger is the one that was signed. If it is
    /// not, that is stored, and nothing can be appended by anybody from then on.
    ///
    /// # Errors
    /// [`NotaryError::Vault`] when the signing key cannot be had, errors of the database.
    pub async fn open(parts: Arc<Parts>, places: Places) -> Result<Self, NotaryError> {
        let key = Arc::new(LogKey::of(&parts).await?);
        let notary = Self { parts, key, places, state: Arc::default() };
        if let Err(fault) = notary.examined().await? {
            notary.tell(Some(fault)).await?;
        }
        notary.look().await?;
        Ok(notary)
    }

    /// The verifier key of the log, as others are given it.
    #[must_use]
    pub fn verifier(&self) -> String {
        self.key.verifier().to_string()
    }

    /// The origin line of the log.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.key.verifier().name()
    }

    /// Where it stands, as far as this process knows.
    #[must_use]
    pub fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// The checkpoint to publish: the newest one that witnesses have cosigned if that is fresh, else the newest; `None`
    /// before the first one.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn checkpoint(&self) -> Result<Option<Checkpoint>, NotaryError> {
        self.newest(
            "SELECT size, note, signed_at FROM ( \
                 SELECT c.size, c.note, c.cosigned_at AS signed_at FROM notary.cosigned c, notary.head h \
                 WHERE c.cosigned_at > h.signed_at - interval '10 seconds' OR c.size = h.size \
                 UNION ALL SELECT size, note, signed_at FROM notary.head WHERE note IS NOT NULL) n LIMIT 1",
        )
        .await
    }

    /// The newest checkpoint, with no signature but the log's.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn signed(&self) -> Result<Option<Checkpoint>, NotaryError> {
        self.newest("SELECT size, note, signed_at FROM notary.head WHERE note IS NOT NULL").await
    }

    /// The newest checkpoint that a witness has cosigned, with its signature; `None` if there is none.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn cosigned(&self) -> Result<Option<Checkpoint>, NotaryError> {
        self.newest("SELECT size, note, cosigned_at FROM notary.cosigned").await
    }

    /// As [`Notary::reach`]; signs itself if no other process does.
    ///
    /// # Errors
    /// As [`Notary::reach`].
    pub async fn catch_up(&self, position: i64, within: Duration) -> Result<(), NotaryError> {
        let signing = async {
            self.clone().run(Vec::new()).await;
            std::future::pending::<()>().await;
        };
        tokio::select! {
            reached = self.reach(position, within) => reached,
            () = signing => Ok(()),
        }
    }

    async fn newest(&self, sql: &str) -> Result<Option<Checkpoint>, NotaryError> {
        let found: Option<(i64, String, DateTime<Utc>)> =
            sqlx::query_as(sql).fetch_optional(&self.parts.pool).await?;
        let Some((size, note, at)) = found else { return Ok(None) };
        let read = self.key.read(&note).filter(|(_, of, _)| *of == unsigned(size));
        let (_, size, root) = read.ok_or_else(|| NotaryError::Fault(Fault::signature(&"in the database")))?;
        Ok(Some(Checkpoint { size, root, note, at }))
    }

    /// Waits until everything up to a position is signed.
    ///
    /// # Errors
    /// [`NotaryError::Fault`], [`NotaryError::NotYet`] when it takes longer, errors of the database.
    pub async fn reach(&self, position: i64, within: Duration) -> Result<(), NotaryError> {
        let begun = Instant::now();
        loop {
            let state = self.look().await?;
            if let Some(fault) = state.fault {
                return Err(NotaryError::Fault(fault));
            }
            if signed(state.size) >= position {
                return Ok(());
            }
            if begun.elapsed() > within {
                return Err(NotaryError::NotYet { wanted: unsigned(position), size: state.size });
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Compares the whole tree with the whole ledger. It reads every event; servers may run meanwhile.
    ///
    /// # Errors
    /// Errors of the database. What is wrong with the ledger is in the answer.
    pub async fn check(&self, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<Checked, NotaryError> {
        let mut snapshot = self.snapshot().await?;
        let checked = check::walk(&mut snapshot, &self.key, progress).await?;
        snapshot.rollback().await?;
        Ok(checked)
    }

    /// The tree, if the ledger is the one that was signed.
    pub(crate) async fn examined(&self) -> Result<Result<Growth, Fault>, NotaryError> {
        // Before the snapshot: what is kept outside was committed before.
        let places = self.places.clone();
        let kept = tokio::task::spawn_blocking(move || places.read()).await.unwrap_or_default();
        let mut snapshot = self.snapshot().await?;
        let examined = examine(&mut snapshot, &self.key, &kept).await?;
        snapshot.rollback().await?;
        Ok(examined)
    }

    async fn snapshot(&self) -> Result<Transaction<'static, Postgres>, NotaryError> {
        let mut transaction = self.parts.pool.begin().await?;
        sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            .execute(&mut *transaction)
            .await?;
        Ok(transaction)
    }

    /// Stores why the ledger is not believed, or that it is again, for every process.
    pub(crate) async fn tell(&self, fault: Option<Fault>) -> Result<(), NotaryError> {
        if let Some(fault) = &fault {
            tracing::error!(position = fault.position, %fault, "the ledger is not believed: nothing is appended or signed");
        }
        store::set_fault(&self.parts.pool, fault.as_ref()).await?;
        self.state.send_modify(|state| state.fault = fault);
        Ok(())
    }

    /// Takes over what is stored.
    pub(crate) async fn look(&self) -> Result<State, NotaryError> {
        let mut connection = self.parts.pool.acquire().await?;
        let (head, _) = store::head(&mut connection).await?;
        let state = State { size: head.size, fault: head.fault };
        self.state.send_if_modified(|before| std::mem::replace(before, state.clone()) != state);
        Ok(state)
    }
}
