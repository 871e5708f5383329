//! `lethe keys audit-disk`.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use clap::Args;
use lethe_vault::audit::{Audited, DiskAudit, Openable};
use lethe_vault::custodian::Root;
use lethe_vault::mirror::Mirror;
use lethe_vault::{VaultError, present_roots};
use sqlx::PgPool;
use uuid::Uuid;

use super::with_pool;
use crate::config::Config;
use crate::error::{Error, Outcome};
use crate::output;

/// The flags of `lethe keys audit-disk`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Files, and folders with everything below them: disks, backups, dumps, archives, logs
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Take the living keys from this mirror, without a database; the custodians must then be files
    #[arg(long, value_name = "DIR")]
    mirror: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Tries what hangs from the present root on any files, and names what opens and belongs to nobody living.
///
/// # Errors
/// [`Error::Vault`] when the roots or the living keys cannot be read.
pub(crate) async fn run(config: &Config, arguments: &Arguments) -> Result<Outcome, Error> {
    let (roots, living) = match &arguments.mirror {
        Some(folder) => of_mirror(config, folder).await?,
        None => {
            with_pool(config, async |pool, folder| of_database(&pool, config, folder.path()).await).await?
        }
    };
    let (paths, number) = (arguments.paths.clone(), living.len());
    let epochs: Vec<String> = roots.iter().map(|root| root.epoch.to_string()).collect();
    output::note(&format!("Trying the root of epoch {}; {number} keys are living.", epochs.join(" and ")));
    // It reads for as long as the disks take.
    let audited = tokio::task::spawn_blocking(move || {
        let mut audit = DiskAudit::new(&roots, living)?;
        for path in &paths {
            audit.read(path);
        }
        audit.finish()
    });
    let audited = audited.await.map_err(std::io::Error::other)??;
    if arguments.json {
        output::line(&serde_json::to_string(&audited).map_err(std::io::Error::other)?)?;
    } else {
        for line in lines(&audited) {
            output::line(&line)?;
        }
    }
    let clean = audited.openable.is_empty() && audited.unread.is_empty();
    Ok(if clean { Outcome::Done } else { Outcome::Findings })
}

type Known = (Vec<Root>, HashSet<Uuid>);

async fn of_database(pool: &PgPool, config: &Config, folder: &Path) -> Result<Known, Error> {
    let roots = present_roots(pool, &config.custody(folder)).await?;
    let ids: Vec<Uuid> = sqlx::query_scalar("SELECT key_id FROM vault.keys").fetch_all(pool).await?;
    Ok((roots, ids.into_iter().collect()))
}

/// The same without a database.
async fn of_mirror(config: &Config, folder: &Path) -> Result<Known, Error> {
    let living = Mirror::new(folder).living().await.map_err(VaultError::from)?;
    let data = crate::data_dir::DataDir::for_database(config)?;
    Ok((config.custody(data.path()).roots_of_files().await?, living))
}

fn lines(audited: &Audited) -> Vec<String> {
    let mut lines = vec![
        format!("{} files with {} bytes were read.", audited.files, audited.bytes),
        format!(
            "The root opens {} keys of buckets and nurseries; {} wrapped keys belong to nobody living.",
            audited.buckets, audited.candidates
        ),
    ];
    lines.extend(audited.unread.iter().map(|file| format!("not read: {file}")));
    lines.extend(audited.openable.iter().map(openable));
    lines.push(match audited.openable.len() {
        0 => "None of those opens.".to_owned(),
        number => format!(
            "{number} of those open. What was erased or came to nothing since the last rotation does, until `lethe keys \
             rotate`; anything else is a fault."
        ),
    });
    lines
}

fn openable(key: &Openable) -> String {
    format!(
        "opens: the key {} of {} {} ({}), under the root of epoch {}, in {} at {}",
        key.key_id,
        key.subject_kind,
        key.subject_id,
        key.class,
        key.epoch,
        key.path.display(),
        key.offset
    )
}
