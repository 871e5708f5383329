//! All custodians of an installation.

use std::collections::HashSet;

use super::{Custodian, CustodianError, Held, Root};

/// All custodians of an installation, in the order of the settings. Every root is at all of them.
#[derive(Clone, Debug)]
pub struct Custodians(Vec<Custodian>);

/// What can go wrong with custodians together.
#[derive(Debug, thiserror::Error)]
pub enum CustodiansError {
    /// There is none.
    #[error("There is no custodian for the root key. Name at least one in the settings.")]
    NoCustodian,
    /// One is named twice, which would look like two copies.
    #[error("The custodian {0} is named twice in the settings. Name each once.")]
    Twice(String),
    /// Nobody has the root.
    #[error("No custodian has the root of epoch {epoch} that this database needs:{}", listed(.reasons))]
    NotFetched {
        /// The epoch.
        epoch: i64,
        /// Each custodian's name and what is wrong there.
        reasons: Vec<(String, FetchFault)>,
    },
    /// Some failed.
    #[error("Not every custodian did its part:{}", listed(.0))]
    Failed(Vec<(String, CustodianError)>),
}

/// Why a custodian did not give the root.
#[derive(Debug, thiserror::Error)]
pub enum FetchFault {
    /// It has none of the epoch.
    #[error("It has no root of this epoch.")]
    Absent,
    /// It has another of the epoch.
    #[error("Its root of this epoch belongs to another database.")]
    Mismatched,
    /// It failed.
    #[error(transparent)]
    Failed(#[from] CustodianError),
}

impl Custodians {
    /// The set of these custodians.
    ///
    /// # Errors
    /// [`CustodiansError::NoCustodian`], [`CustodiansError::Twice`].
    pub fn new(custodians: Vec<Custodian>) -> Result<Self, CustodiansError> {
        let mut names = HashSet::new();
        if let Some(twice) = custodians.iter().map(Custodian::name).find(|name| !names.insert(name.clone())) {
            return Err(CustodiansError::Twice(twice));
        }
        if custodians.is_empty() {
            return Err(CustodiansError::NoCustodian);
        }
        Ok(Self(custodians))
    }

    /// Each custodian, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Custodian> {
        self.0.iter()
    }

    /// The names, in order.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.iter().map(Custodian::name).collect()
    }

    /// The root of an epoch that has this commitment, from the first custodian that gives it.
    ///
    /// # Errors
    /// [`CustodiansError::NotFetched`], with every custodian's reason.
    pub async fn fetch(&self, epoch: i64, commitment: &[u8; 32]) -> Result<Root, CustodiansError> {
        let mut reasons = Vec::new();
        for custodian in &self.0 {
            let fault = match custodian.fetch(epoch).await {
                Ok(Some(root)) if root.commitment() == *commitment => return Ok(root),
                Ok(Some(_)) => FetchFault::Mismatched,
                Ok(None) => FetchFault::Absent,
                Err(error) => FetchFault::Failed(error),
            };
            reasons.push((custodian.name(), fault));
        }
        Err(CustodiansError::NotFetched { epoch, reasons })
    }

    /// Every root that a custodian holds, each once.
    ///
    /// # Errors
    /// [`CustodiansError::Failed`] with the one that cannot be read.
    pub async fn roots(&self) -> Result<Vec<Root>, CustodiansError> {
        let mut roots: Vec<Root> = Vec::new();
        for custodian in &self.0 {
            let failed = |error| CustodiansError::Failed(vec![(custodian.name(), error)]);
            for held in custodian.held().await.map_err(failed)? {
                let Some(root) = custodian.fetch(held.epoch).await.map_err(failed)? else { continue };
                if !roots.iter().any(|known| known.same(&root)) {
                    roots.push(root);
                }
            }
        }
        Ok(roots)
    }

    /// What each custodian holds, in order.
    pub async fn survey(&self) -> Vec<(String, Result<Vec<Held>, CustodianError>)> {
        let mut found = Vec::new();
        for custodian in &self.0 {
            found.push((custodian.name(), custodian.held().await));
        }
        found
    }

    /// The roots of an epoch, each with the place of its custodian.
    ///
    /// # Errors
    /// [`CustodiansError::Failed`] with the one that cannot be read.
    pub async fn of_epoch(&self, epoch: i64) -> Result<Vec<(usize, Held)>, CustodiansError> {
        let mut found = Vec::new();
        for (place, custodian) in self.0.iter().enumerate() {
            match custodian.held().await {
                Ok(held) => found
                    .extend(held.into_iter().filter(|held| held.epoch == epoch).map(|held| (place, held))),
                Err(error) if error.is_vacant() => {}
                Err(error) => return Err(CustodiansError::Failed(vec![(custodian.name(), error)])),
            }
        }
        Ok(found)
    }

    /// Destroys just these roots, as [`Custodians::of_epoch`] has found them; others of their epoch stay.
    ///
    /// # Errors
    /// [`CustodiansError::Failed`], with all that failed.
    pub async fn destroy_these(&self, roots: &[(usize, Held)]) -> Result<(), CustodiansError> {
        let mut failed = Vec::new();
        for (place, held) in roots {
            let Some(custodian) = self.0.get(*place) else { continue };
            if let Err(error) = custodian.destroy_exactly(*held).await {
                failed.push((custodian.name(), error));
            }
        }
        if failed.is_empty() { Ok(()) } else { Err(CustodiansError::Failed(failed)) }
    }

    /// Stores a root at every custodian. Stops at the first that fails: all servers go through the custodians in the
    /// same order, so the first one decides between two that rotate at once.
    ///
    /// # Errors
    /// [`CustodiansError::Failed`], with the one that failed.
    pub async fn store_all(&self, root: &Root) -> Result<(), CustodiansError> {
        for custodian in &self.0 {
            if let Err(error) = custodian.store(root).await {
                return Err(CustodiansError::Failed(vec![(custodian.name(), error)]));
            }
        }
        Ok(())
    }

    /// Destroys the root of an epoch at every custodian; one that fails does not spare the others.
    ///
    /// # Errors
    /// [`CustodiansError::Failed`], with all that failed. The root is then not destroyed.
    pub async fn destroy_all(&self, epoch: i64) -> Result<(), CustodiansError> {
        let mut failed = Vec::new();
        for custodian in &self.0 {
            if let Err(error) = custodian.destroy(epoch).await {
                failed.push((custodian.name(), error));
            }
        }
        if failed.is_empty() { Ok(()) } else { Err(CustodiansError::Failed(failed)) }
    }
}

impl<'a> IntoIterator for &'a Custodians {
    type Item = &'a Custodian;
    type IntoIter = std::slice::Iter<'a, Custodian>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

fn listed<E: std::fmt::Display>(faults: &[(String, E)]) -> String {
    let lines: Vec<String> = faults.iter().map(|(name, fault)| format!("  {name}: {fault}")).collect();
    format!("\n{}", lines.join("\n"))
}
