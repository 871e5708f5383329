//! The whole tree against the whole ledger.

use lethe_tlog::Hash;
use lethe_tlog::tree::Frontier;
use sqlx::PgConnection;

use crate::growth::{Growth, WIDTH};
use crate::key::LogKey;
use crate::store::{self, signed};
use crate::{Fault, NotaryError, read};

/// How many tiles of leaves are compared at once.
const TILES: u64 = 64;

/// What a comparison of the ledger with what was signed of it came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// How many events were signed.
    pub size: u64,
    /// What is wrong, if something is.
    pub fault: Option<Fault>,
}

/// How many events are hashed in one go.
const BATCH: i64 = 50_000;

/// The size and root of the tree over the ledger as it stands, whatever was signed of it.
///
/// # Errors
/// [`NotaryError::Fault`] when a position is missing or cannot be an entry, errors of the database.
pub async fn root_now(connection: &mut PgConnection) -> Result<(u64, Hash), NotaryError> {
    let mut tree = Frontier::default();
    loop {
        let from = signed(tree.size());
        let push = |_, leaf| {
            tree.push(leaf, |_, _| {});
            Ok(())
        };
        let last = read::leaves(&mut *connection, from, BATCH, push).await?.map_err(NotaryError::Fault)?;
        if last == from {
            return Ok((tree.size(), tree.root()));
        }
    }
}

/// Hashes every event that was signed and compares it with its leaf, and the root with the signed one; in one snapshot.
/// Tells how many are done.
pub(crate) async fn walk(
    connection: &mut PgConnection,
    key: &LogKey,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<Checked, NotaryError> {
    let (head, _) = store::head(connection).await?;
    let size = head.size;
    let (mut growth, mut first) = (Growth::default(), None);
    while growth.size() < size {
        let done = compared(connection, &mut growth, size, &mut first).await?;
        if let Err(fault) = done {
            // Those behind a missing one may have closed ranks: the first that differs tells where.
            let fault = first.map_or(fault, Fault::changed);
            return Ok(Checked { size, fault: Some(fault) });
        }
        progress(growth.size(), size);
    }
    let signed = head.note.as_deref().and_then(|note| key.read(note));
    let fault = match (size, signed) {
        (0, _) => None,
        (_, Some((origin, of, root))) if (origin, of) == (head.origin, size) => {
            // A leaf that differs is not believed against the root: the tables of the notary may be at fault.
            let right = growth.root() == root;
            match (right, first) {
                (true, None) => None,
                (true, Some(_)) => Some(Fault::tree()),
                (false, Some(position)) => Some(Fault::changed(position)),
                (false, None) => Some(Fault::forked(size, &"in the database")),
            }
        }
        _ => Some(Fault::signature(&"in the database")),
    };
    Ok(Checked { size, fault })
}

/// Adds the next events to the tree, and notes the first one whose stored leaf is another.
async fn compared(
    connection: &mut PgConnection,
    growth: &mut Growth,
    size: u64,
    first: &mut Option<i64>,
) -> Result<Result<(), Fault>, NotaryError> {
    let from = growth.size();
    let count = (TILES * WIDTH as u64).min(size - from);
    let wanted: Vec<(u8, u64)> =
        (from / WIDTH as u64..=(from + count - 1) / WIDTH as u64).map(|number| (0, number)).collect();
    let mut tiles = store::tiles(&mut *connection, &wanted).await?;
    tiles.sort_unstable_by_key(|(_, number, _)| *number);
    let stored: Vec<Hash> =
        tiles.iter().flat_map(|(_, _, bytes)| Hash::sequence(bytes).unwrap_or_default()).collect();
    let (mut stored, mut full) = (stored.into_iter(), Vec::new());
    let each = |position: i64, leaf: Hash| {
        if stored.next() != Some(leaf) && first.is_none() {
            *first = Some(position);
        }
        growth.push(leaf, &mut full);
        full.clear();
        Ok(())
    };
    let last = match read::leaves(connection, signed(from), signed(count), each).await? {
        Ok(last) => last,
        Err(fault) => return Ok(Err(fault)),
    };
    // Fewer than were signed: the rest is not there.
    Ok(if last == signed(from + count) {
        Ok(())
    } else {
        Err(Fault::shorter(last, size, &"in the database"))
    })
}
