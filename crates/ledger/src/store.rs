//! The rows of a view in PostgreSQL. Rows travel as JSON, so that a view is described once: in its row type.

mod save;

pub(crate) use save::save;

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgPool, Postgres, QueryBuilder, Row};
use uuid::Uuid;

use crate::shape::{Shape, Shaped, decode, encode};
use crate::{Child, LedgerError, Projection, Reads};

/// The schema that is read; what is being rebuilt stands in another one.
pub(crate) const LIVE: &str = "view";

/// The expression that gives a row of a view, as `r`, as JSON text; lists that are not read are empty.
pub(crate) fn row_json(shape: &Shape, schema: &str, reads: &Reads) -> String {
    let lists = shape.children.iter().map(|Child { field, table, owner, .. }| {
        if !reads.whole(field) {
            return format!(" || '{{\"{field}\":[]}}'");
        }
        let items = format!("SELECT jsonb_agg(c ORDER BY c) FROM {schema}.{table} c WHERE c.{owner} = r.id");
        format!(" || jsonb_build_object('{field}', coalesce(({items}), '[]'))")
    });
    format!("(to_jsonb(r){})::text", lists.collect::<String>())
}

/// Reads the rows of some keys, with all of their lists.
///
/// # Errors
/// Errors of the database; a row that does not have the form of the row type is one of them.
pub async fn rows<P: Projection>(pool: &PgPool, ids: &[Uuid]) -> Result<Vec<P::Row>, LedgerError> {
    rows_with::<P>(pool, ids, &Reads::all()).await
}

/// Reads the rows of some keys, with these of their lists; the others are empty.
///
/// # Errors
/// As [`rows`].
pub async fn rows_with<P: Projection>(
    pool: &PgPool,
    ids: &[Uuid],
    reads: &Reads,
) -> Result<Vec<P::Row>, LedgerError> {
    texts(pool, P::SHAPE, ids, reads).await?.iter().map(|row| decode(row)).collect()
}

async fn texts(
    pool: &PgPool,
    shape: &Shape,
    ids: &[Uuid],
    reads: &Reads,
) -> Result<Vec<String>, LedgerError> {
    let row = row_json(shape, LIVE, reads);
    let sql = format!("SELECT {row} FROM {LIVE}.{} r WHERE r.id = ANY($1)", shape.name);
    Ok(sqlx::query_scalar(&sql).bind(ids).fetch_all(pool).await?)
}

/// All rows of a view with their lists, by key.
pub(crate) async fn all(
    connection: &mut PgConnection,
    shape: &Shape,
) -> Result<HashMap<Uuid, String>, LedgerError> {
    let row = row_json(shape, LIVE, &Reads::all());
    let sql = format!("SELECT r.id, {row} AS row FROM {LIVE}.{} r", shape.name);
    let found = sqlx::query(&sql).fetch_all(connection).await?;
    found.iter().map(|row| Ok((row.try_get("id")?, row.try_get("row")?))).collect()
}

/// The rows of some keys, each with what is read of its lists, in one statement.
pub(crate) async fn load(
    connection: &mut PgConnection,
    shape: &Shape,
    schema: &str,
    wanted: &BTreeMap<Uuid, Reads>,
) -> Result<HashMap<Uuid, String>, LedgerError> {
    let mut sql = select(shape, schema, wanted)?;
    rows_with_lists(shape, &sql.build().fetch_all(connection).await?)
}

/// What [`load`] gives of the tables that are read, and the position of these rows. `None` if the tables are not those of
/// this version of the view, or belong to a ledger that is no more.
pub(crate) async fn load_with_position(
    pool: &PgPool,
    shape: &Shape,
    wanted: &BTreeMap<Uuid, Reads>,
) -> Result<Option<(HashMap<Uuid, String>, i64)>, LedgerError> {
    // Everything in one statement is of one moment, also while other tables take the place of these.
    let mut sql = select(shape, LIVE, wanted)?;
    sql.push(
        " UNION ALL SELECT NULL, 'position', p.position::text FROM ledger.projections p WHERE p.name = ",
    )
    .push_bind(shape.name)
    .push(" AND p.version = ")
    .push_bind(shape.version)
    .push(" AND p.position <= coalesce((SELECT max(position) FROM ledger.events), 0)");
    let mut found = sql.build().fetch_all(pool).await?;
    let mut position = None;
    for line in &found {
        if line.try_get::<Option<Uuid>, _>("id")?.is_none() {
            position = line.try_get::<&str, _>("json")?.parse().ok();
        }
    }
    found.retain(|line| !matches!(line.try_get::<Option<Uuid>, _>("id"), Ok(None)));
    let rows = rows_with_lists(shape, &found)?;
    Ok(position.map(|position| (rows, position)))
}

