//! Checking everything that is stored of keys.

use std::collections::{HashMap, HashSet};

use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};
use uuid::Uuid;

use crate::crypto::Key;
use crate::nursery::NURSERY;
use crate::open::Row;
use crate::restore::{Source, missing, unnamed};
use crate::rotation::place_of;
use crate::subject_key::SubjectKey;
use crate::{Vault, VaultError};

const PAGE: i64 = 4096;
/// How many findings of one check are told one by one.
const TOLD: u64 = 20;

/// What was looked at, and what is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verified {
    /// Buckets that were opened.
    pub buckets: u64,
    /// Keys that were opened and are those that were created.
    pub keys: u64,
    /// Keys that events created, and whose commitment was compared.
    pub created: i64,
    /// Tombstones that were looked for in events.
    pub tombstones: i64,
    /// Custodians that hold the root.
    pub custodians: u64,
    /// Mirrors that were read from beginning to end.
    pub mirrors: u64,
    /// What is wrong, in sentences.
    pub findings: Vec<String>,
}

impl Vault {
    /// Reads every bucket, key and tombstone, what events tell of them, what every custodian holds, and all of every
    /// mirror.
    ///
    /// # Errors
    /// Errors of custodians and database that prevent looking; whatever is wrong otherwise is a finding.
    pub async fn verify(&self) -> Result<Verified, VaultError> {
        let mut found = Verified::default();
        let mut snapshot = self.pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        let row = Row::read(&mut snapshot).await?.ok_or(VaultError::NoVault)?;
        let buckets = self.verify_buckets(&mut snapshot, &row, &mut found).await?;
        verify_keys(&mut snapshot, &buckets, &mut found).await?;
        verify_events(&mut snapshot, &mut found).await?;
        verify_tombstones(&mut snapshot, &mut found).await?;
        let rotating: Vec<i64> =
            sqlx::query_scalar("SELECT unnest(ARRAY[old_epoch, new_epoch]) FROM vault.rotation")
                .fetch_all(&mut *snapshot)
                .await?;
        snapshot.rollback().await?;
        self.verify_custodians(&row, &rotating, &mut found).await;
        self.verify_mirrors(&row, &mut found).await;
        Ok(found)
    }

    async fn verify_buckets(
        &self,
        snapshot: &mut PgConnection,
        row: &Row,
        found: &mut Verified,
    ) -> Result<HashMap<(i32, i64), Key>, VaultError> {
        let root = self.root_of(row.epoch).await?;
        let rows: Vec<(i32, i64, Vec<u8>)> =
            sqlx::query_as("SELECT bucket, generation, wrapped FROM vault.buckets")
                .fetch_all(snapshot)
                .await?;
        let mut buckets = HashMap::with_capacity(rows.len());
        for (bucket, generation, wrapped) in rows {
            match root.unwrap(bucket, generation, &wrapped) {
                Ok(key) => drop(buckets.insert((bucket, generation), key)),
                Err(error) => found.findings.push(error.to_string()),
            }
        }
        let nursery = VaultError::NurseryDamaged(row.epoch).to_string();
        if !buckets.contains_key(&(NURSERY, row.epoch)) && !found.findings.contains(&nursery) {
            found.findings.push(nursery);
        }
        let opened: HashSet<i32> =
            buckets.keys().map(|(bucket, _)| *bucket).filter(|bucket| *bucket >= 0).collect();
        found.buckets = u64::try_from(opened.len()).unwrap_or_default();
        if i32::try_from(found.buckets) != Ok(row.buckets) {
            found.findings.push(format!("Of {} buckets, {} are there and open.", row.buckets, found.buckets));
        }
        Ok(buckets)
    }

    async fn verify_custodians(&self, row: &Row, rotating: &[i64], found: &mut Verified) {
        for (name, held) in self.custodians.survey().await {
            match held {
                Err(error) => found.findings.push(format!("{name}: {error}")),
                Ok(held) => {
                    if held
                        .iter()
                        .any(|held| held.epoch == row.epoch && held.commitment[..] == row.commitment)
                    {
                        found.custodians += 1;
                    } else {
                        found.findings.push(format!("{name} does not hold the root of epoch {}.", row.epoch));
                    }
                    let other = held.iter().map(|held| held.epoch);
                    for epoch in other.filter(|epoch| *epoch != row.epoch && !rotating.contains(epoch)) {
                        found
                            .findings
                            .push(format!("{name} holds the root of epoch {epoch}, which should be gone."));
                    }
                }
            }
        }
    }

    async fn verify_mirrors(&self, row: &Row, found: &mut Verified) {
        for mirror in &self.mirrors {
            let path = mirror.folder().display();
            match Source::read(mirror.folder()).await {
                Err(error) => found.findings.push(error.to_string()),
                Ok(source) if source.header.installation != row.installation => {
                    found.findings.push(format!("The mirror {path} is that of another installation."));
                }
                Ok(source) if source.header.epoch != row.epoch => found.findings.push(format!(
                    "The mirror {path} is at epoch {}, the vault at {}.",
                    source.header.epoch, row.epoch
                )),
                Ok(_) => found.mirrors += 1,
            }
        }
    }
}

