//! Mirrors: folders outside PostgreSQL that have every wrapped key and every tombstone within seconds, so that the vault
//! can be restored without letting destroyed keys come back. Their files are described in `docs/mirrors.md`; all of it
//! is useless once the root is gone that it hangs from.

mod error;
mod export;
mod folder;
mod increments;
mod line;
mod open;
mod read;
mod snapshot;
mod status;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sqlx::{PgPool, Postgres, Transaction};

pub use error::{MirrorError, MirrorsError};
pub use line::Header;
pub(crate) use line::{BucketLine, KeyLine, Line, TombstoneLine, TransitRootLine};
pub(crate) use open::Contents;
pub use status::MirrorStatus;

use open::Known;
use snapshot::Snapshot;

/// All mirrors of an installation.
#[derive(Clone, Debug, Default)]
pub struct Mirrors(Vec<Mirror>);

/// One mirror.
#[derive(Clone, Debug)]
pub struct Mirror {
    folder: Arc<Path>,
    /// What it holds, as far as this process knows.
    known: Arc<Mutex<Option<Known>>>,
}

impl Mirrors {
    /// The mirrors in these folders. Nothing is read or written yet.
    #[must_use]
    pub fn new(folders: &[PathBuf]) -> Self {
        Self(folders.iter().map(|folder| Mirror::new(folder)).collect())
    }

    /// Each of them, in the order of the settings.
    pub fn iter(&self) -> std::slice::Iter<'_, Mirror> {
        self.0.iter()
    }

    /// Brings every mirror up to the database.
    ///
    /// # Errors
    /// [`MirrorsError`] with those that failed; the others are fed.
    pub async fn feed(&self, pool: &PgPool) -> Result<(), MirrorsError> {
        let mut failed = Vec::new();
        for mirror in &self.0 {
            failed.extend(mirror.feed(pool).await.err());
        }
        if failed.is_empty() { Ok(()) } else { Err(MirrorsError(failed)) }
    }

    /// Writes a full export of now to every mirror, and reads it back.
    ///
    /// # Errors
    /// [`MirrorsError`] with those that failed; then the others have it all the same.
    pub async fn export(&self, pool: &PgPool, takeover: Takeover) -> Result<(), MirrorsError> {
        let mut failed = Vec::new();
        for mirror in &self.0 {
            failed.extend(mirror.export(pool, takeover).await.err());
        }
        if failed.is_empty() { Ok(()) } else { Err(MirrorsError(failed)) }
    }

    /// Refuses a database that is older than what a mirror holds: in it, destroyed keys may be back. A mirror that cannot
    /// be read refuses nothing, and is told in the log.
    ///
    /// # Errors
    /// [`MirrorError::Newer`], [`MirrorError::OfAnother`], errors of the database.
    pub async fn check_not_newer(&self, pool: &PgPool) -> Result<(), MirrorError> {
        for mirror in &self.0 {
            match mirror.check_not_newer(pool).await {
                Err(
                    error @ (MirrorError::Newer { .. }
                    | MirrorError::OfAnother { .. }
                    | MirrorError::Database(_)),
                ) => return Err(error),
                Err(error) => {
                    tracing::error!(%error, "whether a mirror is newer than the database is not known");
                }
                Ok(()) => {}
            }
        }
        Ok(())
    }
}

impl<'a> IntoIterator for &'a Mirrors {
    type Item = &'a Mirror;
    type IntoIter = std::slice::Iter<'a, Mirror>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Whether an export may take over a mirror that the same installation fed from another cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takeover {
    /// No: the other one may be running.
    Refuse,
    /// Yes: the caller knows that this database is the one that goes on.
    Allow,
}

