//! The processes that answer, and what they take of the machine.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command};

use tempfile::TempDir;

/// A folder that PostgreSQL's user may pass through.
pub fn folder() -> TempDir {
    let open = Permissions::from_mode(0o711);
    tempfile::Builder::new().prefix("lethe-pages-").permissions(open).tempdir().unwrap()
}

/// The binary that is measured.
pub fn lethe(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lethe"));
    command.current_dir(folder).arg("--data-dir").arg(folder.join("data"));
    command
}

/// A process that answers, and the PostgreSQL that it asks.
pub struct Server {
    child: Child,
    postmaster: u32,
}

/// Processor time in milliseconds, and for how many requests.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    pub server: f64,
    pub postgres: f64,
    pub requests: u64,
}

impl Usage {
    pub fn since(&self, before: &Self) -> Self {
        let (server, postgres) = (self.server - before.server, self.postgres - before.postgres);
        Self { server, postgres, requests: 0 }
    }

    pub fn add(&mut self, other: &Self, requests: u64) {
        self.server += other.server;
        self.postgres += other.postgres;
        self.requests += requests;
    }
}

impl Server {
    pub fn new(child: Child, folder: &Path) -> Self {
        let text = fs::read_to_string(folder.join("data/postgres/postmaster.pid")).unwrap();
        Self { child, postmaster: text.lines().next().unwrap().trim().parse().unwrap() }
    }

    /// The processor time that the process and PostgreSQL have used since they were started.
    pub fn usage(&self) -> Usage {
        let own = times(self.child.id()).unwrap();
        // A process that ended is counted with its parent.
        let parent = times(self.postmaster).unwrap();
        let children: f64 = processes()
            .filter_map(times)
            .filter(|process| process.parent == self.postmaster)
            .map(|process| process.own)
            .sum();
        Usage { server: own.own, postgres: parent.own + parent.ended + children, requests: 0 }
    }

    /// Resident memory of the process, in MiB.
    pub fn resident(&self) -> u64 {
        let text = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = text.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
    }
}

impl Drop for Server {
    /// Ends it as an operator does, and waits; also when the benchmark cannot go on.
    fn drop(&mut self) {
        drop(Command::new("kill").arg(self.child.id().to_string()).status());
        drop(self.child.wait());
    }
}

struct Times {
    parent: u32,
    own: f64,
    ended: f64,
}

fn processes() -> impl Iterator<Item = u32> {
    fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// What `/proc/PID/stat` tells; none if the process has ended.
fn times(pid: u32) -> Option<Times> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in brackets may hold anything.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    // A hundred ticks a second, on every Linux that is in use.
    let ticks = |place: usize| fields.get(place)?.parse::<f64>().ok().map(|ticks| ticks * 10.0);
    Some(Times {
        parent: fields.get(1)?.parse().ok()?,
        own: ticks(11)? + ticks(12)?,
        ended: ticks(13)? + ticks(14)?,
    })
}