/// The statement of [`load`].
fn select<'q>(
    shape: &Shape,
    schema: &str,
    wanted: &BTreeMap<Uuid, Reads>,
) -> Result<QueryBuilder<'q, Postgres>, LedgerError> {
    let known = |list: &&str| shape.children.iter().any(|child| child.field == *list);
    if let Some(list) = wanted.values().flat_map(Reads::named).find(|list| !known(list)) {
        return Err(LedgerError::Encode(format!("the view {} has no list {list}", shape.name)));
    }
    let mut sql = QueryBuilder::new(format!(
        "SELECT r.id, NULL AS list, to_jsonb(r)::text AS json FROM {schema}.{} r WHERE r.id = ANY(",
        shape.name
    ));
    sql.push_bind(wanted.keys().copied().collect::<Vec<_>>()).push(")");
    for list in shape.children {
        push_list(&mut sql, schema, list, wanted)?;
    }
    Ok(sql)
}

/// Adds what is read of one list to a statement that reads rows: one line per owner, its items in their order.
fn push_list(
    sql: &mut QueryBuilder<'_, Postgres>,
    schema: &str,
    list: &Child,
    wanted: &BTreeMap<Uuid, Reads>,
) -> Result<(), LedgerError> {
    let Child { field, table, owner, first, .. } = list;
    let whole: Vec<Uuid> =
        wanted.iter().filter(|(_, reads)| reads.whole(field)).map(|(key, _)| *key).collect();
    let others = || wanted.iter().filter(|(_, reads)| !reads.whole(field));
    let items: Vec<Value> = others()
        .flat_map(|(key, reads)| reads.items_of(field).map(|item| item_of(list, *key, item)))
        .collect();
    let firsts: Vec<(Uuid, i64)> =
        others().map(|(key, reads)| (*key, reads.first_of(field))).filter(|(_, count)| *count > 0).collect();
    let mut start =
        format!(" UNION ALL SELECT (u.c).{owner}, '{field}', jsonb_agg(u.c ORDER BY u.c)::text FROM (");
    let end = ") u GROUP BY 1";
    let mut is_read = false;
    if !whole.is_empty() {
        sql.push(std::mem::replace(&mut start, " UNION ".into()));
        sql.push(format!("SELECT c FROM {schema}.{table} c WHERE c.{owner} = ANY("))
            .push_bind(whole)
            .push(")");
        is_read = true;
    }
    if !items.is_empty() {
        sql.push(std::mem::replace(&mut start, " UNION ".into()));
        sql.push(format!("SELECT x.c FROM json_populate_recordset(NULL::{schema}.{table}, "))
            .push_bind(encode(&items)?)
            .push(format!("::json) k CROSS JOIN LATERAL ({}) x", one(list, schema, "c")));
        is_read = true;
    }
    if !firsts.is_empty() {
        let first =
            first.ok_or_else(|| LedgerError::Encode(format!("the list {field} has no first item")))?;
        let (owners, counts): (Vec<_>, Vec<_>) = firsts.into_iter().unzip();
        sql.push(std::mem::replace(&mut start, " UNION ".into()));
        sql.push("SELECT x.c FROM unnest(").push_bind(owners).push(", ").push_bind(counts);
        sql.push(format!(
            ") w(id, n) CROSS JOIN LATERAL (SELECT c FROM {schema}.{table} c WHERE c.{owner} = w.id \
             AND c.{first} IS NOT NULL ORDER BY c.{first} LIMIT w.n) x"
        ));
        is_read = true;
    }
    if is_read {
        sql.push(end);
    }
    Ok(())
}

/// Finds the item with the key of `k`, in the index of the keys whatever the planner believes: what is looked for is one.
fn one(list: &Child, schema: &str, what: &str) -> String {
    let Child { table, owner, key, .. } = list;
    let columns = std::iter::once(owner).chain(*key);
    let same: Vec<String> = columns.map(|column| format!("c.{column} = k.{column}")).collect();
    format!("SELECT {what} FROM {schema}.{table} c WHERE {} LIMIT 1", same.join(" AND "))
}

fn item_of(list: &Child, owner: Uuid, key: &Value) -> Value {
    let mut item = key.clone();
    if let Value::Object(columns) = &mut item {
        columns.insert(list.owner.to_owned(), owner.to_string().into());
    }
    item
}

/// Puts the lists into their rows.
fn rows_with_lists(shape: &Shape, found: &[PgRow]) -> Result<HashMap<Uuid, String>, LedgerError> {
    let (mut rows, mut lists) = (HashMap::new(), HashMap::new());
    for line in found {
        let (key, json): (Uuid, String) = (line.try_get("id")?, line.try_get("json")?);
        match line.try_get::<Option<&str>, _>("list")? {
            None => drop(rows.insert(key, json)),
            Some(list) => drop(lists.insert((key, list), json)),
        }
    }
    for (key, row) in &mut rows {
        // The text of a jsonb object ends with its brace.
        row.pop();
        for Child { field, .. } in shape.children {
            let items = lists.get(&(*key, *field)).map_or("[]", String::as_str);
            for part in [", \"", field, "\": ", items] {
                row.push_str(part);
            }
        }
        row.push('}');
    }
    Ok(rows)
}