impl Mirror {
    /// The mirror in a folder.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.into(), known: Arc::default() }
    }

    /// Where it is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Brings the mirror up to the database: appends what it does not have, or writes a full export if it has none of
    /// this epoch and with all buckets from which keys hang now. If another process is at it, that one does it.
    ///
    /// # Errors
    /// [`MirrorError`].
    pub async fn feed(&self, pool: &PgPool) -> Result<(), MirrorError> {
        let Some(alone) = self.lock(pool, Wait::No).await? else { return Ok(()) };
        let fed = self.feed_alone(pool).await;
        alone.rollback().await?;
        if fed.is_err() {
            self.forget();
        }
        fed
    }

    async fn feed_alone(&self, pool: &PgPool) -> Result<(), MirrorError> {
        let Some(mut snapshot) = Snapshot::take(pool).await? else { return Ok(()) };
        let known = match self.known(&snapshot.header).await {
            Err(error @ MirrorError::Damaged { .. }) => {
                tracing::error!(%error, "a mirror is damaged, and is written anew");
                None
            }
            known => known?,
        };
        let header = &snapshot.header;
        let Some(mut known) = known.filter(|known| known.export.epoch == header.epoch) else {
            self.remember(Known::of(export::write(&self.folder, &mut snapshot).await?));
            return Ok(());
        };
        if known.export.cluster() != header.cluster() {
            let (system, timeline) = known.export.cluster();
            let other = format!("{system} on timeline {timeline}");
            return Err(MirrorError::OfAnotherCluster { path: self.folder.to_path_buf(), other });
        }
        loop {
            let page = snapshot.changes(known.change).await?;
            let Some(last) = page.last().and_then(Line::change) else { return Ok(()) };
            if known.export.generations != snapshot.header.generations {
                // A rotation may have moved these keys already, to buckets that increments do not have.
                self.remember(Known::of(export::write(&self.folder, &mut snapshot).await?));
                return Ok(());
            }
            let from = (known.change, known.whole);
            known.whole = increments::append(&self.folder, &known.export, from, page).await?;
            known.change = last;
            self.remember(known.clone());
        }
    }

    /// Writes a full export of now, and reads it back.
    ///
    /// # Errors
    /// [`MirrorError`].
    pub async fn export(&self, pool: &PgPool, takeover: Takeover) -> Result<(), MirrorError> {
        let alone = self.lock(pool, Wait::Yes).await?;
        let exported = self.export_alone(pool, takeover).await;
        if let Some(alone) = alone {
            alone.rollback().await?;
        }
        exported
    }

    async fn export_alone(&self, pool: &PgPool, takeover: Takeover) -> Result<(), MirrorError> {
        self.forget();
        let Some(mut snapshot) = Snapshot::take(pool).await? else { return Ok(()) };
        let header = &snapshot.header;
        match self.known(header).await {
            Ok(Some(known)) if known.export.cluster() != header.cluster() && takeover == Takeover::Refuse => {
                let (system, timeline) = known.export.cluster();
                let other = format!("{system} on timeline {timeline}");
                return Err(MirrorError::OfAnotherCluster { path: self.folder.to_path_buf(), other });
            }
            Ok(_) | Err(MirrorError::Damaged { .. }) => {}
            Err(error) => return Err(error),
        }
        self.remember(Known::of(export::write(&self.folder, &mut snapshot).await?));
        Ok(())
    }

    pub(crate) async fn check_not_newer(&self, pool: &PgPool) -> Result<(), MirrorError> {
        match Snapshot::take(pool).await? {
            Some(snapshot) => self.known(&snapshot.header).await.map(drop),
            // A database without a vault: whatever is here is somebody else's.
            None => match open::newest(&self.folder)? {
                Some(reader) => Err(MirrorError::OfAnother {
                    path: self.folder.to_path_buf(),
                    installation: reader.header.installation,
                }),
                None => Ok(()),
            },
        }
    }

    /// One process at a time writes to a mirror; none if another one does.
    async fn lock(
        &self,
        pool: &PgPool,
        wait: Wait,
    ) -> Result<Option<Transaction<'static, Postgres>>, MirrorError> {
        let mut alone = pool.begin().await?;
        let name = format!("lethe.vault.mirror {}", self.folder.display());
        if wait == Wait::Yes {
            // A full export takes longer than locks are usually waited for.
            let sql = "SELECT set_config('lock_timeout', '10min', true), \
                              pg_advisory_xact_lock(hashtextextended($1, 0))";
            sqlx::query(sql).bind(name).execute(&mut *alone).await?;
            return Ok(Some(alone));
        }
        let sql = "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))";
        let free: bool = sqlx::query_scalar(sql).bind(name).fetch_one(&mut *alone).await?;
        Ok(free.then_some(alone))
    }

    fn remember(&self, known: Known) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
    }

    fn forget(&self) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wait {
    Yes,
    No,
}
