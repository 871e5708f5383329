//! `lethe replay`: the ledger as JSON lines. It needs no keys and opens no sealed value.

mod bound;

use chrono::{DateTime, Utc};
use clap::Args;
use futures_util::TryStreamExt;
use serde::Serialize;
use serde_json::value::RawValue;
use sqlx::postgres::PgRow;
use sqlx::{PgPool, Row};
use uuid::Uuid;

use crate::config::Config;
use crate::data_dir::DataDir;
use crate::database::{Database, Using};
use crate::error::{Error, Outcome};
use crate::output;
use bound::{Bound, Stream};

/// The flags of `lethe replay`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Only the events of one stream, for example contact:0198a6b2-5c1e-7000-8000-000000000001
    #[arg(long, value_name = "TYPE:UUID")]
    stream: Option<Stream>,
    /// The first position, or the time or date (Danish) of the first event
    #[arg(long, value_name = "POSITION|TIME|DATE")]
    from: Option<Bound>,
    /// The last position, or the time or date (Danish) of the last event, inclusive
    #[arg(long, value_name = "POSITION|TIME|DATE")]
    until: Option<Bound>,
}

/// Writes the events in the order of the ledger, one JSON object a line.
///
/// # Errors
/// [`Error::NoLedger`], [`Error::Ledger`], [`Error::Output`].
pub(crate) async fn run(config: &Config, arguments: &Arguments) -> Result<Outcome, Error> {
    let folder = DataDir::for_database(config)?;
    let database = Database::start(config, &folder, Using::Sharing).await?;
    let pool = database.connect(config).await?;
    let written = write(&pool, arguments).await;
    pool.close().await;
    database.stop().await?;
    written.map(|()| Outcome::Done)
}

async fn write(pool: &PgPool, arguments: &Arguments) -> Result<(), Error> {
    let has_ledger: bool =
        sqlx::query_scalar("SELECT to_regclass('ledger.events') IS NOT NULL").fetch_one(pool).await?;
    if !has_ledger {
        return Err(Error::NoLedger);
    }
    let (first, after) = Bound::lower(arguments.from);
    let (last, before) = Bound::upper(arguments.until);
    // Rows are read while they are written, so that a large ledger needs no more memory than a small one.
    let mut rows = sqlx::query(
        "SELECT position, recorded_at, aggregate_type, aggregate_id, sequence, event_type, event_version, event_id, \
         metadata::text AS metadata, payload::text AS payload FROM ledger.events \
         WHERE ($1::text IS NULL OR (aggregate_type = $1 AND aggregate_id = $2)) \
         AND position BETWEEN $3 AND $4 AND recorded_at >= $5 AND recorded_at < $6 ORDER BY position",
    )
    .bind(arguments.stream.as_ref().map(|stream| stream.kind.as_str()))
    .bind(arguments.stream.as_ref().map(|stream| stream.id.to_string()))
    .bind(first)
    .bind(last)
    .bind(after)
    .bind(before)
    .fetch(pool);
    while let Some(row) = rows.try_next().await? {
        output::line(&json(&row)?)?;
    }
    Ok(())
}

#[derive(Serialize)]
struct Event<'a> {
    position: i64,
    recorded_at: DateTime<Utc>,
    stream: String,
    sequence: i64,
    r#type: &'a str,
    version: &'a str,
    #[serde(rename = "event_id")]
    id: Uuid,
    metadata: &'a RawValue,
    payload: &'a RawValue,
}

/// Metadata and payload are written byte for byte as they are stored.
fn json(row: &PgRow) -> Result<String, Error> {
    let raw = |column| -> Result<&RawValue, Error> {
        Ok(serde_json::from_str(row.try_get::<&str, _>(column)?).map_err(std::io::Error::other)?)
    };
    let (kind, id): (&str, &str) = (row.try_get("aggregate_type")?, row.try_get("aggregate_id")?);
    let event = Event {
        position: row.try_get("position")?,
        recorded_at: row.try_get("recorded_at")?,
        stream: format!("{kind}:{id}"),
        sequence: row.try_get("sequence")?,
        r#type: row.try_get("event_type")?,
        version: row.try_get("event_version")?,
        id: row.try_get("event_id")?,
        metadata: raw("metadata")?,
        payload: raw("payload")?,
    };
    Ok(serde_json::to_string(&event).map_err(std::io::Error::other)?)
}
