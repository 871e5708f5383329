//! Accepting that a database is somewhere else now, and that a custodian is new.

use sqlx::PgPool;

use crate::custodian::{Custodians, CustodiansError, Root};
use crate::guard::check_ledger;
use crate::mirror::Mirrors;
use crate::open::{Row, fetch, place};
use crate::wrap::RootKey;
use crate::{Custody, Vault, VaultError, machine};

/// What adopting does, or did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adopted {
    /// System identifier and timeline that the vault knew.
    pub from: (i64, i64),
    /// Those of now.
    pub to: (i64, i64),
    /// The custodians that held nothing, and get the roots.
    pub vacant: Vec<String>,
}

impl Vault {
    /// Accepts the cluster that the database is in now, and has custodians that hold nothing keep the root; if it is only
    /// tried, tells what would be done. Before, it makes sure that the database is no older copy: every mirror and every
    /// custodian must answer, none may be newer, and the root must open every bucket.
    ///
    /// # Errors
    /// [`VaultError::NoVault`], [`VaultError::Mirror`], [`VaultError::Older`], [`VaultError::OlderThanLedger`],
    /// [`VaultError::BucketDamaged`], errors of custodians and database.
    pub async fn adopt(
        pool: &PgPool,
        custody: &Custody,
        mirrors: &Mirrors,
        only_try: bool,
    ) -> Result<Adopted, VaultError> {
        for mirror in mirrors {
            mirror.check_not_newer(pool).await?;
        }
        let mut connection = pool.acquire().await?;
        check_ledger(&mut connection).await?;
        let row = Row::read(&mut connection).await?.ok_or(VaultError::NoVault)?;
        let to = place(&mut connection).await?;
        let custodians = custody.open(pool, row.installation)?;
        let roots = roots(pool, &custodians, &row).await?;
        let vacant = vacant(&custodians, &roots).await?;
        opens(pool, roots.first()).await?;
        let names = vacant.iter().map(|custodian| custodian.name()).collect();
        let adopted = Adopted { from: (row.system_identifier, row.timeline), to, vacant: names };
        if only_try {
            return Ok(adopted);
        }
        for custodian in vacant {
            for root in &roots {
                let stored = custodian.store(root).await;
                stored.map_err(|error| CustodiansError::Failed(vec![(custodian.name(), error)]))?;
            }
        }
        sqlx::query("UPDATE vault.root SET system_identifier = $1, timeline = $2")
            .bind(to.0)
            .bind(to.1)
            .execute(&mut *connection)
            .await?;
        machine::claim(custody)?;
        Ok(adopted)
    }
}

/// The root of now and, while a rotation is prepared, the next one.
async fn roots(pool: &PgPool, custodians: &Custodians, row: &Row) -> Result<Vec<Root>, VaultError> {
    let mut roots = vec![fetch(custodians, row).await?];
    let next: Option<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT new_epoch, commitment FROM vault.rotation WHERE new_epoch > $1")
            .bind(row.epoch)
            .fetch_optional(pool)
            .await?;
    if let Some((epoch, commitment)) = next {
        let commitment = commitment.as_slice().try_into().unwrap_or([0; 32]);
        roots.push(custodians.fetch(epoch, &commitment).await?);
    }
    Ok(roots)
}

/// The custodians that hold nothing. One that is away, or newer, is an error.
async fn vacant<'a>(
    custodians: &'a Custodians,
    roots: &[Root],
) -> Result<Vec<&'a crate::custodian::Custodian>, VaultError> {
    let (first, last) = (roots.first(), roots.last());
    let epoch = first.map_or(0, |root| root.epoch);
    let newest = last.map_or(0, |root| root.epoch);
    let mut vacant = Vec::new();
    for custodian in custodians {
        match custodian.held().await {
            Ok(held) if held.is_empty() => vacant.push(custodian),
            Err(error) if error.is_vacant() => vacant.push(custodian),
            Err(error) => return Err(CustodiansError::Failed(vec![(custodian.name(), error)]).into()),
            Ok(held) => {
                if let Some(held) = held.iter().map(|held| held.epoch).filter(|held| *held > newest).max() {
                    return Err(VaultError::Older { epoch, held });
                }
            }
        }
    }
    Ok(vacant)
}

/// Makes sure that every bucket hangs from the root.
async fn opens(pool: &PgPool, root: Option<&Root>) -> Result<(), VaultError> {
    let root = RootKey::of(root.ok_or(VaultError::NoVault)?)?;
    let buckets: Vec<(i32, i64, Vec<u8>)> =
        sqlx::query_as("SELECT bucket, generation, wrapped FROM vault.buckets").fetch_all(pool).await?;
    for (bucket, generation, wrapped) in buckets {
        root.unwrap(bucket, generation, &wrapped)?;
    }
    Ok(())
}
