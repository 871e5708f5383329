//! The root under a key of a transit engine (`HashiCorp` Vault, `OpenBao`), one transit key for each epoch.
//!
//! A transit engine keeps keys, not what they encrypt. The root's record is encrypted under the transit key
//! `lethe-<installation>-<epoch>` and the ciphertext kept in PostgreSQL, in `vault.transit_roots`. Backups may keep the
//! ciphertext for ever: when the transit key is deleted, nothing opens it.

mod http;
mod rows;

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use sqlx::PgPool;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{CustodianError, Held, Root, TransitSpec};
use http::{Answer, Http};
use rows::Rows;

/// Not a ciphertext; it asks whether there is a key at all, because a missing key is told first.
const NOTHING: &str = "vault:v1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==";

/// A transit engine that keeps the key to the root.
#[derive(Clone, Debug)]
pub struct TransitCustodian {
    http: Http,
    rows: Rows,
    installation: Uuid,
}

/// What a kept ciphertext turned out to be.
enum Opened {
    Root(Root),
    /// The transit key was deleted.
    KeyGone,
    /// There is a key, but not the one it was encrypted under; or it is not a root.
    Damaged,
}

impl TransitCustodian {
    /// The custodian of an installation. Nothing is asked yet.
    ///
    /// # Errors
    /// [`CustodianError::Unreachable`] when no TLS client can be made.
    pub fn new(spec: &TransitSpec, pool: PgPool, installation: Uuid) -> Result<Self, CustodianError> {
        let http = Http::new(spec.clone(), Duration::from_secs(5))?;
        let rows = Rows::new(pool, http.name().to_owned());
        Ok(Self { http, rows, installation })
    }

    /// How long to wait for an answer, instead of 5 seconds.
    ///
    /// # Errors
    /// As [`TransitCustodian::new`].
    pub fn with_timeout(self, timeout: Duration) -> Result<Self, CustodianError> {
        Ok(Self { http: self.http.with_timeout(timeout)?, ..self })
    }

    /// What the custodian is called: `transit:`, address, mount and namespace.
    #[must_use]
    pub fn name(&self) -> &str {
        self.http.name()
    }

    /// The roots that can be read, ascending by epoch. What is kept under a deleted key cannot be read.
    ///
    /// # Errors
    /// [`CustodianError`], also when all that is kept is damaged.
    pub async fn held(&self) -> Result<Vec<Held>, CustodianError> {
        let (roots, damaged) = self.survey().await?;
        match damaged.first() {
            Some(epoch) if roots.is_empty() => Err(self.unopened(*epoch)),
            _ => Ok(roots.iter().map(Root::held).collect()),
        }
    }

    /// The root of an epoch.
    ///
    /// # Errors
    /// [`CustodianError`].
    pub async fn fetch(&self, epoch: i64) -> Result<Option<Root>, CustodianError> {
        let Some(ciphertext) = self.rows.kept(epoch).await? else { return Ok(None) };
        match self.open(epoch, &ciphertext).await? {
            Opened::Root(root) => Ok(Some(root)),
            Opened::KeyGone => Ok(None),
            Opened::Damaged => Err(self.unopened(epoch)),
        }
    }

    /// Keeps a root under a new transit key.
    ///
    /// # Errors
    /// [`CustodianError`].
    pub async fn store(&self, root: &Root) -> Result<(), CustodianError> {
        let (custodian, epoch) = (self.name().to_owned(), root.epoch);
        if root.installation != self.installation {
            return Err(CustodianError::OfAnother { custodian, installation: root.installation });
        }
        if let Some(ciphertext) = self.rows.kept(epoch).await? {
            match self.open(epoch, &ciphertext).await? {
                Opened::Root(kept) if kept.same(root) => return self.rows.refuse_newer(epoch).await,
                Opened::Root(_) => return Err(CustodianError::Another { custodian, epoch }),
                Opened::Damaged => return Err(self.unopened(epoch)),
                // Before a new key of that name: under it, the old ciphertext would look damaged.
                Opened::KeyGone => self.rows.forget(epoch, &ciphertext).await?,
            }
        }
        self.rows.refuse_newer(epoch).await?;
        self.create_key(epoch).await?;
        let ciphertext = self.encrypt(root).await?;
        self.rows.keep(epoch, &ciphertext).await?;
        match self.fetch(epoch).await? {
            Some(kept) if kept.same(root) => Ok(()),
            Some(_) => Err(CustodianError::Another { custodian, epoch }),
            None => Err(CustodianError::Unverified { custodian }),
        }
    }