async fn verify_keys(
    snapshot: &mut PgConnection,
    buckets: &HashMap<(i32, i64), Key>,
    found: &mut Verified,
) -> Result<(), VaultError> {
    let (mut after, mut wrong) = ((Uuid::nil(), String::new(), String::new()), 0);
    loop {
        let rows = sqlx::query(
            "SELECT key_id, subject_kind, subject_id, class, bucket, generation, wrapped, commitment \
             FROM vault.keys WHERE (subject_id, subject_kind, class) > ($1, $2, $3) \
             ORDER BY subject_id, subject_kind, class LIMIT $4",
        )
        .bind(after.0)
        .bind(after.1)
        .bind(after.2)
        .bind(PAGE)
        .fetch_all(&mut *snapshot)
        .await?;
        let Some(last) = rows.last() else { break };
        after = (last.try_get("subject_id")?, last.try_get("subject_kind")?, last.try_get("class")?);
        for row in &rows {
            if is_whole(row, buckets)? {
                found.keys += 1;
                continue;
            }
            wrong += 1;
            if wrong <= TOLD {
                let (kind, id): (&str, Uuid) = (row.try_get("subject_kind")?, row.try_get("subject_id")?);
                found.findings.push(format!(
                    "The key of {kind} {id} does not open, or is not the one that was created."
                ));
            }
        }
    }
    if wrong > TOLD {
        found.findings.push(format!("Keys that do not open: {wrong}."));
    }
    Ok(())
}

fn is_whole(row: &PgRow, buckets: &HashMap<(i32, i64), Key>) -> Result<bool, VaultError> {
    let Ok(place) = place_of(row) else { return Ok(false) };
    let Some(bucket) = buckets.get(&(place.bucket, place.generation)) else { return Ok(false) };
    let Some(secret) = place.unwrap(bucket, row.try_get("wrapped")?)? else { return Ok(false) };
    let key = SubjectKey::new(place.id, place.subject, place.class, secret)?;
    Ok(key.commitment()?.as_slice() == row.try_get::<&[u8], _>("commitment")?)
}

/// What the events that created keys say of them.
async fn verify_events(snapshot: &mut PgConnection, found: &mut Verified) -> Result<(), VaultError> {
    let (created, other, position): (i64, i64, Option<i64>) = sqlx::query_as(
        "WITH named AS ( \
             SELECT e.position, split_part(c, '/', 4)::uuid AS key_id, split_part(c, '/', 5) AS commitment \
             FROM ledger.events e, unnest(string_to_array(e.metadata ->> 'keys', ' ')) c), \
         compared AS ( \
             SELECT n.position, n.commitment <> rtrim(translate(encode(coalesce(k.commitment, t.commitment), 'base64'), \
                                                                '+/', '-_'), '=') AS other \
             FROM named n LEFT JOIN vault.keys k ON k.key_id = n.key_id \
                          LEFT JOIN vault.tombstones t ON t.key_id = n.key_id) \
         SELECT count(*), count(*) FILTER (WHERE other), min(position) FILTER (WHERE other) FROM compared",
    )
    .fetch_one(&mut *snapshot)
    .await?;
    found.created = created;
    if let Some(position) = position {
        found.findings.push(format!(
            "Keys that are not those that their events created: {other}, the first by the event at position {position}."
        ));
    }
    if let Some((keys, position)) = missing(snapshot).await? {
        found.findings.push(format!(
            "Keys that events created, and that are neither there nor destroyed: {keys}, the first by the event at \
             position {position}. Run `lethe restore`."
        ));
    }
    Ok(())
}

/// Tombstones and the events that destroyed keys tell of the same ones.
async fn verify_tombstones(snapshot: &mut PgConnection, found: &mut Verified) -> Result<(), VaultError> {
    found.tombstones =
        sqlx::query_scalar("SELECT count(*) FROM vault.tombstones").fetch_one(&mut *snapshot).await?;
    let unnamed = unnamed(&mut *snapshot).await?;
    let told = usize::try_from(TOLD).unwrap_or(usize::MAX);
    for tombstone in unnamed.iter().take(told) {
        found.findings.push(format!(
            "The key {} of {} {} was destroyed, and no event says so.",
            tombstone.key_id, tombstone.subject_kind, tombstone.subject_id
        ));
    }
    if unnamed.len() > told {
        found.findings.push(format!("Tombstones that no event names: {}.", unnamed.len()));
    }
    let (keys, position): (i64, Option<i64>) = sqlx::query_as(
        "SELECT count(*), min(e.position) FROM ledger.events e, unnest(string_to_array(e.metadata ->> 'destroyed', ' ')) d \
         WHERE e.metadata::text LIKE '{\"destroyed\"%' \
         AND NOT EXISTS (SELECT FROM vault.tombstones t WHERE t.key_id = split_part(d, '/', 4)::uuid)",
    )
    .fetch_one(&mut *snapshot)
    .await?;
    if let Some(position) = position {
        found.findings.push(format!(
            "Keys that events destroyed, and that have no tombstone: {keys}, the first by the event at position {position}."
        ));
    }
    let back: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM vault.keys k JOIN vault.tombstones t USING (subject_id, subject_kind, class)",
    )
    .fetch_one(snapshot)
    .await?;
    if back > 0 {
        found
            .findings
            .push(format!("Keys that have a tombstone, and are back: {back}. Start `lethe serve` anew."));
    }
    Ok(())
}
