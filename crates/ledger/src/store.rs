//! The rows of a view in PostgreSQL. Rows travel as JSON, so that a view is described once: in its row type.

use std::collections::HashMap;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::{PgConnection, PgPool, Row};
use uuid::Uuid;

use crate::{Child, LedgerError, Projection};

/// The schema that is read; what is being rebuilt stands in another one.
pub(crate) const LIVE: &str = "view";

/// The expression that gives a whole row of `P`, as `r`, as JSON text.
pub(crate) fn row_json<P: Projection>(schema: &str) -> String {
    let lists = P::CHILDREN.iter().map(|Child { field, table, owner }| {
        let items = format!("SELECT jsonb_agg(c ORDER BY c) FROM {schema}.{table} c WHERE c.{owner} = r.id");
        format!(" || jsonb_build_object('{field}', coalesce(({items}), '[]'))")
    });
    format!("(to_jsonb(r){})::text", lists.collect::<String>())
}

/// All tables of a view, the main one first.
pub(crate) fn tables<P: Projection>() -> Vec<&'static str> {
    std::iter::once(P::NAME).chain(P::CHILDREN.iter().map(|child| child.table)).collect()
}

/// Reads the rows of some keys.
///
/// # Errors
/// Errors of the database; a row that does not have the form of the row type is one of them.
pub async fn rows<P: Projection>(pool: &PgPool, ids: &[Uuid]) -> Result<Vec<P::Row>, LedgerError> {
    let mut connection = pool.acquire().await?;
    Ok(load::<P>(&mut connection, LIVE, ids).await?.into_values().collect())
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
    let sql = format!("SELECT r.id, {} AS row FROM {LIVE}.{} r", row_json::<P>(LIVE), P::NAME);
    let found = sqlx::query(&sql).fetch_all(connection).await?;
    found.iter().map(|row| Ok((row.try_get("id")?, decode::<P::Row>(row.try_get("row")?)?))).collect()
}

pub(crate) async fn load<P: Projection>(
    connection: &mut PgConnection,
    schema: &str,
    keys: &[Uuid],
) -> Result<HashMap<Uuid, P::Row>, LedgerError> {
    let row = row_json::<P>(schema);
    let sql = format!("SELECT r.id, {row} AS row FROM {schema}.{} r WHERE id = ANY($1)", P::NAME);
    let found = sqlx::query(&sql).bind(keys).fetch_all(connection).await?;
    found.iter().map(|row| Ok((row.try_get("id")?, decode::<P::Row>(row.try_get("row")?)?))).collect()
}

/// Puts rows in the place of those of these keys.
pub(crate) async fn save<P: Projection>(
    connection: &mut PgConnection,
    schema: &str,
    replaced: &[Uuid],
    rows: &[&P::Row],
) -> Result<(), LedgerError> {
    // One statement each: the tables of lists go with the main one.
    if !replaced.is_empty() {
        let lists = with(P::CHILDREN, |Child { table, owner, .. }| {
            format!("DELETE FROM {schema}.{table} WHERE {owner} = ANY($1)")
        });
        let sql = format!("{lists}DELETE FROM {schema}.{} WHERE id = ANY($1)", P::NAME);
        sqlx::query(&sql).bind(replaced).execute(&mut *connection).await?;
    }
    if !rows.is_empty() {
        let lists = with(P::CHILDREN, |Child { table, field, .. }| {
            format!(
                "INSERT INTO {schema}.{table} SELECT c.* FROM json_array_elements($1::json) r, \
                 json_populate_recordset(NULL::{schema}.{table}, r->'{field}') c"
            )
        });
        let sql = format!(
            "{lists}INSERT INTO {schema}.{0} \
             SELECT * FROM json_populate_recordset(NULL::{schema}.{0}, $1::json)",
            P::NAME
        );
        sqlx::query(&sql).bind(encode(&rows)?).execute(&mut *connection).await?;
    }
    Ok(())
}

/// One statement per list, before the one of the main table.
fn with(lists: &[Child], statement: impl Fn(&Child) -> String) -> String {
    let parts: Vec<String> =
        lists.iter().enumerate().map(|(n, list)| format!("c{n} AS ({})", statement(list))).collect();
    if parts.is_empty() { String::new() } else { format!("WITH {} ", parts.join(", ")) }
}

fn encode<T: Serialize>(rows: &T) -> Result<String, LedgerError> {
    serde_json::to_string(rows).map_err(|error| LedgerError::Encode(error.to_string()))
}
