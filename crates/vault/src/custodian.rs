//! Who keeps the root key, outside PostgreSQL: a file, or a transit engine.
//!
//! A custodian holds at most a few roots, each with its epoch. Storing is a compare-and-set: a root is never replaced
//! by another of its epoch, and never joins a newer one. Destroying is believed only after looking again.

mod error;
mod file;
mod root;
mod set;
mod spec;
mod transit;

pub use error::CustodianError;
pub use file::{FileCustodian, Slot};
pub use root::{Held, Root};
pub use set::{Custodians, CustodiansError, FetchFault};
pub use spec::{CustodianSpec, SpecError, TokenSource, TransitSpec};
pub use transit::TransitCustodian;

use sqlx::PgPool;
use uuid::Uuid;

/// One keeper of the root.
#[derive(Clone, Debug)]
pub enum Custodian {
    /// A file with two slots.
    File(FileCustodian),
    /// A transit engine of `HashiCorp` Vault or `OpenBao`.
    Transit(Box<TransitCustodian>),
}

impl Custodian {
    /// The custodian that the settings describe, for one installation. Nothing is read or written yet.
    ///
    /// # Errors
    /// [`CustodianError::Unreachable`] when no TLS client can be made.
    pub fn open(spec: &CustodianSpec, pool: &PgPool, installation: Uuid) -> Result<Self, CustodianError> {
        match spec {
            CustodianSpec::File(path) => Ok(Self::File(FileCustodian::new(path).of(installation))),
            CustodianSpec::Transit(transit) => TransitCustodian::new(transit, pool.clone(), installation)
                .map(|transit| Self::Transit(Box::new(transit))),
        }
    }

    /// What the custodian is called in messages, certificates and the database; no token is in it.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::File(file) => file.name(),
            Self::Transit(transit) => transit.name().to_owned(),
        }
    }

    /// What tells it from any other, see [`CustodianSpec::identity`].
    #[must_use]
    pub fn identity(&self) -> String {
        match self {
            Self::File(file) => CustodianSpec::File(file.path().to_owned()).identity(),
            Self::Transit(transit) => transit.name().to_owned(),
        }
    }

    /// The roots that can be read there, ascending by epoch.
    ///
    /// # Errors
    /// [`CustodianError`]. A file that was never written is [vacant](CustodianError::is_vacant).
    pub async fn held(&self) -> Result<Vec<Held>, CustodianError> {
        match self {
            Self::File(file) => blocking(file, FileCustodian::held).await,
            Self::Transit(transit) => transit.held().await,
        }
    }

    /// The root of an epoch; `None` if it is not there.
    ///
    /// # Errors
    /// As [`Custodian::held`].
    pub async fn fetch(&self, epoch: i64) -> Result<Option<Root>, CustodianError> {
        match self {
            Self::File(file) => blocking(file, move |file| file.fetch(epoch)).await,
            Self::Transit(transit) => transit.fetch(epoch).await,
        }
    }

    /// Keeps a root: durable and read back when it returns. Storing the same root again is fine.
    ///
    /// # Errors
    /// [`CustodianError::Another`], [`CustodianError::Newer`], [`CustodianError::OfAnother`],
    /// [`CustodianError::NoFreeSlot`] when it must not be kept, and others when it cannot.
    pub async fn store(&self, root: &Root) -> Result<(), CustodianError> {
        match self {
            Self::File(file) => {
                let root = root.clone();
                blocking(file, move |file| file.store(&root)).await
            }
            Self::Transit(transit) => transit.store(root).await,
        }
    }

    /// Destroys the root of an epoch: durable and seen to be gone when it returns. If it is not there, that is fine.
    ///
    /// # Errors
    /// [`CustodianError`]; the root may then still be there.
    pub async fn destroy(&self, epoch: i64) -> Result<(), CustodianError> {
        match self {
            Self::File(file) => blocking(file, move |file| file.destroy(epoch)).await,
            Self::Transit(transit) => transit.destroy(epoch).await,
        }
    }

    /// Destroys this very root. A process that had stood still does not touch one that has taken its place.
    ///
    /// # Errors
    /// As [`Custodian::destroy`].
    pub async fn destroy_exactly(&self, held: Held) -> Result<(), CustodianError> {
        match self {
            Self::File(file) => blocking(file, move |file| file.destroy_exactly(&held)).await,
            Self::Transit(transit) => transit.destroy_exactly(&held).await,
        }
    }

    /// What is not right, though the custodian works.
    ///
    /// # Errors
    /// As [`Custodian::held`].
    pub async fn warnings(&self) -> Result<Vec<CustodianError>, CustodianError> {
        match self {
            Self::File(file) => blocking(file, FileCustodian::warnings).await,
            Self::Transit(transit) => transit.warnings().await,
        }
    }
}

/// Files wait for the disk, so they have a thread of their own.
async fn blocking<T: Send + 'static>(
    file: &FileCustodian,
    work: impl FnOnce(&FileCustodian) -> Result<T, CustodianError> + Send + 'static,
) -> Result<T, CustodianError> {
    let (custodian, own) = (file.name(), file.clone());
    tokio::task::spawn_blocking(move || work(&own))
        .await
        .unwrap_or(Err(CustodianError::Stopping { custodian }))
}
