//! How far a view has come, as the database knows it: the one number that makes its work exactly once.

use sqlx::{PgConnection, Row};

use crate::{LedgerError, Parts};

/// Who a checkpoint belongs to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Identity {
    pub(crate) name: &'static str,
    pub(crate) version: i32,
    pub(crate) sources: &'static [&'static str],
}

impl Identity {
    /// The lock of who runs it. Versions have locks of their own, so that a new one need not wait for an old process.
    pub(crate) fn lock(&self) -> String {
        format!("lethe.view.{}.{}", self.name, self.version)
    }
}

/// The stored position.
///
/// # Errors
/// [`LedgerError::NewerVersion`] when another version has taken over.
pub(crate) async fn stored(connection: &mut PgConnection, who: Identity) -> Result<i64, LedgerError> {
    let position: Option<i64> =
        sqlx::query_scalar("SELECT position FROM ledger.projections WHERE name = $1 AND version = $2")
            .bind(who.name)
            .bind(who.version)
            .fetch_optional(connection)
            .await?;
    position.ok_or(LedgerError::NewerVersion)
}

/// Moves the checkpoint if it is where it is believed to be; false if somebody else moved it. It takes the row's
/// lock, so whoever does this first in a transaction has the view for itself.
pub(crate) async fn advance(
    connection: &mut PgConnection,
    who: Identity,
    (from, to): (i64, i64),
) -> Result<bool, LedgerError> {
    // What is lost of a view in a crash is folded again; the ledger itself is always durable.
    let moved = sqlx::query(
        "UPDATE ledger.projections SET position = $4, halted = NULL \
         WHERE name = $1 AND version = $2 AND position = $3 \
         RETURNING set_config('synchronous_commit', 'off', true)",
    )
    .bind(who.name)
    .bind(who.version)
    .bind(from)
    .bind(to)
    .fetch_optional(connection)
    .await?;
    Ok(moved.is_some())
}

/// Stores why it stands still, for the other processes; with what was passed over before.
pub(crate) async fn halt(parts: &Parts, who: Identity, reason: &str) -> Result<(), LedgerError> {
    sqlx::query(
        "UPDATE ledger.projections SET halted = $3 \
         WHERE name = $1 AND version = $2 AND halted IS DISTINCT FROM $3",
    )
    .bind(who.name)
    .bind(who.version)
    .bind(reason)
    .execute(&parts.pool)
    .await?;
    Ok(())
}

/// A checkpoint as others see it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) version: i32,
    /// The position up to which it shows the ledger: the last one before the next event of its sources. Who runs it
    /// stores the checkpoint only with changed rows and every thousand positions.
    pub(crate) position: i64,
    pub(crate) halted: Option<String>,
}

/// All checkpoints, in one statement and of one moment; `None` for what the database does not know.
pub(crate) async fn seen(parts: &Parts, who: &[Identity]) -> Result<Vec<Option<Seen>>, LedgerError> {
    let rows = sqlx::query(
        "SELECT p.version, p.halted, coalesce( \
             (SELECT e.position - 1 FROM ledger.events e WHERE e.position > p.position \
              AND e.aggregate_type = ANY(string_to_array(w.sources, ' ')) ORDER BY e.position LIMIT 1), \
             (SELECT e.position FROM ledger.events e ORDER BY e.position DESC LIMIT 1), 0) AS position \
         FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS w (name, sources, place) \
         LEFT JOIN ledger.projections p ON p.name = w.name ORDER BY w.place",
    )
    .bind(who.iter().map(|who| who.name).collect::<Vec<_>>())
    .bind(who.iter().map(|who| who.sources.join(" ")).collect::<Vec<_>>())
    .fetch_all(&parts.pool)
    .await?;
    rows.iter()
        .map(|row| {
            let Some(version) = row.try_get("version")? else { return Ok(None) };
            Ok(Some(Seen { version, position: row.try_get("position")?, halted: row.try_get("halted")? }))
        })
        .collect()
}
