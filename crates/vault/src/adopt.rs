//! Accepting that a database is somewhere else now, and that a custodian is new.

use sqlx::{Connection, Executor, PgPool};

use crate::custodian::{Custodian, Custodians, CustodiansError, Root};
use crate::guard::{check_ledger, lock_appends, make_due};
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
    /// custodian must answer, none may be newer, and the root must open every bucket. A root that was prepared goes, since a
    /// part of the history that was lost may have used it, and the next rotation takes another and renews every bucket.
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
        let root = fetch(&custodians, &row).await?;
        let vacant = vacant(&custodians, row.epoch).await?;
        opens(pool, &root).await?;
        let names = vacant.iter().map(|custodian| custodian.name()).collect();
        let adopted = Adopted { from: (row.system_identifier, row.timeline), to, vacant: names };
        if only_try {
            return Ok(adopted);
        }
        for custodian in vacant {
            let stored = custodian.store(&root).await;
            stored.map_err(|error| CustodiansError::Failed(vec![(custodian.name(), error)]))?;
        }
        let prepared = custodians.of_epoch(row.epoch + 1).await?;
        let mut transaction = connection.begin().await?;
        lock_appends(&mut transaction).await?;
        make_due(&mut transaction).await?;
        transaction.execute("DELETE FROM vault.rotation WHERE step IN ('begun', 'prepared')").await?;
        sqlx::query("UPDATE vault.root SET system_identifier = $1, timeline = $2")
            .bind(to.0)
            .bind(to.1)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        // Only now: as long as the other rotation stands, its next step wants this root.
        custodians.destroy_these(&prepared).await?;
        machine::claim(custody)?;
        Ok(adopted)
    }
}

/// The custodians that hold nothing. One that is away, or newer than a root that was prepared, is an error.
async fn vacant(custodians: &Custodians, epoch: i64) -> Result<Vec<&Custodian>, VaultError> {
    let newest = epoch + 1;
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
async fn opens(pool: &PgPool, root: &Root) -> Result<(), VaultError> {
    let root = RootKey::of(root)?;
    let buckets: Vec<(i32, i64, Vec<u8>)> =
        sqlx::query_as("SELECT bucket, generation, wrapped FROM vault.buckets").fetch_all(pool).await?;
    for (bucket, generation, wrapped) in buckets {
        root.unwrap(bucket, generation, &wrapped)?;
    }
    Ok(())
}
