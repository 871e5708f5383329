//! The ciphertexts of roots in PostgreSQL: `vault.transit_roots`.

use sqlx::PgPool;

use crate::custodian::CustodianError;

/// The rows of one custodian.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    pool: PgPool,
    custodian: String,
}

impl Rows {
    pub(super) fn new(pool: PgPool, custodian: String) -> Self {
        Self { pool, custodian }
    }

    /// Epochs and ciphertexts, ascending.
    pub(super) async fn all(&self) -> Result<Vec<(i64, String)>, CustodianError> {
        sqlx::query_as(
            "SELECT epoch, ciphertext FROM vault.transit_roots WHERE custodian = $1 ORDER BY epoch",
        )
        .bind(&self.custodian)
        .fetch_all(&self.pool)
        .await
        .map_err(|error| self.failed(error))
    }

    pub(super) async fn kept(&self, epoch: i64) -> Result<Option<String>, CustodianError> {
        sqlx::query_scalar("SELECT ciphertext FROM vault.transit_roots WHERE custodian = $1 AND epoch = $2")
            .bind(&self.custodian)
            .bind(epoch)
            .fetch_optional(&self.pool)
            .await
            .map_err(|error| self.failed(error))
    }

    /// Keeps a ciphertext, unless one of its epoch or a newer one is there: of two servers only one does.
    pub(super) async fn keep(&self, epoch: i64, ciphertext: &str) -> Result<(), CustodianError> {
        self.insert(epoch, ciphertext).await.map_err(|error| self.failed(error))?;
        self.refuse_newer(epoch).await
    }

    async fn insert(&self, epoch: i64, ciphertext: &str) -> Result<(), sqlx::Error> {
        let mut transaction = self.pool.begin().await?;
        sqlx::query("SET LOCAL synchronous_commit = on").execute(&mut *transaction).await?;
        // Otherwise two inserts would not see each other, and a lower epoch could come after a higher one.
        let lock = "LOCK TABLE vault.transit_roots IN SHARE ROW EXCLUSIVE MODE";
        sqlx::query(lock).execute(&mut *transaction).await?;
        sqlx::query(
            "INSERT INTO vault.transit_roots (custodian, epoch, ciphertext) SELECT $1, $2, $3 WHERE NOT EXISTS \
             (SELECT FROM vault.transit_roots WHERE custodian = $1 AND epoch >= $2)",
        )
        .bind(&self.custodian)
        .bind(epoch)
        .bind(ciphertext)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await
    }

    pub(super) async fn forget(&self, epoch: i64, ciphertext: &str) -> Result<(), CustodianError> {
        sqlx::query("DELETE FROM vault.transit_roots WHERE custodian = $1 AND epoch = $2 AND ciphertext = $3")
            .bind(&self.custodian)
            .bind(epoch)
            .bind(ciphertext)
            .execute(&self.pool)
            .await
            .map(drop)
            .map_err(|error| self.failed(error))
    }

    pub(super) async fn refuse_newer(&self, epoch: i64) -> Result<(), CustodianError> {
        let newest: Option<i64> =
            sqlx::query_scalar("SELECT max(epoch) FROM vault.transit_roots WHERE custodian = $1")
                .bind(&self.custodian)
                .fetch_one(&self.pool)
                .await
                .map_err(|error| self.failed(error))?;
        match newest.filter(|newest| *newest > epoch) {
            Some(found) => Err(CustodianError::Newer { custodian: self.custodian.clone(), epoch, found }),
            None => Ok(()),
        }
    }

    fn failed(&self, source: sqlx::Error) -> CustodianError {
        CustodianError::Database { custodian: self.custodian.clone(), source }
    }
}
