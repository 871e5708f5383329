//! Where keys are and where else they may end up: custodians, their disks, swap, core dumps, and how old a destroyed
//! key is that still could be found.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use lethe_vault::custodian::{Custodian, CustodianSpec};
use lethe_vault::mirror::Mirrors;
use lethe_vault::{Due, Vault};
use sqlx::PgPool;
use uuid::Uuid;

use super::Finding;
use crate::config::Config;
use crate::data_dir::DataDir;

const CUSTODIANS: &str = "custodians";
const FINAL: &str = "erasures are final";
const SWAP: &str = "swap";
const CORES: &str = "core dumps";
/// How long a destroyed key may wait for the next rotation, which comes every night.
const PATIENCE: TimeDelta = TimeDelta::hours(36);

/// Examines this machine: what may write a key from memory to a disk.
pub(super) fn machine() -> Vec<Finding> {
    [swap(&read("/proc/swaps")), cores(&read("/proc/self/limits"))].into_iter().flatten().collect()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

fn swap(swaps: &str) -> Option<Finding> {
    let mut lines = swaps.lines();
    lines.next()?;
    let names: Vec<&str> = lines.filter_map(|line| line.split_whitespace().next()).collect();
    Some(if names.is_empty() {
        Finding::ok(SWAP, "There is none, so no key is written from memory to a disk.")
    } else {
        Finding::warning(
            SWAP,
            format!("Memory is swapped to {}: keys and values may be written there.", names.join(", ")),
            "swapoff -a, or encrypt swap with a key that is made anew at each start.",
        )
    })
}

fn cores(limits: &str) -> Option<Finding> {
    let line = limits.lines().find(|line| line.starts_with("Max core file size"))?;
    let hard = line.split_whitespace().nth(5)?;
    Some(if hard == "0" {
        Finding::ok(CORES, "None are written.")
    } else {
        Finding::warning(
            CORES,
            "They are allowed: a crash would write keys to a disk.",
            "Start lethe with `ulimit -c 0`.",
        )
    })
}

/// Examines the disks of the custodians that are files.
pub(super) fn disks(config: &Config, data_dir: &Path) -> Vec<Finding> {
    let custodians = config.custody(data_dir).custodians;
    let files = custodians.iter().filter_map(|custodian| match custodian {
        CustodianSpec::File(path) => Some(path.as_path()),
        CustodianSpec::Transit(_) => None,
    });
    files.filter_map(disk).collect()
}

#[cfg(target_os = "linux")]
fn disk(path: &Path) -> Option<Finding> {
    let folder = path.parent()?;
    let kind = rustix::fs::statfs(folder).ok()?.f_type;
    let journaled = journals_data(&read("/proc/self/mounts"), folder);
    copies(kind).or(journaled).map(|why| {
        Finding::warning(
            CUSTODIANS,
            format!("{} is on {why}: a root that was destroyed may stay on the disk.", path.display()),
            "Keep the root file on ext4 or xfs without data journalling, or use a transit custodian.",
        )
    })
}

#[cfg(not(target_os = "linux"))]
fn disk(_: &Path) -> Option<Finding> {
    None
}

/// File systems that write a changed block to another place, by the numbers in Linux' `magic.h`.
#[cfg(target_os = "linux")]
fn copies(magic: rustix::fs::FsWord) -> Option<&'static str> {
    match magic {
        0x9123_683e => Some("btrfs, which copies on write"),
        0x2fc1_2fc1 => Some("zfs, which copies on write"),
        0xca45_1a4e => Some("bcachefs, which copies on write"),
        0x794c_7630 => Some("an overlay, which copies files"),
        0x3434 | 0xf2f5_2010 => Some("a log-structured file system"),
        _ => None,
    }
}

/// Whether the file system a folder is on writes data through its journal.
fn journals_data(mounts: &str, folder: &Path) -> Option<&'static str> {
    let folder = std::fs::canonicalize(folder).ok()?;
    let fields = mounts.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let mount = fields.filter(|fields| fields.get(1).is_some_and(|at| folder.starts_with(at)));
    let mount = mount.max_by_key(|fields| fields.get(1).map_or(0, |at| at.len()))?;
    mount
        .get(3)?
        .split(',')
        .any(|option| option == "data=journal")
        .then_some("a file system that journals data")
}

/// Examines custodians and the age of what is not final yet.
pub(super) async fn check(
    config: &Config,
    pool: &PgPool,
    folder: &DataDir,
) -> Result<Vec<Finding>, sqlx::Error> {
    let known: Option<(Uuid, i64)> =
        sqlx::query_as("SELECT installation, epoch FROM vault.root").fetch_optional(pool).await?;
    let Some((installation, epoch)) = known else {
        return Ok(vec![Finding::note(CUSTODIANS, "There is no root key yet; `lethe serve` creates it.")]);
    };
    let mut findings = Vec::new();
    let specs = config.custody(folder.path()).custodians;
    for spec in &specs {
        match Custodian::open(spec, pool, installation) {
            Ok(custodian) => findings.extend(custodian_holds(&custodian, epoch).await),
            Err(error) => findings.push(Finding::error(CUSTODIANS, &error)),
        }
    }
    if specs.len() == 1 {
        findings.push(alone(config.database_url.is_some()));
    }
    findings.push(age(pool).await?);
    match lethe_vault::due(pool).await {
        Ok(due) => findings.extend(renewal(&due)),
        Err(error) => findings.push(Finding::error(FINAL, &error)),
    }
    let former = Vault::status(pool, &config.custody(folder.path()), &Mirrors::default()).await;
    findings.extend(former.iter().flat_map(|status| &status.former).map(|name| left_behind(name)));
    findings.push(last_rotation(pool).await?);
    Ok(findings)
}

