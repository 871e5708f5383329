//! Pages of a view by keyset: every page costs the same, however far down the list it is.

use serde::de::DeserializeOwned;
use sqlx::postgres::PgRow;
use sqlx::{PgPool, Postgres, QueryBuilder, Row};
use uuid::Uuid;

use crate::runner::Job;
use crate::shape::{Shape, Shaped, decode};
use crate::store::{LIVE, row_json};
use crate::{LedgerError, Projection, Reads};

/// What a list is ordered by; the id decides among equals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// An SQL expression over the row `r` that is never null.
    pub by: &'static str,
    /// Its SQL type.
    pub sql_type: &'static str,
    /// Whether the largest comes first.
    pub descending: bool,
}

/// A place in a list.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cursor {
    /// The list and its order, then the text of the order's expression.
    pub key: String,
    /// The row's id.
    pub id: Uuid,
}

/// Which part of a list is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Page {
    /// Only what comes behind this place.
    pub after: Option<Cursor>,
    /// Only what comes before this place.
    pub before: Option<Cursor>,
    /// How many at most.
    pub limit: i64,
    /// Whether the last ones are wanted instead of the first ones.
    pub from_end: bool,
}

/// A row of a list and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Found<R> {
    /// The parent whose list it is in; nil in a list of its own.
    pub parent: Uuid,
    /// Its place.
    pub cursor: Cursor,
    /// The row.
    pub row: R,
}

/// One page of a view, the rows with all of their lists; `filter` adds conditions over the row `r`, each beginning with
/// ` AND `.
///
/// # Errors
/// [`LedgerError::ForeignCursor`], and errors of the database.
pub async fn page<P: Projection>(
    pool: &PgPool,
    filter: impl FnOnce(&mut QueryBuilder<'_, Postgres>),
    order: Order,
    page: &Page,
) -> Result<Vec<Found<P::Row>>, LedgerError> {
    page_with::<P>(pool, &Reads::all(), filter, order, page).await
}

/// One page of a view as [`page`] gives it, the rows with these of their lists; the others are empty.
///
/// # Errors
/// As [`page`].
pub async fn page_with<P: Projection>(
    pool: &PgPool,
    reads: &Reads,
    filter: impl FnOnce(&mut QueryBuilder<'_, Postgres>),
    order: Order,
    page: &Page,
) -> Result<Vec<Found<P::Row>>, LedgerError> {
    let mut sql =
        QueryBuilder::new("SELECT '00000000-0000-0000-0000-000000000000'::uuid AS parent, q.* FROM (");
    select(&mut sql, P::SHAPE, reads, order, "");
    filter(&mut sql);
    decoded(finish(pool, P::SHAPE, sql, order, page).await?)
}

/// The same page of the lists of several parents, in one statement. `join` is the SQL that joins the row `r` with
/// its parent `p.id`, for example `JOIN view.note_contact l ON l.note_id = r.id AND l.contact_id = p.id`; `filter` is as
/// that of [`page`].
///
/// # Errors
/// As [`page`].
pub async fn nested<P: Projection>(
    pool: &PgPool,
    parents: &[Uuid],
    reads: &Reads,
    (join, filter): (&'static str, impl FnOnce(&mut QueryBuilder<'_, Postgres>)),
    order: Order,
    page: &Page,
) -> Result<Vec<Found<P::Row>>, LedgerError> {
    let mut sql = QueryBuilder::new("SELECT p.id AS parent, q.* FROM unnest(");
    sql.push_bind(parents.to_vec()).push(") p(id) CROSS JOIN LATERAL (");
    select(&mut sql, P::SHAPE, reads, order, join);
    filter(&mut sql);
    decoded(finish(pool, P::SHAPE, sql, order, page).await?)
}

fn decoded<R: DeserializeOwned>(found: Vec<Found<String>>) -> Result<Vec<Found<R>>, LedgerError> {
    found
        .into_iter()
        .map(|Found { parent, cursor, row }| Ok(Found { parent, cursor, row: decode(&row)? }))
        .collect()
}

fn select(sql: &mut QueryBuilder<'_, Postgres>, shape: &Shape, reads: &Reads, order: Order, join: &str) {
    let (row, key, view) = (row_json(shape, LIVE, reads), order.by, shape.name);
    sql.push(format!(
        "SELECT {row} AS row, ({key})::text AS key, r.id FROM {LIVE}.{view} r {join} WHERE true"
    ));
}

/// What the keys of cursors begin with, so that a cursor of another list or order is not mistaken for one of this.
fn mark(shape: &Shape, order: Order) -> String {
    format!("{} {} ", shape.name, order.by)
}

/// Executes a statement that has been written up to its filter.
fn finish<'a>(
    pool: &'a PgPool,
    shape: &'static Shape,
    mut sql: QueryBuilder<'a, Postgres>,
    order: Order,
    page: &'a Page,
) -> Job<'a, Vec<Found<String>>> {
    Box::pin(async move {
        let mark = mark(shape, order);
        slice(&mut sql, &mark, order, page)?;
        sql.push(") q");
        // Planned for its values: the best plan for a unit with half of all rows is not the one for a unit with a hundred, and
        // a statement that stays prepared is soon given one plan for all.
        let rows = sql.build().persistent(false).fetch_all(pool).await?;
        let mut found = rows.iter().map(|row| read(row, &mark)).collect::<Result<Vec<_>, _>>()?;
        if page.from_end {
            found.reverse();
        }
        Ok(found)
    })
}

fn slice(
    sql: &mut QueryBuilder<'_, Postgres>,
    mark: &str,
    order: Order,
    page: &Page,
) -> Result<(), LedgerError> {
    for (cursor, behind) in [(&page.after, true), (&page.before, false)] {
        if let Some(cursor) = cursor {
            let key = cursor.key.strip_prefix(mark).ok_or(LedgerError::ForeignCursor)?;
            let sign = if behind == order.descending { "<" } else { ">" };
            sql.push(format!(" AND ({}, r.id) {sign} (", order.by))
                .push_bind(key.to_owned())
                .push(format!("::{}, ", order.sql_type))
                .push_bind(cursor.id)
                .push(")");
        }
    }
    let direction = if order.descending == page.from_end { "ASC" } else { "DESC" };
    sql.push(format!(" ORDER BY {} {direction}, r.id {direction} LIMIT ", order.by)).push_bind(page.limit);
    Ok(())
}

fn read(row: &PgRow, mark: &str) -> Result<Found<String>, LedgerError> {
    Ok(Found {
        parent: row.try_get("parent")?,
        cursor: Cursor { key: mark.to_owned() + row.try_get("key")?, id: row.try_get("id")? },
        row: row.try_get("row")?,
    })
}
