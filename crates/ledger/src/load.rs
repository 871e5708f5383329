//! Loading aggregates: short streams event by event, long ones from a snapshot of their state.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use aws_lc_rs::digest::{Context, SHA256};
use cqrs_es::Aggregate;
use lethe_vault::StoredKey;
use sqlx::Row;
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::append::Expectation;
use crate::{LedgerError, Parts, Recorded, Stored};

/// From how many events on a stream has a snapshot, and how many later ones make it worth a new one.
pub(crate) const LONG: i64 = 100;
const PAGE: i64 = 1000;

impl Parts {
    /// An aggregate's state and version, as they are stored now.
    pub(crate) async fn aggregate<A: Stored>(&self, id: Uuid) -> Result<(A, i64), LedgerError> {
        let (mut state, mut version) = (A::default(), 0);
        let mut events = self.next_of::<A>(id, version, LONG).await?;
        if is_full(&events, LONG)
            && let Some((kept, at)) = self.snapshot::<A>(id).await?
        {
            (state, version) = (kept, at);
            events = self.next_of::<A>(id, version, PAGE).await?;
        }
        let kept = version;
        loop {
            let more = is_full(&events, if version == 0 { LONG } else { PAGE });
            for event in events {
                version = event.sequence;
                Aggregate::apply(&mut state, event.decode()?);
            }
            if !more {
                break;
            }
            events = self.next_of::<A>(id, version, PAGE).await?;
        }
        if version - kept >= LONG {
            self.keep_snapshot(id, &state, version);
        }
        Ok((state, version))
    }

    async fn next_of<A: Stored>(
        &self,
        id: Uuid,
        after: i64,
        limit: i64,
    ) -> Result<Vec<Recorded>, LedgerError> {
        self.stream_page(A::TYPE, id, (after, i64::MAX), (limit, false)).await
    }

    /// The state this very program kept of a stream, and the version it belongs to.
    async fn snapshot<A: Stored>(&self, id: Uuid) -> Result<Option<(A, i64)>, LedgerError> {
        let Some(program) = program().await else { return Ok(None) };
        let row = sqlx::query(
            "SELECT sequence, state::text AS state FROM ledger.snapshots \
             WHERE aggregate_type = $1 AND aggregate_id = $2 AND program = $3",
        )
        .bind(A::TYPE)
        .bind(id.to_string())
        .bind(program)
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let state = serde_json::from_str(row.try_get("state")?).ok();
        Ok(state.zip(Some(row.try_get("sequence")?)))
    }

    /// Keeps the state of a long stream, in the background: losing it costs time, nothing else.
    pub(crate) fn keep_snapshot<A: Stored>(&self, id: Uuid, state: &A, version: i64) {
        let Some(json) = faithful(state) else {
            tracing::warn!(aggregate = A::TYPE, "a state cannot be kept as a snapshot");
            return;
        };
        let pool = self.pool.clone();
        tokio::spawn(async move {
            let Some(program) = program().await else { return };
            let kept = sqlx::query(
                "INSERT INTO ledger.snapshots AS s VALUES ($1, $2, $3, $4, $5::json) \
                 ON CONFLICT (aggregate_type, aggregate_id) DO UPDATE \
                 SET program = EXCLUDED.program, sequence = EXCLUDED.sequence, state = EXCLUDED.state \
                 WHERE s.program <> EXCLUDED.program OR s.sequence < EXCLUDED.sequence",
            )
            .bind(A::TYPE)
            .bind(id.to_string())
            .bind(program)
            .bind(version)
            .bind(json)
            .execute(&pool)
            .await;
            if let Err(error) = kept {
                tracing::debug!(%error, "a snapshot was not kept");
            }
        });
    }

    /// Whether streams still are at these versions and keys still stored, and the last position at that moment.
    pub(crate) async fn unchanged(
        &self,
        streams: &[Expectation],
        keys: &[StoredKey],
    ) -> Result<(bool, i64), LedgerError> {
        let row = sqlx::query(
            "SELECT coalesce((SELECT position FROM ledger.events ORDER BY position DESC LIMIT 1), 0), \
             (SELECT count(*) FROM unnest($1::text[], $2::text[], $3::bigint[]) x (type, stream, version) \
              WHERE x.version <> coalesce((SELECT sequence FROM ledger.events v WHERE v.aggregate_type = x.type \
                                           AND v.aggregate_id = x.stream ORDER BY sequence DESC LIMIT 1), 0)) \
             + (SELECT count(*) FROM unnest($4::uuid[], $5::text[], $6::uuid[], $7::text[]) k (id, kind, subject, class) \
                WHERE k.id IS DISTINCT FROM (SELECT v.key_id FROM vault.keys v WHERE v.subject_id = k.subject \
                                             AND v.subject_kind = k.kind AND v.class = k.class LIMIT 1))",
        )
        .bind(streams.iter().map(|x| x.aggregate).collect::<Vec<_>>())
        .bind(streams.iter().map(|x| x.stream.to_string()).collect::<Vec<_>>())
        .bind(streams.iter().map(|x| x.version).collect::<Vec<_>>())
        .bind(keys.iter().map(|key| key.id).collect::<Vec<_>>())
        .bind(keys.iter().map(|key| key.subject.kind.name()).collect::<Vec<_>>())
        .bind(keys.iter().map(|key| key.subject.id).collect::<Vec<_>>())
        .bind(keys.iter().map(|key| key.class.name()).collect::<Vec<_>>())
        .fetch_one(&self.pool)
        .await?;
        let changed: i64 = row.try_get(1)?;
        Ok((changed == 0, row.try_get(0)?))
    }
}

fn is_full(events: &[Recorded], limit: i64) -> bool {
    i64::try_from(events.len()).is_ok_and(|read| read == limit)
}

/// The JSON of a state, if reading it gives the same state; personal values in it are sealed, or there is none.
fn faithful<A: Stored>(state: &A) -> Option<String> {
    let json = serde_json::to_string(state).ok()?;
    let read: A = serde_json::from_str(&json).ok()?;
    (read == *state).then_some(json)
}

/// The digest of the program that runs: another one may fold events otherwise, so it does not read our snapshots.
/// `None` if the program cannot be read; then there are no snapshots.
async fn program() -> Option<&'static [u8]> {
    static PROGRAM: OnceCell<Option<Vec<u8>>> = OnceCell::const_new();
    let read = || async { tokio::task::spawn_blocking(digest_of_program).await.ok()?.ok() };
    PROGRAM.get_or_init(read).await.as_deref()
}

fn digest_of_program() -> std::io::Result<Vec<u8>> {
    // On Linux this opens the running program even after its file was replaced.
    let own = Path::new("/proc/self/exe");
    let mut file =
        BufReader::new(File::open(if own.exists() { own.into() } else { std::env::current_exe()? })?);
    let mut digest = Context::new(&SHA256);
    loop {
        let read = file.fill_buf()?;
        if read.is_empty() {
            return Ok(digest.finish().as_ref().to_vec());
        }
        digest.update(read);
        let length = read.len();
        file.consume(length);
    }
}
