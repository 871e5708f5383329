//! How a mirror stands.

use std::path::PathBuf;

use serde::Serialize;
use sqlx::PgPool;

use super::snapshot::Snapshot;
use super::{Mirror, Mirrors};

/// How a mirror stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MirrorStatus {
    /// Its folder.
    pub path: PathBuf,
    /// The root from which its newest export hangs; none if there is none, or it cannot be read.
    pub epoch: Option<i64>,
    /// The last change of keys that is there.
    pub change: Option<i64>,
    /// How many changes are not there yet.
    pub backlog: i64,
    /// How old its newest full export is, in seconds.
    pub export_age: Option<i64>,
    /// What is wrong.
    pub error: Option<String>,
}

impl Mirrors {
    /// How each mirror stands.
    pub async fn status(&self, pool: &PgPool) -> Vec<MirrorStatus> {
        let mut status = Vec::new();
        for mirror in self {
            status.push(mirror.status(pool).await);
        }
        status
    }
}

impl Mirror {
    /// How it stands. What cannot be found out is an error in the answer.
    pub async fn status(&self, pool: &PgPool) -> MirrorStatus {
        let mut status = MirrorStatus { path: self.folder().to_path_buf(), ..MirrorStatus::default() };
        if let Err(error) = self.fill(pool, &mut status).await {
            status.error = Some(error.to_string());
        }
        status
    }

    async fn fill(&self, pool: &PgPool, status: &mut MirrorStatus) -> Result<(), super::MirrorError> {
        let Some(mut snapshot) = Snapshot::take(pool).await? else { return Ok(()) };
        let header = snapshot.header.clone();
        let known = self.known(&header).await;
        let found = known.as_ref().ok().and_then(Option::as_ref);
        let of_this_epoch = found.filter(|known| known.export.epoch == header.epoch);
        let after = of_this_epoch.map_or(i64::MIN, |known| known.change);
        status.backlog = snapshot.backlog(after).await?;
        if let Some(known) = found {
            status.epoch = Some(known.export.epoch);
            status.change = Some(known.change);
            status.export_age = Some((header.written_at - known.export.written_at).num_seconds().max(0));
        }
        known.map(drop)
    }

    /// Tells the metrics how it stands.
    pub async fn measure(&self, pool: &PgPool) -> MirrorStatus {
        let status = self.status(pool).await;
        let name = self.folder().display().to_string();
        #[expect(clippy::cast_precision_loss, reason = "a gauge need not be exact")]
        let number = |number: i64| number as f64;
        metrics::gauge!("lethe_mirror_backlog", "mirror" => name.clone()).set(number(status.backlog));
        metrics::gauge!("lethe_mirror_failing", "mirror" => name.clone()).set(if status.error.is_some() {
            1.0
        } else {
            0.0
        });
        if let Some(age) = status.export_age {
            metrics::gauge!("lethe_mirror_export_age", "mirror" => name).set(number(age));
        }
        status
    }
}
