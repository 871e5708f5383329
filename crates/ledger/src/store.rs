//! The rows of a view in PostgreSQL. Rows travel as JSON, so that a view is described once: in its row type.

use std::collections::HashMap;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::{Executor, PgConnection, PgPool, Row};
use uuid::Uuid;

use crate::{Child, LedgerError, Projection};

/// The expression that gives a whole row of `P`, as `r`, as JSON text.
pub(crate) fn row_json<P: Projection>() -> String {
    let lists = P::CHILDREN.iter().map(|Child { field, table, owner }| {
        let items = format!("SELECT jsonb_agg(c ORDER BY c) FROM view.{table} c WHERE c.{owner} = r.id");
        format!(" || jsonb_build_object('{field}', coalesce(({items}), '[]'))")
    });
    format!("(to_jsonb(r){})::text", lists.collect::<String>())
}

/// Reads rows of a view: `rest` is the SQL behind `FROM view.<name> r`, with `$1` bound to `ids`.
///
/// # Errors
/// Errors of the database; a row that does not have the form of the row type is one of them.
pub async fn rows<P: Projection>(pool: &PgPool, ids: &[Uuid]) -> Result<Vec<P::Row>, LedgerError> {
    let sql = format!("SELECT {} AS row FROM view.{} r WHERE id = ANY($1)", row_json::<P>(), P::NAME);
    let found = sqlx::query(&sql).bind(ids).fetch_all(pool).await?;
    found.iter().map(|row| decode::<P::Row>(row.try_get("row")?)).collect()
}

pub(crate) fn decode<R: DeserializeOwned>(text: &str) -> Result<R, LedgerError> {
    serde_json::from_str(text).map_err(|error| {
        LedgerError::Encode(format!("a view's row (column {}) has another form", error.column()))
    })
}

/// All rows of a view, by key.
pub(crate) async fn all<P: Projection>(
    connection: &mut PgConnection,
) -> Result<HashMap<Uuid, P::Row>, LedgerError> {
    let sql = format!("SELECT r.id, {} AS row FROM view.{} r", row_json::<P>(), P::NAME);
    let found = sqlx::query(&sql).fetch_all(connection).await?;
    found.iter().map(|row| Ok((row.try_get("id")?, decode::<P::Row>(row.try_get("row")?)?))).collect()
}

pub(crate) async fn load<P: Projection>(
    connection: &mut PgConnection,
    keys: &[Uuid],
) -> Result<HashMap<Uuid, P::Row>, LedgerError> {
    let sql = format!("SELECT r.id, {} AS row FROM view.{} r WHERE id = ANY($1)", row_json::<P>(), P::NAME);
    let found = sqlx::query(&sql).bind(keys).fetch_all(connection).await?;
    found.iter().map(|row| Ok((row.try_get("id")?, decode::<P::Row>(row.try_get("row")?)?))).collect()
}

/// Replaces the rows of these keys.
pub(crate) async fn save<P: Projection>(
    connection: &mut PgConnection,
    keys: &[Uuid],
    rows: &[&P::Row],
) -> Result<(), LedgerError> {
    let json = encode(&rows)?;
    for child in P::CHILDREN {
        let sql = format!("DELETE FROM view.{} WHERE {} = ANY($1)", child.table, child.owner);
        sqlx::query(&sql).bind(keys).execute(&mut *connection).await?;
    }
    let sql = format!("DELETE FROM view.{} WHERE id = ANY($1)", P::NAME);
    sqlx::query(&sql).bind(keys).execute(&mut *connection).await?;
    let sql = format!(
        "INSERT INTO view.{0} SELECT * FROM json_populate_recordset(NULL::view.{0}, $1::json)",
        P::NAME
    );
    sqlx::query(&sql).bind(&json).execute(&mut *connection).await?;
    for child in P::CHILDREN {
        let sql = format!(
            "INSERT INTO view.{0} SELECT c.* FROM json_array_elements($1::json) r, \
             json_populate_recordset(NULL::view.{0}, r->'{1}') c",
            child.table, child.field
        );
        sqlx::query(&sql).bind(&json).execute(&mut *connection).await?;
    }
    Ok(())
}

fn encode<T: Serialize>(rows: &T) -> Result<String, LedgerError> {
    serde_json::to_string(rows).map_err(|error| LedgerError::Encode(error.to_string()))
}

/// Makes sure that the view's tables exist in its present version; answers the position they stand at.
pub(crate) async fn prepare<P: Projection>(pool: &PgPool) -> Result<i64, LedgerError> {
    let mut transaction = pool.begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('lethe.view.' || $1, 0))")
        .bind(P::NAME)
        .execute(&mut *transaction)
        .await?;
    let known: Option<(i32, i64)> =
        sqlx::query_as("SELECT version, position FROM ledger.projections WHERE name = $1")
            .bind(P::NAME)
            .fetch_optional(&mut *transaction)
            .await?;
    let head: i64 = sqlx::query_scalar("SELECT coalesce(max(position), 0) FROM ledger.events")
        .fetch_one(&mut *transaction)
        .await?;
    match known {
        // Beyond the ledger's end means that the ledger was restored to an earlier state.
        Some((version, position)) if version == P::VERSION && position <= head => return Ok(position),
        Some((version, _)) if version > P::VERSION => return Err(LedgerError::NewerVersion),
        _ => {}
    }
    let mut tables: Vec<&str> = P::CHILDREN.iter().map(|child| child.table).collect();
    tables.push(P::NAME);
    for table in tables {
        sqlx::query(&format!("DROP TABLE IF EXISTS view.{table}")).execute(&mut *transaction).await?;
    }
    transaction.execute(P::SQL).await?;
    sqlx::query(
        "INSERT INTO ledger.projections (name, version, position) VALUES ($1, $2, 0) \
         ON CONFLICT (name) DO UPDATE SET version = EXCLUDED.version, position = 0",
    )
    .bind(P::NAME)
    .bind(P::VERSION)
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(0)
}