    /// Deletes the transit key of an epoch, sees that nothing decrypts any more, and forgets the ciphertext.
    ///
    /// # Errors
    /// [`CustodianError`]; [`CustodianError::Unverified`] when the key is still there.
    pub async fn destroy(&self, epoch: i64) -> Result<(), CustodianError> {
        let kept = self.rows.kept(epoch).await?;
        let key = self.key(epoch);
        if self.describe(&key).await?.is_some() {
            let allow = br#"{"deletion_allowed":true}"#.to_vec();
            self.http.call(Method::POST, &["keys", &key, "config"], Some(allow.into())).await?.success()?;
            self.http.call(Method::DELETE, &["keys", &key], None).await?.success()?;
        }
        // An engine that is not there answers 404 as well; only this answer means that the key is gone.
        let decrypted = self.open(epoch, kept.as_deref().unwrap_or(NOTHING)).await?;
        if self.describe(&key).await?.is_some() || !matches!(decrypted, Opened::KeyGone) {
            return Err(CustodianError::Unverified { custodian: self.name().to_owned() });
        }
        match kept {
            Some(ciphertext) => self.rows.forget(epoch, &ciphertext).await,
            None => Ok(()),
        }
    }

    /// Destroys this very root; another one of its epoch stays.
    ///
    /// # Errors
    /// As [`TransitCustodian::destroy`].
    pub async fn destroy_exactly(&self, held: &Held) -> Result<(), CustodianError> {
        match self.fetch(held.epoch).await? {
            Some(root) if root.held() == *held => self.destroy(held.epoch).await,
            _ => Ok(()),
        }
    }

    /// What is kept and does not open, beside roots that do.
    ///
    /// # Errors
    /// As [`TransitCustodian::held`].
    pub async fn warnings(&self) -> Result<Vec<CustodianError>, CustodianError> {
        let (_, damaged) = self.survey().await?;
        Ok(damaged.into_iter().map(|epoch| self.unopened(epoch)).collect())
    }

    async fn survey(&self) -> Result<(Vec<Root>, Vec<i64>), CustodianError> {
        let rows = self.rows.all().await?;
        if rows.is_empty() {
            // To hold nothing is an answer only of a service that answers.
            self.describe(&self.key(0)).await?;
        }
        let (mut roots, mut damaged) = (Vec::new(), Vec::new());
        for (epoch, ciphertext) in rows {
            match self.open(epoch, &ciphertext).await? {
                Opened::Root(root) => roots.push(root),
                Opened::KeyGone => {}
                Opened::Damaged => damaged.push(epoch),
            }
        }
        Ok((roots, damaged))
    }

    async fn open(&self, epoch: i64, ciphertext: &str) -> Result<Opened, CustodianError> {
        let body = serde_json::json!({ "ciphertext": ciphertext }).to_string().into_bytes();
        let answer = self.http.call(Method::POST, &["decrypt", &self.key(epoch)], Some(body.into())).await?;
        match answer.status() {
            200 => {
                let record = answer.text()?;
                let record = STANDARD.decode(record.as_bytes()).map(Zeroizing::new).unwrap_or_default();
                let root = Root::from_record(&record)
                    .filter(|root| root.epoch == epoch && root.installation == self.installation);
                Ok(root.map_or(Opened::Damaged, Opened::Root))
            }
            400 if answer.says("encryption key not found") => Ok(Opened::KeyGone),
            400 => Ok(Opened::Damaged),
            _ => Err(answer.refused()),
        }
    }

    async fn create_key(&self, epoch: i64) -> Result<(), CustodianError> {
        let key = self.key(epoch);
        let body =
            br#"{"type":"aes256-gcm96","derived":false,"exportable":false,"allow_plaintext_backup":false}"#;
        self.http.call(Method::POST, &["keys", &key], Some(body.to_vec().into())).await?.success()?;
        // A key that was there before is left as it is by the service, so look at what it is.
        match self.describe(&key).await? {
            Some(answer) if answer.is_our_kind()? => Ok(()),
            Some(_) => Err(CustodianError::WeakKey { custodian: self.name().to_owned(), key }),
            None => Err(CustodianError::Unverified { custodian: self.name().to_owned() }),
        }
    }

    /// What the service says of a transit key; `None` if there is none.
    async fn describe(&self, key: &str) -> Result<Option<Answer>, CustodianError> {
        let answer = self.http.call(Method::GET, &["keys", key], None).await?;
        if answer.status() == 404 { Ok(None) } else { answer.success().map(Some) }
    }

    async fn encrypt(&self, root: &Root) -> Result<String, CustodianError> {
        let record = Zeroizing::new(STANDARD.encode(root.record().as_slice()));
        let parts = [r#"{"plaintext":""#, record.as_str(), r#""}"#];
        // Sized at once: a buffer that grows leaves the record behind.
        let mut body = Zeroizing::new(Vec::with_capacity(parts.iter().map(|part| part.len()).sum()));
        for part in parts {
            body.extend_from_slice(part.as_bytes());
        }
        let path = ["encrypt", &self.key(root.epoch)];
        let answer = self.http.call(Method::POST, &path, Some(bytes::Bytes::from_owner(body))).await?;
        answer.success_unquoted()?.text().map(|ciphertext| ciphertext.to_string())
    }

    fn key(&self, epoch: i64) -> String {
        format!("lethe-{}-{epoch}", self.installation)
    }

    fn unopened(&self, epoch: i64) -> CustodianError {
        CustodianError::Unopened { custodian: self.name().to_owned(), epoch }
    }
}
