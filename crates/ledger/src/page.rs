//! Pages of a view by keyset: every page costs the same, however far down the list it is.

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{PgPool, Postgres, QueryBuilder, Row};
use uuid::Uuid;

use crate::store::{LIVE, decode, row_json};
use crate::{LedgerError, Projection};

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

/// One page of a view; `filter` adds conditions over the row `r`, each beginning with ` AND `.
///
/// # Errors
/// [`LedgerError::ForeignCursor`], and errors of the database.
pub async fn page<P: Projection>(
    pool: &PgPool,
    filter: impl FnOnce(&mut QueryBuilder<'_, Postgres>),
    order: Order,
    page: &Page,
) -> Result<Vec<Found<P::Row>>, LedgerError> {
    let mut sql =
        QueryBuilder::new("SELECT '00000000-0000-0000-0000-000000000000'::uuid AS parent, q.* FROM (");
    select::<P>(&mut sql, order, "");
    filter(&mut sql);
    slice::<P>(&mut sql, order, page)?;
    sql.push(") q");
    finish::<P>(&planned(&mut sql).fetch_all(pool).await?, order, page)
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
    (join, filter): (&'static str, impl FnOnce(&mut QueryBuilder<'_, Postgres>)),
    order: Order,
    page: &Page,
) -> Result<Vec<Found<P::Row>>, LedgerError> {
    let mut sql = QueryBuilder::new("SELECT p.id AS parent, q.* FROM unnest(");
    sql.push_bind(parents.to_vec()).push(") p(id) CROSS JOIN LATERAL (");
    select::<P>(&mut sql, order, join);
    filter(&mut sql);
    slice::<P>(&mut sql, order, page)?;
    sql.push(") q");
    finish::<P>(&planned(&mut sql).fetch_all(pool).await?, order, page)
}

/// A statement that is planned for its values: the best plan for a unit with half of all rows is not the one for a unit with
/// a hundred, and a statement that stays prepared is soon given one plan for all.
fn planned<'q>(sql: &'q mut QueryBuilder<'_, Postgres>) -> Query<'q, Postgres, PgArguments> {
    sql.build().persistent(false)
}

fn select<P: Projection>(sql: &mut QueryBuilder<'_, Postgres>, order: Order, join: &str) {
    let (row, key, view) = (row_json::<P>(LIVE), order.by, P::NAME);
    sql.push(format!(
        "SELECT {row} AS row, ({key})::text AS key, r.id FROM {LIVE}.{view} r {join} WHERE true"
    ));
}

/// What the keys of cursors begin with, so that a cursor of another list or order is not mistaken for one of this.
fn mark<P: Projection>(order: Order) -> String {
    format!("{} {} ", P::NAME, order.by)
}

fn slice<P: Projection>(
    sql: &mut QueryBuilder<'_, Postgres>,
    order: Order,
    page: &Page,
) -> Result<(), LedgerError> {
    let mark = mark::<P>(order);
    for (cursor, behind) in [(&page.after, true), (&page.before, false)] {
        if let Some(cursor) = cursor {
            let key = cursor.key.strip_prefix(&mark).ok_or(LedgerError::ForeignCursor)?;
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

fn finish<P: Projection>(
    rows: &[PgRow],
    order: Order,
    page: &Page,
) -> Result<Vec<Found<P::Row>>, LedgerError> {
    let mark = mark::<P>(order);
    let mut found = rows.iter().map(|row| read::<P>(row, &mark)).collect::<Result<Vec<_>, _>>()?;
    if page.from_end {
        found.reverse();
    }
    Ok(found)
}

fn read<P: Projection>(row: &PgRow, mark: &str) -> Result<Found<P::Row>, LedgerError> {
    Ok(Found {
        parent: row.try_get("parent")?,
        cursor: Cursor { key: mark.to_owned() + row.try_get("key")?, id: row.try_get("id")? },
        row: decode::<P::Row>(row.try_get("row")?)?,
    })
}
