//! Writing audit bundles: events as they are stored, with the hashes that a signed checkpoint vouches for.

use std::path::Path;

use futures_util::TryStreamExt;
use lethe_tlog::bundle::{Earlier, Header, Selection, Writer};
use lethe_tlog::tile::Tile;

use crate::store::signed;
use crate::{Checkpoint, Notary, NotaryError, read};

/// Which events belong to a selection; `$1` is its id.
const EVERY: &str = "$1::text IS NULL";
const OF_UNIT: &str = "metadata ->> 'unit' = $1 OR (aggregate_type = 'unit' AND aggregate_id = $1)";
/// Its own stream, those of all that ever belonged to it, and whatever else names it.
const OF_CONTACT: &str = "aggregate_id = $1 OR strpos(payload::text, $1) > 0 \
    OR aggregate_id IN (SELECT b.payload #>> '{Bound,id}' FROM ledger.events b \
        WHERE b.aggregate_type = 'contact' AND b.aggregate_id = $1 AND b.event_type = 'contact.bound')";

/// What was exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// How many events.
    pub events: u64,
    /// The size of the log whose checkpoint vouches for them.
    pub size: u64,
}

/// Which rows belong to a selection.
struct Chosen {
    condition: &'static str,
    id: Option<String>,
    from: u64,
    until: u64,
}

impl Chosen {
    fn of(selection: Selection, size: u64) -> Result<Self, NotaryError> {
        let (condition, id, from, until) = match selection {
            Selection::All => (EVERY, None, 1, size),
            Selection::Range { from, until } if until <= size => (EVERY, None, from, until),
            Selection::Range { until, .. } => return Err(NotaryError::NotYet { wanted: until, size }),
            Selection::Unit { id } => (OF_UNIT, Some(id.to_string()), 1, size),
            Selection::Contact { id } => (OF_CONTACT, Some(id.to_string()), 1, size),
        };
        Ok(Self { condition, id, from, until })
    }

    fn sql(&self) -> String {
        format!(
            "SELECT {} FROM ledger.events WHERE position BETWEEN $2 AND $3 AND ({}) ORDER BY position",
            read::COLUMNS,
            self.condition
        )
    }
}

impl Notary {
    /// Writes a bundle of what is signed into a folder that is new or empty, event by event; tells how many are written.
    /// Events go out as they stand in the ledger, also where they are not what was signed: to find that is what a bundle
    /// is for.
    ///
    /// # Errors
    /// [`NotaryError::Export`], [`NotaryError::NotYet`] when nothing is signed, errors of the database.
    pub async fn export(
        &self,
        folder: &Path,
        selection: Selection,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Exported, NotaryError> {
        let newest = self.signed().await?.ok_or(NotaryError::NotYet { wanted: 1, size: 0 })?;
        let (checkpoint, earlier) = self.vouching(newest).await?;
        let size = checkpoint.size;
        let chosen = Chosen::of(selection, size)?;
        let note = checkpoint.note.parse().map_err(lethe_tlog::checkpoint::CheckpointError::Note)?;
        let header = Header { checkpoint: note, key: self.key.verifier().clone(), selection, earlier };
        let mut writer = Writer::create(folder, header)?;
        let sql = chosen.sql();
        let mut rows = sqlx::query(&sql)
            .bind(chosen.id)
            .bind(signed(chosen.from))
            .bind(signed(chosen.until))
            .fetch(&self.parts.pool);
        let mut events = 0;
        while let Some(row) = rows.try_next().await? {
            let event = read::event(&row)?;
            self.give(&mut writer, |writer| writer.wants(event.position)).await?;
            writer.event(&event)?;
            events += 1;
            progress(events);
        }
        self.give(&mut writer, Writer::wants_at_last).await?;
        writer.finish()?;
        Ok(Exported { events, size })
    }

    /// The checkpoint of a bundle: the newest one, or the same with the signatures of witnesses. An older one that they have
    /// signed comes with the proof that nothing was rewritten since.
    async fn vouching(&self, newest: Checkpoint) -> Result<(Checkpoint, Vec<Earlier>), NotaryError> {
        let Some(cosigned) = self.cosigned().await? else { return Ok((newest, Vec::new())) };
        if cosigned.size == newest.size {
            return Ok((cosigned, Vec::new()));
        }
        let proof = self.consistency(cosigned.size, newest.size).await?;
        Ok((newest, vec![Earlier { checkpoint: cosigned.note, proof }]))
    }

    async fn give(
        &self,
        writer: &mut Writer,
        wanted: impl FnOnce(&Writer) -> Vec<Tile>,
    ) -> Result<(), NotaryError> {
        for tile in wanted(writer) {
            // One that is not there is told by the writer.
            if let Some(bytes) = self.tile(tile).await? {
                writer.give(tile, &bytes)?;
            }
        }
        Ok(())
    }
}
