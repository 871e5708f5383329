//! The wrapped keys in PostgreSQL.

use std::time::Instant;

use lethe_kernel::{KeyClass, Subject, SubjectKind};
use sqlx::{PgPool, Row};
use uuid::Uuid;

use crate::VaultError;
use crate::crypto::{self, Key, NONCE_BYTES};
use crate::keyring::{Keyring, SubjectKey};
use crate::recent::Recent;
use crate::root::{Root, RootFile};

/// The keys of one installation.
pub struct Vault {
    pool: PgPool,
    root: Root,
    recent: Recent,
}

/// A new key as the ledger stores it, in the transaction of the events that use it.
pub struct NewKey {
    /// The key's id.
    pub id: Uuid,
    /// Whose key it is.
    pub subject: Subject,
    /// What it seals.
    pub class: KeyClass,
    /// The key, wrapped by the root.
    pub wrapped: Vec<u8>,
    /// What binds the key to id and subject.
    pub commitment: [u8; 32],
}

impl Vault {
    /// Opens the vault of a database, with the root of its data folder; the first time, creates the root.
    ///
    /// # Errors
    /// [`VaultError::RootMissing`], [`VaultError::RootOfAnother`] and the errors of file and database.
    pub async fn open(pool: PgPool, file: &RootFile) -> Result<Self, VaultError> {
        let mut transaction = pool.begin().await?;
        // Two processes that start at once must agree on one root.
        sqlx::query("LOCK TABLE vault.root IN EXCLUSIVE MODE").execute(&mut *transaction).await?;
        let known: Option<Vec<u8>> =
            sqlx::query_scalar("SELECT commitment FROM vault.root").fetch_optional(&mut *transaction).await?;
        let root = match (known, file.read()?) {
            (Some(known), Some(root)) if known == root.commitment() => root,
            (Some(_), Some(_)) => return Err(VaultError::RootOfAnother(file.path().to_owned())),
            (Some(_), None) => return Err(VaultError::RootMissing(file.path().to_owned())),
            (None, found) => {
                let root = found.map_or_else(|| file.create(), Ok)?;
                sqlx::query("INSERT INTO vault.root (commitment) VALUES ($1)")
                    .bind(root.commitment().as_slice())
                    .execute(&mut *transaction)
                    .await?;
                root
            }
        };
        transaction.commit().await?;
        Ok(Self { pool, root, recent: Recent::new() })
    }

    /// Reads the keys of subjects into a keyring, in one statement; those already there are not read again.
    ///
    /// # Errors
    /// [`VaultError::KeyDamaged`] when a key does not unwrap to what was created, and errors of the database.
    pub async fn load(&self, keyring: &mut Keyring, subjects: &[Subject]) -> Result<(), VaultError> {
        let missing = keyring.missing(subjects);
        if missing.is_empty() {
            return Ok(());
        }
        let ids: Vec<Uuid> = missing.iter().map(|subject| subject.id).collect();
        let rows = sqlx::query(
            "SELECT key_id, subject_kind, subject_id, class, wrapped, commitment FROM vault.keys \
             WHERE subject_id = ANY($1)",
        )
        .bind(ids)
        .fetch_all(&self.pool)
        .await?;
        for row in rows {
            if let Some(key) = self.unwrap(&row, &missing)? {
                keyring.insert(key);
            }
        }
        keyring.asked(missing);
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

    /// Forgets all keys in memory if one was destroyed, by whatever process. Keys are kept only while this is called
    /// at least once a second.
    ///
    /// # Errors
    /// Errors of the database; after a second without an answer nothing is kept.
    pub async fn heed_destructions(&self) -> Result<(), VaultError> {
        let asked = Instant::now();
        let number = sqlx::query_scalar("SELECT destructions FROM vault.root").fetch_one(&self.pool).await?;
        self.recent.heed(number, asked);
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

    /// Wraps a new key for storing.
    ///
    /// # Errors
    /// [`VaultError::Crypto`].
    pub fn wrap(&self, key: &SubjectKey) -> Result<NewKey, VaultError> {
        let nonce = crypto::random::<NONCE_BYTES>()?;
        let aad = wrap_aad(key.id(), key.subject(), key.class());
        let ciphertext = crypto::encrypt(&self.root.cipher, nonce, &aad, key.secret().to_vec())?;
        Ok(NewKey {
            id: key.id(),
            subject: key.subject(),
            class: key.class(),
            wrapped: [nonce.as_slice(), &ciphertext].concat(),
            commitment: key.commitment()?,
        })
    }

    fn unwrap(
        &self,
        row: &sqlx::postgres::PgRow,
        wanted: &std::collections::HashSet<Subject>,
    ) -> Result<Option<SubjectKey>, VaultError> {
        let kind = SubjectKind::from_name(row.try_get("subject_kind")?);
        let class = KeyClass::from_name(row.try_get("class")?);
        let (Some(kind), Some(class)) = (kind, class) else { return Ok(None) };
        let subject = Subject::new(kind, row.try_get("subject_id")?);
        if !wanted.contains(&subject) {
            return Ok(None);
        }
        let id: Uuid = row.try_get("key_id")?;
        let wrapped: Vec<u8> = row.try_get("wrapped")?;
        let commitment: Vec<u8> = row.try_get("commitment")?;
        let secret = wrapped
            .split_first_chunk::<NONCE_BYTES>()
            .and_then(|(nonce, ciphertext)| {
                crypto::decrypt(&self.root.cipher, *nonce, &wrap_aad(id, subject, class), ciphertext)
            })
            .and_then(|secret| <[u8; crypto::KEY_LEN]>::try_from(secret.as_slice()).ok())
            .ok_or(VaultError::KeyDamaged(subject))?;
        let key = SubjectKey::new(id, subject, class, Key::new(secret))?;
        if key.commitment()?.as_slice() != commitment {
            return Err(VaultError::KeyDamaged(subject));
        }
        Ok(Some(key))
    }
}

fn wrap_aad(id: Uuid, subject: Subject, class: KeyClass) -> Vec<u8> {
    crypto::framed(&[
        b"lethe-wrap/1",
        id.as_bytes(),
        subject.kind.name().as_bytes(),
        subject.id.as_bytes(),
        class.name().as_bytes(),
    ])
}
