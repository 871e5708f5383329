//! Writing what changed: no row and no item of a list that stays as it is.

use serde_json::Value;
use sqlx::{PgConnection, Postgres, QueryBuilder};

use super::one;
use crate::difference::Difference;
use crate::shape::{Shape, encode};
use crate::{Child, LedgerError};

/// Writes a difference into the tables of a schema.
pub(crate) async fn save(
    connection: &mut PgConnection,
    shape: &Shape,
    schema: &str,
    changed: &Difference,
) -> Result<(), LedgerError> {
    let statements = [remove(shape, schema, changed)?, put(shape, schema, changed)?];
    for mut sql in statements.into_iter().flatten() {
        sql.build().execute(&mut *connection).await?;
    }
    Ok(())
}

/// One statement out of several: all but the last stand in a `WITH`.
struct Together<'q> {
    sql: QueryBuilder<'q, Postgres>,
    parts: usize,
}

impl<'q> Together<'q> {
    fn new() -> Self {
        Self { sql: QueryBuilder::new(""), parts: 0 }
    }

    /// Begins the next part, which [`Together::end`] ends.
    fn begin(&mut self, sql: &str) -> &mut QueryBuilder<'q, Postgres> {
        self.sql.push(if self.parts == 0 { "WITH " } else { ", " });
        self.sql.push(format!("p{} AS ({sql}", self.parts))
    }

    fn end(&mut self) {
        self.sql.push(")");
        self.parts += 1;
    }

    fn finish(mut self) -> Option<QueryBuilder<'q, Postgres>> {
        if self.parts == 0 {
            return None;
        }
        self.sql.push(" SELECT");
        Some(self.sql)
    }
}

/// Removes rows with their lists, and single items.
fn remove<'q>(
    shape: &Shape,
    schema: &str,
    changed: &Difference,
) -> Result<Option<QueryBuilder<'q, Postgres>>, LedgerError> {
    let mut together = Together::new();
    if !changed.gone.is_empty() {
        let tables = shape.children.iter().map(|list| (list.table, list.owner));
        for (table, owner) in std::iter::once((shape.name, "id")).chain(tables) {
            let sql = together.begin(&format!("DELETE FROM {schema}.{table} WHERE {owner} = ANY("));
            sql.push_bind(changed.gone.clone()).push(")");
            together.end();
        }
    }
    for (list, items) in shape.children.iter().zip(&changed.lists).filter(|(_, items)| !items.gone.is_empty())
    {
        let Child { table, .. } = list;
        let sql = together.begin(&format!(
            "DELETE FROM {schema}.{table} WHERE ctid = ANY(ARRAY(SELECT x.at FROM json_populate_recordset(\
             NULL::{schema}.{table}, "
        ));
        sql.push_bind(encode(&items.gone)?)
            .push(format!("::json) k CROSS JOIN LATERAL ({}) x))", one(list, schema, "c.ctid AS at")));
        together.end();
    }
    Ok(together.finish())
}

/// Puts new rows and new items of lists in, and the changed columns of rows that changed.
fn put<'q>(
    shape: &Shape,
    schema: &str,
    changed: &Difference,
) -> Result<Option<QueryBuilder<'q, Postgres>>, LedgerError> {
    let mut together = Together::new();
    let lists = shape.children.iter().zip(&changed.lists).map(|(list, items)| (list.table, &items.come));
    let tables = lists.chain(std::iter::once((shape.name, &changed.inserted)));
    for (table, rows) in tables.filter(|(_, rows)| !rows.is_empty()) {
        let sql = together.begin(&format!(
            "INSERT INTO {schema}.{table} SELECT * FROM json_populate_recordset(NULL::{schema}.{table}, "
        ));
        sql.push_bind(encode(rows)?).push("::json)");
        together.end();
    }
    if !changed.updated.is_empty() {
        let (keys, rows): (Vec<_>, Vec<&Value>) =
            changed.updated.iter().map(|(key, row)| (*key, row)).unzip();
        let columns: Vec<String> =
            changed.columns.iter().map(|column| format!("\"{column}\" = n.\"{column}\"")).collect();
        let sql = together.begin(&format!(
            "UPDATE {schema}.{0} r SET {1} FROM json_populate_recordset(NULL::{schema}.{0}, ",
            shape.name,
            columns.join(", ")
        ));
        sql.push_bind(encode(&rows)?)
            .push("::json) n WHERE r.id = n.id AND r.id = ANY(")
            .push_bind(keys)
            .push(")");
        together.end();
    }
    Ok(together.finish())
}