async fn custodian_holds(custodian: &Custodian, epoch: i64) -> Vec<Finding> {
    let name = custodian.name();
    let mut findings = match custodian.held().await {
        Ok(held) if held.iter().any(|held| held.epoch == epoch) => {
            vec![Finding::ok(CUSTODIANS, format!("{name} holds the root of epoch {epoch}."))]
        }
        Ok(_) => vec![Finding::problem(
            CUSTODIANS,
            format!(
                "{name} does not hold the root of epoch {epoch}, and no erasure becomes final until it does."
            ),
            "`lethe keys adopt` stores it there, if another custodian has it.",
        )],
        Err(error) => vec![Finding::error(CUSTODIANS, &error)],
    };
    if let Ok(warnings) = custodian.warnings().await {
        findings.extend(warnings.iter().map(|warning| Finding::error(CUSTODIANS, warning)));
    }
    findings
}

/// One custodian is one disk away from losing everything personal.
fn alone(in_production: bool) -> Finding {
    let message = "There is one custodian: if it loses the root, nothing personal can be read any more.";
    if in_production {
        Finding::warning(
            CUSTODIANS,
            message,
            "Name a second one, on another machine, in the setting custodians.",
        )
    } else {
        Finding::note(CUSTODIANS, message)
    }
}

async fn age(pool: &PgPool) -> Result<Finding, sqlx::Error> {
    let now = sqlx::query_scalar("SELECT now()").fetch_one(pool).await?;
    Ok(match lethe_vault::waiting_since(pool).await {
        Ok(since) => waiting(since, now),
        Err(error) => Finding::error(FINAL, &error),
    })
}

/// What the next rotation does besides making erasures final.
fn renewal(due: &Due) -> Option<Finding> {
    (due.lost > 0).then(|| {
        Finding::warning(
            FINAL,
            format!(
                "{} buckets wait for another key after a restore, a move or an upgrade: until then a key that was lost with \
                 the database still hangs from the present root.",
                due.lost
            ),
            "The next nightly rotation renews them; `lethe keys rotate` does it now.",
        )
    })
}

/// A custodian that was taken out of the settings.
fn left_behind(name: &str) -> Finding {
    Finding::problem(
        CUSTODIANS,
        format!(
            "{name} kept a root, is in the settings no more and was not seen empty: nothing becomes final."
        ),
        format!("`lethe keys retire {name}` empties it; add --gone if it is gone for good."),
    )
}

/// When the root was last rotated. One that is old is no harm as long as nothing was erased.
async fn last_rotation(pool: &PgPool) -> Result<Finding, sqlx::Error> {
    let last: Option<DateTime<Utc>> = sqlx::query_scalar(
        "SELECT max(recorded_at) FROM ledger.events \
         WHERE aggregate_type = 'vault' AND event_type = 'vault.keys_rotated'",
    )
    .fetch_one(pool)
    .await?;
    Ok(match last {
        Some(at) => Finding::ok(FINAL, format!("The root was last rotated at {at}.")),
        None => Finding::note(FINAL, "The root was never rotated."),
    })
}

fn waiting(oldest: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Finding {
    match oldest {
        None => Finding::ok(FINAL, "All of them are."),
        Some(at) if now - at <= PATIENCE => Finding::ok(
            FINAL,
            format!("What was erased since {at} waits for the end of a rotation of the root."),
        ),
        Some(at) => Finding::warning(
            FINAL,
            format!(
                "What was erased since {at} still hangs from a root that exists: a backup could open it."
            ),
            "Run `lethe keys rotate`; its message says what keeps it from going on.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;

    #[test]
    fn swap_and_core_dumps_are_findings() {
        let header = "Filename\tType\tSize\tUsed\tPriority\n";
        assert_eq!(swap(header).unwrap().level, Level::Ok);
        let found = swap(&format!("{header}/swap.img file 1048572 0 -2\n")).unwrap();
        assert_eq!(found.level, Level::Warning);
        assert!(found.message.contains("/swap.img"));
        let limit =
            |hard| format!("Limit  Soft Limit  Hard Limit  Units\nMax core file size  0  {hard}  bytes\n");
        assert_eq!(cores(&limit("0")).unwrap().level, Level::Ok);
        assert_eq!(cores(&limit("unlimited")).unwrap().level, Level::Warning);
    }

    #[test]
    fn disks_that_keep_old_blocks_are_told() {
        for magic in [0x9123_683e, 0x2fc1_2fc1, 0x794c_7630, 0xf2f5_2010] {
            assert!(copies(magic).is_some(), "{magic:#x}");
        }
        assert!(copies(0xef53).is_none());
        let mounts = "/dev/a / ext4 rw,relatime 0 0\n/dev/b /tmp ext4 rw,data=journal 0 0\n";
        assert!(journals_data(mounts, Path::new("/tmp")).is_some());
        assert!(journals_data(mounts, Path::new("/")).is_none());
    }

    #[test]
    fn a_destroyed_key_that_waits_for_longer_than_a_night_is_a_finding() {
        let now: DateTime<Utc> = "2030-06-03T12:00:00Z".parse().unwrap();
        assert_eq!(waiting(None, now).level, Level::Ok);
        assert_eq!(waiting(Some(now - TimeDelta::hours(20)), now).level, Level::Ok);
        assert_eq!(waiting(Some(now - TimeDelta::hours(40)), now).level, Level::Warning);
    }
}
