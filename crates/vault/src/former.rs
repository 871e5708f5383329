//! Custodians that kept a root once and are in the settings no more. What such a one still holds opens old copies, so
//! nothing is final until it was seen empty, or somebody said that it is gone.

use std::os::unix::fs::MetadataExt as _;
use std::time::UNIX_EPOCH;

use serde::Serialize;
use sqlx::PgPool;
use uuid::Uuid;

use crate::custodian::{Custodian, CustodianSpec, Custodians, CustodiansError};
use crate::open::Row;
use crate::{Custody, VaultError};

/// A custodian that is no longer in the settings and was not seen empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct Former {
    /// What it is called.
    pub name: String,
    #[serde(skip)]
    spec: String,
}

/// Takes note of the custodians of the settings.
pub(crate) async fn remember(pool: &PgPool, custody: &Custody) -> Result<(), VaultError> {
    for spec in &custody.custodians {
        sqlx::query(
            "INSERT INTO vault.custodians AS c (name, spec, file) VALUES ($1, $2, $3) \
             ON CONFLICT (name) DO UPDATE SET spec = $2, file = $3, emptied_at = NULL, gone = false \
             WHERE (c.spec, c.file, c.emptied_at, c.gone) IS DISTINCT FROM ($2, $3, NULL, false)",
        )
        .bind(spec.identity())
        .bind(spec.absolute().to_string())
        .bind(file(spec))
        .execute(pool)
        .await?;
    }
    Ok(())
}

/// What tells a file from any other, also on another disk: its number and its birth. A folder that was renamed has the same root
/// file under another name. Nothing where files have no birth: then a renamed one is not known again.
fn file(spec: &CustodianSpec) -> Option<String> {
    let CustodianSpec::File(path) = spec else { return None };
    let metadata = path.metadata().ok()?;
    let born = metadata.created().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(format!("{}-{}", metadata.ino(), born.as_nanos()))
}

/// Those that were in the settings once, are not now, and were not seen empty.
pub(crate) async fn former(pool: &PgPool, custodians: &Custodians) -> Result<Vec<Former>, VaultError> {
    let present: Vec<String> = custodians.iter().map(Custodian::identity).collect();
    Ok(sqlx::query_as(
        "SELECT name, spec FROM vault.custodians c WHERE emptied_at IS NULL AND name <> ALL($1) \
         AND NOT EXISTS (SELECT FROM vault.custodians p WHERE p.name = ANY($1) AND p.file = c.file) ORDER BY name",
    )
    .bind(present)
    .fetch_all(pool)
    .await?)
}

/// Makes sure that no former custodian may still hold a root; one that is seen to hold none is looked at no more.
///
/// # Errors
/// [`VaultError::Former`] with the first that holds one, or cannot be asked.
pub(crate) async fn all_empty(pool: &PgPool, custodians: &Custodians) -> Result<(), VaultError> {
    for former in former(pool, custodians).await? {
        let refused = |why: String| VaultError::Former { custodian: former.name.clone(), why };
        match former.open(pool).await?.held().await {
            Ok(held) if held.is_empty() => settle(pool, &former.name, false).await?,
            Err(error) if error.is_empty() => settle(pool, &former.name, false).await?,
            Ok(held) => {
                let epochs: Vec<String> = held.iter().map(|held| held.epoch.to_string()).collect();
                return Err(refused(format!("It holds the root of epoch {}.", epochs.join(" and "))));
            }
            Err(error) => return Err(refused(error.to_string())),
        }
    }
    Ok(())
}

/// What retiring a custodian came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Retired {
    /// It held the roots of these epochs, which are destroyed, and was seen empty.
    Emptied(Vec<i64>),
    /// It is taken to be gone, on the word of whoever said so.
    Gone,
}

/// Empties a custodian that is no longer in the settings, or takes the word of whoever says that it is gone for good.
///
/// # Errors
/// [`VaultError::Custodian`] when it is in the settings or never was, [`VaultError::NoVault`], errors of custodians and
/// database.
pub async fn retire(pool: &PgPool, custody: &Custody, name: &str, gone: bool) -> Result<Retired, VaultError> {
    let custodians = custody.open(pool, installation(pool).await?)?;
    if custodians.iter().any(|custodian| custodian.identity() == name) {
        return Err(VaultError::Custodian(name.to_owned(), "is in the settings; take it out of them first"));
    }
    let known = former(pool, &custodians).await?;
    let Some(former) = known.into_iter().find(|former| former.name == name) else {
        return Err(VaultError::Custodian(
            name.to_owned(),
            "never kept a root of this vault, or was seen empty already; `lethe keys status` names those that count",
        ));
    };
    if gone {
        settle(pool, name, true).await?;
        return Ok(Retired::Gone);
    }
    let custodian = former.open(pool).await?;
    let failed = |error| CustodiansError::Failed(vec![(name.to_owned(), error)]);
    let held = match custodian.held().await {
        Err(error) if error.is_empty() => Vec::new(),
        held => held.map_err(failed)?,
    };
    let epochs: Vec<i64> = held.iter().map(|held| held.epoch).collect();
    for epoch in &epochs {
        custodian.destroy(*epoch).await.map_err(failed)?;
    }
    settle(pool, name, false).await?;
    Ok(Retired::Emptied(epochs))
}

impl Former {
    async fn open(&self, pool: &PgPool) -> Result<Custodian, VaultError> {
        let failed = |why: String| VaultError::Former { custodian: self.name.clone(), why };
        let spec: CustodianSpec =
            self.spec.parse().map_err(|_| failed("It is not known how to reach it.".into()))?;
        Custodian::open(&spec, pool, installation(pool).await?).map_err(|error| failed(error.to_string()))
    }
}

async fn installation(pool: &PgPool) -> Result<Uuid, VaultError> {
    let row = Row::read(&mut *pool.acquire().await?).await?;
    Ok(row.ok_or(VaultError::NoVault)?.installation)
}

async fn settle(pool: &PgPool, name: &str, gone: bool) -> Result<(), VaultError> {
    sqlx::query("UPDATE vault.custodians SET emptied_at = now(), gone = $2 WHERE name = $1")
        .bind(name)
        .bind(gone)
        .execute(pool)
        .await?;
    Ok(())
}
