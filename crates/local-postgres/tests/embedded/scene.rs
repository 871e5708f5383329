//! A data folder of its own for each test, and what can be seen of its PostgreSQL from outside.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lethe_local_postgres::{LocalPostgres, Progress, Settings, start};
use rustix::process::{Pid, Signal, kill_process};
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tempfile::TempDir;

pub(crate) struct Scene {
    dir: TempDir,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Scene {
    /// A folder that PostgreSQL's user can pass through, also when root runs the tests.
    pub(crate) fn new() -> Self {
        let scene = Self::private();
        fs::set_permissions(scene.dir.path(), Permissions::from_mode(0o711)).unwrap();
        scene
    }

    /// A folder that only its owner can enter.
    pub(crate) fn private() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), Permissions::from_mode(0o700)).unwrap();
        Self { dir, lines: Arc::default() }
    }

    pub(crate) fn dir(&self) -> PathBuf {
        fs::canonicalize(self.dir.path()).unwrap()
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings { offline: true, ..Settings::new(self.dir.path()) }
    }

    pub(crate) fn progress(&self) -> Progress {
        let lines = Arc::clone(&self.lines);
        Arc::new(move |line: &str| lines.lock().unwrap().push(line.to_owned()))
    }

    /// Whether a progress line with this text was said.
    pub(crate) fn heard(&self, text: &str) -> bool {
        self.lines.lock().unwrap().iter().any(|line| line.contains(text))
    }

    pub(crate) async fn start(&self) -> LocalPostgres {
        start(self.settings(), self.progress()).await.unwrap()
    }
}

pub(crate) fn pool(postgres: &LocalPostgres) -> PgPool {
    let connection = postgres.connection();
    let options = PgConnectOptions::new_without_pgpass()
        .socket(&connection.socket_dir)
        .port(connection.port)
        .username(&connection.user)
        .database("postgres");
    PgPoolOptions::new().max_connections(3).connect_lazy_with(options)
}

pub(crate) async fn text(pool: &PgPool, query: &str) -> Result<String, sqlx::Error> {
    sqlx::query_scalar(query).fetch_one(pool).await
}

/// The postmaster that `postmaster.pid` names.
pub(crate) fn postmaster(folder: &Path) -> Option<Pid> {
    let text = fs::read_to_string(folder.join("postgres/postmaster.pid")).ok()?;
    Pid::from_raw(text.lines().next()?.parse().ok()?)
}

/// The processes that name the folder in their command line: the guard (two shells) and the postmaster.
pub(crate) fn processes(folder: &Path) -> Vec<(Pid, String)> {
    let output = Command::new("ps").args(["-ax", "-ww", "-o", "pid=,command="]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let cluster = folder.join("postgres").display().to_string();
    // The guard's command line has line breaks in it, which ps may print as they are: join what does not begin
    // with a process id to the line before.
    let mut found: Vec<(Pid, String)> = Vec::new();
    for line in text.lines() {
        let first = line.split_whitespace().next().and_then(|word| word.parse().ok()).and_then(Pid::from_raw);
        match (first, found.last_mut()) {
            (Some(pid), _) => found.push((pid, line.to_owned())),
            (None, Some((_, command))) => command.push_str(line),
            (None, None) => {}
        }
    }
    found.retain(|(_, command)| command.contains(&format!("-D {cluster} ")));
    found
}

/// The shells of the guard.
pub(crate) fn guards(folder: &Path) -> Vec<Pid> {
    let all = processes(folder).into_iter();
    all.filter(|(_, command)| command.contains("lethe-postgres-guard")).map(|(pid, _)| pid).collect()
}

pub(crate) fn kill(pid: Pid) {
    kill_process(pid, Signal::KILL).unwrap();
}

/// Waits for a condition; fails only when it never comes true.
pub(crate) async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let begin = Instant::now();
    while !condition().await {
        assert!(begin.elapsed() < Duration::from_mins(1), "never: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// No process and no lock file is left of the server in this folder.
pub(crate) fn is_gone(folder: &Path) -> bool {
    processes(folder).is_empty() && !folder.join("postgres/postmaster.pid").exists()
}
