//! A postmaster that an earlier owner left behind, and the lock file of one that is no more.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tokio::time::sleep;

use crate::binaries::Binaries;
use crate::placement::Placement;
use crate::progress::announcing;
use crate::{Error, Progress};

const FAST: Duration = Duration::from_secs(30);
const IMMEDIATE: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(20);

/// Stops the postmaster of this folder, if one runs, and waits until its process is gone. Then removes lock files
/// that would keep the next one from starting.
pub(crate) async fn stop(
    placement: &Placement,
    binaries: &Binaries,
    progress: &Progress,
) -> Result<(), Error> {
    let cluster = placement.cluster();
    let lock_file = lock_file(&cluster);
    if let Some(pid) = named_pid(&lock_file)
        && is_postmaster(pid, placement, binaries).await
    {
        let folder = cluster.display();
        progress(&format!("An earlier PostgreSQL (process {pid}) still runs in {folder}; stopping it."));
        end(pid, placement, binaries).await?;
    }
    let mut socket_lock = placement.socket().into_os_string();
    socket_lock.push(".lock");
    for file in [lock_file, socket_lock.into()] {
        announcing(
            progress,
            "Waiting for the last processes of an earlier PostgreSQL.",
            clear(&file, &cluster),
        )
        .await?;
    }
    Ok(())
}

/// Asks a postmaster for a fast shutdown, later for an immediate one, until its process is gone.
async fn end(pid: Pid, placement: &Placement, binaries: &Binaries) -> Result<(), Error> {
    let begin = Instant::now();
    let mut signals = [(Duration::ZERO, Signal::INT), (FAST, Signal::QUIT)].into_iter().peekable();
    while is_postmaster(pid, placement, binaries).await {
        if let Some((_, signal)) = signals.next_if(|(when, _)| begin.elapsed() >= *when) {
            // It may have ended since the check above, which is what we want.
            kill_process(pid, signal).ok();
        }
        if begin.elapsed() >= IMMEDIATE {
            return Err(Error::Leftover { pid: pid.as_raw_pid(), cluster: placement.cluster() });
        }
        sleep(POLL).await;
    }
    Ok(())
}

/// The lock file of a cluster.
fn lock_file(cluster: &Path) -> PathBuf {
    cluster.join("postmaster.pid")
}

/// The process id in the first line of a lock file.
fn named_pid(lock_file: &Path) -> Option<Pid> {
    let text = fs::read_to_string(lock_file).ok()?;
    Pid::from_raw(text.lines().next()?.trim().parse().ok().filter(|pid| *pid > 1)?)
}

/// Whether this process is a postgres that works in this cluster. No other process is ever sent a signal.
async fn is_postmaster(pid: Pid, placement: &Placement, binaries: &Binaries) -> bool {
    let cluster = placement.cluster();
    if knows_processes() {
        return works_in(&cluster, &Path::new("/proc").join(pid.to_string()));
    }
    let text = fs::read_to_string(lock_file(&cluster)).unwrap_or_default();
    let same_folder =
        text.lines().nth(1).is_some_and(|line| fs::canonicalize(line).is_ok_and(|dir| dir == cluster));
    let mut command = placement.account.command(binaries.dir.join("pg_ctl"));
    command.args(["status", "-D"]).arg(&cluster).stdout(Stdio::null()).stderr(Stdio::null());
    same_folder && command.status().await.is_ok_and(|status| status.success())
}

/// Removes a lock file that PostgreSQL would take for that of a running server because its process id is in use
/// again: by an unrelated process, or by a zombie that nobody waits for. Only once no postgres works in the
/// cluster, for backends may outlive their postmaster and PostgreSQL needs the lock file to notice them.
async fn clear(file: &Path, cluster: &Path) -> Result<(), Error> {
    let begin = Instant::now();
    while knows_processes() && named_pid(file).is_some_and(|pid| test_kill_process(pid).is_ok()) {
        if !any_works_in(cluster) {
            return fs::remove_file(file).map_err(Error::file("remove the stale lock file", file));
        }
        if begin.elapsed() >= IMMEDIATE {
            // PostgreSQL decides, and says what is wrong.
            return Ok(());
        }
        sleep(POLL).await;
    }
    Ok(())
}

/// Whether the system tells about processes in `/proc`, as Linux does.
fn knows_processes() -> bool {
    fs::read_link("/proc/self/cwd").is_ok()
}

fn any_works_in(cluster: &Path) -> bool {
    let mut processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes.any(|process| works_in(cluster, &process.path()))
}

/// Whether a process is a postgres with this cluster as its working directory, as every process of a server has. A
/// zombie has no working directory any more.
fn works_in(cluster: &Path, process: &Path) -> bool {
    let name = fs::read_to_string(process.join("comm")).unwrap_or_default();
    ["postgres", "postmaster"].contains(&name.trim())
        && fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd == cluster)
}
