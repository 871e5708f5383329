//! The wrapped keys in PostgreSQL.

use std::collections::HashSet;
use std::collections::hash_map::{Entry, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use lethe_kernel::{KeyClass, Subject, SubjectKind};
use sqlx::postgres::PgRow;
use sqlx::{PgPool, Row};
use uuid::Uuid;

use crate::VaultError;
use crate::crypto::Key;
use crate::custodian::{Custodians, Root};
use crate::keyring::Keyring;
use crate::mirror::Mirrors;
use crate::nursery::{NURSERY, Nursery, NurseryKey};
use crate::recent::Recent;
use crate::subject_key::SubjectKey;
use crate::wrap::{RootKey, SubjectPlace};

/// The keys of one installation.
pub struct Vault {
    pub(crate) pool: PgPool,
    pub(crate) custodians: Custodians,
    pub(crate) mirrors: Mirrors,
    root: Mutex<Arc<RootKey>>,
    pub(crate) nursery: Nursery,
    recent: Recent,
    alarm: Mutex<Option<String>>,
}

/// A new key as the ledger stores it, in the transaction of the events that use it.
pub struct NewKey {
    /// The key's id.
    pub id: Uuid,
    /// Whose key it is.
    pub subject: Subject,
    /// What it seals.
    pub class: KeyClass,
    /// The key, wrapped by that of the nursery.
    pub wrapped: Vec<u8>,
    /// The epoch whose nursery it is: the ledger takes it while that lasts.
    pub epoch: i64,
    /// What binds the key to id and subject.
    pub commitment: [u8; 32],
}

/// Keys of subjects, with what unwraps them, and those that were destroyed, without.
const KEYS: &str = "SELECT k.key_id, k.subject_kind, k.subject_id, k.class, k.commitment, k.wrapped, k.bucket, k.generation, \
     b.wrapped AS bucket_key, r.epoch \
     FROM vault.keys k LEFT JOIN vault.buckets b ON b.bucket = k.bucket AND b.generation = k.generation \
     CROSS JOIN vault.root r WHERE k.subject_id = ANY($1) \
     UNION ALL \
     SELECT t.key_id, t.subject_kind, t.subject_id, t.class, t.commitment, NULL, t.bucket, t.generation, NULL, 0 \
     FROM vault.tombstones t WHERE t.subject_id = ANY($1)";

impl Vault {
    pub(crate) fn new(pool: PgPool, custodians: Custodians, root: &Root) -> Result<Self, VaultError> {
        Ok(Self {
            pool,
            custodians,
            mirrors: Mirrors::default(),
            root: Mutex::new(Arc::new(RootKey::of(root)?)),
            nursery: Nursery::default(),
            recent: Recent::new(),
            alarm: Mutex::default(),
        })
    }

    /// The installation whose keys these are.
    #[must_use]
    pub fn installation(&self) -> Uuid {
        self.root().installation
    }

    /// Who keeps the root.
    #[must_use]
    pub fn custodians(&self) -> &Custodians {
        &self.custodians
    }

    /// The same vault, with mirrors.
    #[must_use]
    pub fn with_mirrors(self, mirrors: Mirrors) -> Self {
        Self { mirrors, ..self }
    }

    /// The folders that have a copy of the wrapped keys.
    #[must_use]
    pub fn mirrors(&self) -> &Mirrors {
        &self.mirrors
    }

    /// Reads the keys of subjects into a keyring, in one statement; those already there are not read again.
    ///
    /// # Errors
    /// [`VaultError::KeyDamaged`], [`VaultError::BucketDamaged`] or [`VaultError::NurseryDamaged`] when a key does not
    /// unwrap to what was created, and errors of the database.
    pub async fn load(&self, keyring: &mut Keyring, subjects: &[Subject]) -> Result<(), VaultError> {
        self.load_each(keyring, subjects).await?;
        subjects.iter().try_for_each(|subject| keyring.sound(*subject))
    }

    /// As [`Vault::load`], for showing many people at once: a key that is damaged opens nothing and says so when it is
    /// used, and does not keep the others from being read.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn load_each(&self, keyring: &mut Keyring, subjects: &[Subject]) -> Result<(), VaultError> {
        let missing = keyring.missing(subjects);
        if missing.is_empty() {
            return Ok(());
        }
        let mut attempts = 0;
        loop {
            match self.read(keyring, &missing).await {
                // A rotation came between the statement and the root.
                Err(VaultError::Rotated) if attempts < 3 => attempts += 1,
                read => break read?,
            }
        }
        keyring.asked(missing);
        Ok(())
    }

    async fn read(&self, keyring: &mut Keyring, subjects: &HashSet<Subject>) -> Result<(), VaultError> {
        let ids: Vec<Uuid> = subjects.iter().map(|subject| subject.id).collect();
        let rows = sqlx::query(KEYS).bind(ids).fetch_all(&self.pool).await?;
        let (mut destroyed, mut opened) = (Vec::new(), HashMap::new());
        for row in rows {
            let Some((subject, class)) = owner(&row, subjects)? else { continue };
            if row.try_get::<Option<&[u8]>, _>("wrapped")?.is_none() {
                destroyed.push((subject, class));
                continue;
            }
            match self.unwrap(&row, (subject, class), &mut opened).await {
                Ok(key) => keyring.insert(key),
                Err(VaultError::KeyDamaged(_)) => keyring.distrust(subject, class, None),
                Err(VaultError::BucketDamaged(_) | VaultError::NurseryDamaged(_)) => {
                    let at = (row.try_get("bucket")?, row.try_get("generation")?);
                    keyring.distrust(subject, class, Some(at));
                }
                Err(error) => return Err(error),
            }
        }
        // Where a copy of a destroyed key has come back, the tombstone decides.
        for (subject, class) in destroyed {
            keyring.bury(subject, class);
        }
        Ok(())
    }

    /// As [`Vault::load`], but takes keys from memory that were read since the last destruction of a key, as
    /// [`Vault::heed_destructions`] knows of it. For commands only: what they use must still be stored when the ledger
    /// takes their events.
    ///
    /// # Errors
    /// As [`Vault::load`].
    pub async fn load_recent(&self, keyring: &mut Keyring, subjects: &[Subject]) -> Result<(), VaultError> {
        let missing = keyring.missing(subjects);
        let found = missing.iter().copied().filter(|subject| self.recent.copy(*subject, keyring));
        let found: Vec<Subject> = found.collect();
        keyring.asked(found);
        let missing = keyring.missing(subjects);
        let known = self.recent.destructions();
        self.load(keyring, subjects).await?;
        self.recent.keep(missing.into_iter().map(|subject| (subject, keyring.of(subject))), known);
        Ok(())
    }

    /// Forgets the keys of subjects that were read lately, because one of them turned out to be gone.
    pub fn forget(&self, subjects: impl Iterator<Item = Subject>) {
        self.recent.forget(subjects);
    }

    /// Forgets the key of the nursery, because a rotation has made another.
    pub fn forget_nursery(&self) {
        self.nursery.forget();
    }

    /// Forgets all keys in memory if one was destroyed, by whatever process. Keys are kept only while this is called
    /// at least once a second.
    ///
    /// # Errors
    /// Errors of the database; after a second without an answer nothing is kept.
    pub async fn heed_destructions(&self) -> Result<(), VaultError> {
        let asked = Instant::now();
        let (number, epoch): (i64, i64) =
            sqlx::query_as("SELECT d.number, r.epoch FROM vault.destructions d CROSS JOIN vault.root r")
                .fetch_one(&self.pool)
                .await?;
        self.recent.heed(number, asked);
        if epoch != self.root().epoch {
            self.nursery.forget();
            self.root_of(epoch).await?;
        }
        Ok(())
    }

    /// A keyring with the keys of these subjects.
    ///
    /// # Errors
    /// As [`Vault::load`].
    pub async fn keyring(&self, subjects: &[Subject]) -> Result<Keyring, VaultError> {
        let mut keyring = Keyring::default();
        self.load(&mut keyring, subjects).await?;
        Ok(keyring)
    }

    /// Wraps new keys for storing, in the nursery.
    ///
    /// # Errors
    /// [`VaultError::NurseryDamaged`], [`VaultError::Crypto`] and errors of the database.
    pub async fn wrap(&self, keys: &[Arc<SubjectKey>]) -> Result<Vec<NewKey>, VaultError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let NurseryKey { epoch, key: nursery } = self.nursery_key().await?;
        let wrap = |key: &Arc<SubjectKey>| {
            let (id, subject, class) = (key.id(), key.subject(), key.class());
            let place = SubjectPlace { id, subject, class, bucket: NURSERY, generation: epoch };
            let (wrapped, commitment) = (place.wrap(&nursery, key.secret())?, key.commitment()?);
            Ok(NewKey { id, subject, class, wrapped, epoch, commitment })
        };
        keys.iter().map(wrap).collect()
    }

    /// The key of a row; what was unwrapped for it is kept in `opened` for the rows that follow.
    async fn unwrap(
        &self,
        row: &PgRow,
        (subject, class): (Subject, KeyClass),
        opened: &mut HashMap<(i32, i64), Key>,
    ) -> Result<SubjectKey, VaultError> {
        let root = self.root_of(row.try_get("epoch")?).await?;
        let (bucket, generation) = (row.try_get("bucket")?, row.try_get("generation")?);
        let secret = match opened.entry((bucket, generation)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let wrapped: Option<&[u8]> = row.try_get("bucket_key")?;
                let wrapped = wrapped.ok_or_else(|| VaultError::damaged(bucket, generation))?;
                place.insert(root.unwrap(bucket, generation, wrapped)?)
            }
        };
        let place = SubjectPlace { id: row.try_get("key_id")?, subject, class, bucket, generation };
        let secret = place.unwrap(secret, row.try_get("wrapped")?)?.ok_or(VaultError::KeyDamaged(subject))?;
        let key = SubjectKey::new(place.id, subject, class, secret)?;
        if key.commitment()?.as_slice() != row.try_get::<&[u8], _>("commitment")? {
            return Err(VaultError::KeyDamaged(subject));
        }
        Ok(key)
    }

    /// What wraps buckets now, as far as this process knows.
    pub(crate) fn root(&self) -> Arc<RootKey> {
        self.root.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What wraps buckets in an epoch. If a rotation has begun another one, the custodians are asked.
    pub(crate) async fn root_of(&self, epoch: i64) -> Result<Arc<RootKey>, VaultError> {
        let known = self.root();
        if known.epoch == epoch {
            return Ok(known);
        }
        let (now, commitment): (i64, Vec<u8>) =
            sqlx::query_as("SELECT epoch, commitment FROM vault.root").fetch_one(&self.pool).await?;
        let commitment = commitment.try_into().map_err(|_| VaultError::Rotated)?;
        let fetched = Arc::new(RootKey::of(&self.custodians.fetch(now, &commitment).await?)?);
        self.forget_nursery();
        *self.root.lock().unwrap_or_else(PoisonError::into_inner) = fetched.clone();
        if now == epoch { Ok(fetched) } else { Err(VaultError::Rotated) }
    }

    /// Takes note of damage, so that readiness tells it. It stays until the process is started anew.
    pub fn alarm(&self, error: &VaultError) {
        if error.is_damage() {
            tracing::error!(%error, "the vault is damaged");
            *self.alarm.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
        }
    }

    /// The damage that was met since the process started, if any.
    #[must_use]
    pub fn damage(&self) -> Option<String> {
        self.alarm.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Whose key a row is, if it is of one of these.
fn owner(row: &PgRow, wanted: &HashSet<Subject>) -> Result<Option<(Subject, KeyClass)>, VaultError> {
    let kind = SubjectKind::from_name(row.try_get("subject_kind")?);
    let class = KeyClass::from_name(row.try_get("class")?);
    let (Some(kind), Some(class)) = (kind, class) else { return Ok(None) };
    let subject = Subject::new(kind, row.try_get("subject_id")?);
    Ok(wanted.contains(&subject).then_some((subject, class)))
}
