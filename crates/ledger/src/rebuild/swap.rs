//! Putting the new tables in the place of the old ones.

use sqlx::{Connection, PgConnection};

use super::{Build, LIVE as LINE, Live, STEP, catch_up, next, retired};
use crate::LedgerError;
use crate::shape::Shape;
use crate::store::LIVE;

/// How long readers may be kept waiting for one reader that does not end; then it is tried again.
const PATIENCE: &str = "SET LOCAL lock_timeout = '2s'";

impl Build<'_> {
    /// Catches up and swaps in one short transaction; answers the position at which it did.
    pub(super) async fn swap(&mut self, mut position: i64) -> Result<i64, LedgerError> {
        loop {
            loop {
                let live: Live =
                    sqlx::query_as(LINE).bind(self.shape.name).fetch_one(&mut *self.connection).await?;
                let target = live.position.min(live.head);
                self.catch_up(position, target).await?;
                let near = target - position <= STEP;
                position = position.max(target);
                if near {
                    break;
                }
            }
            match self.try_swap(position).await {
                Err(LedgerError::Database(error)) if is_lock_timeout(&error) => {
                    tracing::info!(
                        view = self.shape.name,
                        "somebody reads the view for long; waiting to swap"
                    );
                }
                swapped => {
                    let position = swapped?;
                    self.clean().await?;
                    return Ok(position);
                }
            }
        }
    }

    async fn try_swap(&mut self, position: i64) -> Result<i64, LedgerError> {
        let mut transaction = self.connection.begin().await?;
        sqlx::query(PATIENCE).execute(&mut *transaction).await?;
        // Whoever follows the view holds this line while it writes, and waits here from now on. The lock is a statement
        // of its own: after waiting, a statement sees the new line but everything else as it was before the wait, and
        // a ledger's end from before it would take the view back.
        sqlx::query("SELECT FROM ledger.projections WHERE name = $1 FOR UPDATE")
            .bind(self.shape.name)
            .execute(&mut *transaction)
            .await?;
        let live: Live = sqlx::query_as(LINE).bind(self.shape.name).fetch_one(&mut *transaction).await?;
        if live.version > self.shape.version {
            return Err(LedgerError::NewerVersion);
        }
        // It never shows less than the old one did.
        let target = position.max(live.position.min(live.head));
        catch_up(self.parts, self.shape, &mut transaction, (position, target)).await?;
        exchange(&mut transaction, self.shape).await?;
        sqlx::query(
            "UPDATE ledger.projections SET version = $2, position = $3, tables = $4, halted = NULL WHERE name = $1",
        )
        .bind(self.shape.name)
        .bind(self.shape.version)
        .bind(target)
        .bind(self.shape.tables())
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(target)
    }
}

/// Moves the old tables out of the schema that is read and the new ones into it.
async fn exchange(connection: &mut PgConnection, shape: &Shape) -> Result<(), LedgerError> {
    let (next, retired) = (next(shape), retired(shape));
    let mut old: Vec<String> =
        sqlx::query_scalar("SELECT unnest(tables) FROM ledger.projections WHERE name = $1")
            .bind(shape.name)
            .fetch_all(&mut *connection)
            .await?;
    old.sort_unstable();
    sqlx::query(&format!("CREATE SCHEMA {retired}")).execute(&mut *connection).await?;
    for table in old {
        let sql = format!("ALTER TABLE IF EXISTS {LIVE}.{table} SET SCHEMA {retired}");
        sqlx::query(&sql).execute(&mut *connection).await?;
    }
    for table in shape.tables() {
        let sql = format!("ALTER TABLE {next}.{table} SET SCHEMA {LIVE}");
        sqlx::query(&sql).execute(&mut *connection).await?;
    }
    Ok(())
}

fn is_lock_timeout(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(sqlx::error::DatabaseError::code).is_some_and(|code| code == "55P03")
}
