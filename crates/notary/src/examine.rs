//! What is looked at before the notary goes on: that the ledger is the one that it signed.

use std::path::{Path, PathBuf};

use lethe_tlog::Hash;
use lethe_tlog::tree::Node;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::growth::{Growth, WIDTH};
use crate::key::LogKey;
use crate::nodes;
use crate::store::{self, Head, signed, unsigned};
use crate::{Fault, NotaryError, read};

/// How many of the last leaves are compared with their events.
const RECENT: u64 = 2 * WIDTH as u64;
const IN_DATABASE: &str = "in the database";

/// Compares what is signed with what is there, in one snapshot: the signature, the stored tree, the ledger's end, its last
/// events, and every checkpoint that is kept outside. `kept` must have been read before the snapshot was taken.
pub(crate) async fn examine(
    connection: &mut PgConnection,
    key: &LogKey,
    kept: &[(PathBuf, String)],
) -> Result<Result<Growth, Fault>, NotaryError> {
    let (head, now) = store::head(connection).await?;
    if head.origin != now {
        return Ok(Err(Fault::other_history(head.origin, &IN_DATABASE)));
    }
    let growth = match resumed(connection, key, &head).await? {
        Ok(growth) => growth,
        Err(fault) => return Ok(Err(fault)),
    };
    let end = end(connection).await?;
    if end < signed(head.size) {
        return Ok(Err(Fault::shorter(end, head.size, &IN_DATABASE)));
    }
    if let Err(fault) = recent(connection, head.size).await? {
        return Ok(Err(fault));
    }
    for (place, note) in kept {
        let Some((origin, size, root)) = key.read(note) else {
            tracing::error!(place = %place.display(), "a kept checkpoint is damaged, or not signed by this installation");
            continue;
        };
        let checked = if origin == now {
            against(connection, &growth, (size, root), place).await?
        } else {
            told(connection, origin, place).await?
        };
        if let Err(fault) = checked {
            return Ok(Err(fault));
        }
    }
    Ok(Ok(growth))
}

/// The stored tree, if it is the one that was signed.
async fn resumed(
    connection: &mut PgConnection,
    key: &LogKey,
    head: &Head,
) -> Result<Result<Growth, Fault>, NotaryError> {
    if head.size == 0 {
        return Ok(Ok(Growth::default()));
    }
    let signed = head.note.as_deref().and_then(|note| key.read(note));
    let Some((origin, size, root)) = signed else { return Ok(Err(Fault::signature(&IN_DATABASE))) };
    if (origin, size) != (head.origin, head.size) {
        return Ok(Err(Fault::signature(&IN_DATABASE)));
    }
    let growth = store::growth(connection, head.size).await?;
    Ok(growth.filter(|growth| growth.root() == root).ok_or_else(Fault::tree))
}

/// The ledger's last position.
pub(crate) async fn end(connection: &mut PgConnection) -> Result<i64, NotaryError> {
    let sql = "SELECT coalesce((SELECT position FROM ledger.events ORDER BY position DESC LIMIT 1), 0)";
    Ok(sqlx::query_scalar(sql).fetch_one(connection).await?)
}

/// Compares the last events with their leaves.
async fn recent(connection: &mut PgConnection, size: u64) -> Result<Result<(), Fault>, NotaryError> {
    let from = size.saturating_sub(RECENT);
    if from == size {
        return Ok(Ok(()));
    }
    let leaf = |index| Node { level: 0, index };
    let nodes = nodes::read(connection, (from..size).map(leaf)).await?;
    let same = |position, hash| match nodes.node(leaf(unsigned(position - 1))) {
        Ok(stored) if stored == hash => Ok(()),
        _ => Err(Fault::changed(position)),
    };
    Ok(read::leaves(connection, signed(from), signed(size - from), same).await?.map(drop))
}

/// Compares a checkpoint of this history that is kept elsewhere: with the stored tree, or with the ledger where that goes
/// on behind it.
async fn against(
    connection: &mut PgConnection,
    growth: &Growth,
    (size, root): (u64, Hash),
    place: &Path,
) -> Result<Result<(), Fault>, NotaryError> {
    let place = place.display();
    if size == 0 {
        return Ok(Ok(()));
    }
    let there = if size <= growth.size() {
        nodes::root(connection, size).await?
    } else {
        let end = end(connection).await?;
        if unsigned(end) < size {
            return Ok(Err(Fault::shorter(end, size, &place)));
        }
        let (mut longer, mut full) = (growth.clone(), Vec::new());
        let rest = signed(size - growth.size());
        let read = read::leaves(connection, signed(growth.size()), rest, |_, leaf| {
            longer.push(leaf, &mut full);
            full.clear();
            Ok(())
        });
        if let Err(fault) = read.await? {
            return Ok(Err(fault));
        }
        longer.root()
    };
    Ok(if there == root { Ok(()) } else { Err(Fault::forked(size, &place)) })
}

/// Whether the ledger tells that it was restored from another history.
async fn told(
    connection: &mut PgConnection,
    origin: Uuid,
    place: &Path,
) -> Result<Result<(), Fault>, NotaryError> {
    let told: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM ledger.events WHERE aggregate_type = 'vault' AND event_type = 'vault.restored' \
         AND payload -> 'Restored' ->> 'old_origin' = $1)",
    )
    .bind(origin.to_string())
    .fetch_one(connection)
    .await?;
    Ok(if told { Ok(()) } else { Err(Fault::other_history(origin, &place.display())) })
}
