//! A running `lethe serve` with a data folder of its own.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

use crate::door::{self, Door};

/// A running server; it is stopped when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
    pub(crate) folder: TempDir,
    client: reqwest::Client,
    role: &'static str,
    user: Uuid,
    unit: Option<Uuid>,
}

/// The binary under test.
pub(crate) const LETHE: &str = env!("CARGO_BIN_EXE_lethe");

/// How long anything may take before the test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);
/// How long it waits for one answer of `/readyz`, so that a server that stands still is told, with its log.
const PROBE: Duration = Duration::from_secs(20);

impl Server {
    /// A server on a fresh data folder, with the demo data.
    pub(crate) async fn start() -> Self {
        Self::start_in(folder()).await
    }

    /// A server on a data folder that exists.
    pub(crate) async fn start_in(folder: TempDir) -> Self {
        Self::start_with(folder, |_| {}).await
    }

    /// A server whose command is changed before it starts.
    pub(crate) async fn start_with(folder: TempDir, change: impl FnOnce(&mut Command)) -> Self {
        let address = format!("127.0.0.1:{}", free_port());
        let mut command = lethe(folder.path());
        command.args(["serve", "--listen", &address]).stdout(Stdio::null()).stderr(log(folder.path()));
        change(&mut command);
        let child = command.spawn().unwrap();
        // Each request on a connection of its own: one that waits for the next may be closed by the server meanwhile.
        let client = reqwest::Client::builder().pool_max_idle_per_host(0).build().unwrap();
        let (role, unit) = ("CONSULTANT", None);
        let mut server = Self { child, address, folder, client, role, user: door::user(role), unit };
        server.ready().await;
        server
    }

    /// Waits until it answers.
    async fn ready(&mut self) {
        let begun = Instant::now();
        while !self
            .client
            .get(self.url("/readyz"))
            .timeout(PROBE)
            .send()
            .await
            .is_ok_and(|answer| answer.status().is_success())
        {
            assert!(begun.elapsed() < PATIENCE, "the server does not start: {}", self.log());
            assert!(self.child.try_wait().unwrap().is_none(), "the server has ended: {}", self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("server.log")).unwrap_or_default()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// From now on requests come from the user of the demo data who has this role.
    pub(crate) fn as_role(&mut self, role: &'static str) {
        (self.role, self.user, self.unit) = (role, door::user(role), None);
    }

    /// From now on requests come from this user, in this role, for this unit. They must have been granted it.
    pub(crate) fn as_user(&mut self, role: &'static str, user: Uuid, unit: Uuid) {
        (self.role, self.user, self.unit) = (role, user, Some(unit));
    }

    /// Where it answers, for clients of their own.
    pub(crate) fn door(&self) -> Door {
        Door::new(&self.address, &self.data_dir())
    }

    /// What requests show: `Bearer` and a token.
    pub(crate) fn bearer(&self) -> String {
        self.door().bearer_of(self.role, self.user, self.unit)
    }

    /// Sends a request and answers what came back, errors included.
    pub(crate) async fn request(&self, query: &str, variables: Value) -> Value {
        self.try_request(query, variables).await.unwrap()
    }

    /// Sends a request to a server that may have gone away.
    pub(crate) async fn try_request(&self, query: &str, variables: Value) -> reqwest::Result<Value> {
        let body = json!({"query": query, "variables": variables});
        self.post().json(&body).send().await?.json().await
    }

    /// Sends a request that must succeed; answers its data.
    pub(crate) async fn data(&self, query: &str, variables: Value) -> Value {
        let mut answer = self.request(query, variables).await;
        assert!(answer.get("errors").is_none(), "{answer:#}");
        answer["data"].take()
    }

    /// Sends a mutation that must not be refused; answers its payload.
    pub(crate) async fn done(&self, query: &str, variables: Value) -> Value {
        let data = self.data(query, variables).await;
        let payload = data.as_object().unwrap().values().next().unwrap().clone();
        assert_eq!(payload["userErrors"], json!([]), "{payload:#}");
        payload
    }

    /// Sends a mutation that must be refused; answers the errors.
    pub(crate) async fn refused(&self, query: &str, variables: Value) -> Vec<Value> {
        let data = self.data(query, variables).await;
        let errors =
            data.as_object().unwrap().values().next().unwrap()["userErrors"].as_array().unwrap().clone();
        assert!(!errors.is_empty(), "{data:#}");
        errors
    }

    /// A request to the endpoint in the role, to be filled and sent.
    pub(crate) fn post(&self) -> reqwest::RequestBuilder {
        self.door().post_as(&self.client, &self.bearer())
    }

    /// Runs a command of the binary on the server's data folder; answers its exit code and output.
    pub(crate) fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        run_in(self.folder.path(), arguments)
    }

    /// Stops it as Ctrl-C does, and hands over its folder.
    pub(crate) fn stop(self) -> TempDir {
        signal(self.pid(), "-INT");
        self.ended()
    }

    /// Waits for the end that it was asked for, and hands over its folder.
    pub(crate) fn ended(self) -> TempDir {
        let (code, folder) = self.exited();
        let log = std::fs::read_to_string(folder.path().join("server.log")).unwrap_or_default();
        assert_eq!(code, Some(0), "{log}");
        folder
    }

    /// Waits for its end, and hands over its exit code and its folder.
    pub(crate) fn exited(mut self) -> (Option<i32>, TempDir) {
        let code = self.child.wait().unwrap().code();
        (code, std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap()))
    }

    /// Kills it without a chance to clean up, and hands over its folder.
    pub(crate) fn kill(mut self) -> TempDir {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The guard of PostgreSQL stops it when we are gone.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// An empty folder. Everybody may pass through, so that PostgreSQL's own user reaches it when the tests run as root.
pub(crate) fn folder() -> TempDir {
    let open = Permissions::from_mode(0o711);
    tempfile::Builder::new().prefix("lethe-e2e-").permissions(open).tempdir().unwrap()
}

/// A command of the binary on a folder.
pub(crate) fn lethe(folder: &Path) -> Command {
    let mut command = Command::new(LETHE);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).current_dir(folder);
    // Few buckets: a build for tests takes long to make many keys.
    command.env("LETHE_VAULT_BUCKETS", "256");
    command.arg("--data-dir").arg(folder.join("data"));
    command
}

/// Runs a command of the binary on a folder; answers its exit code and output.
pub(crate) fn run_in(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = lethe(folder).args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

pub(crate) fn signal(pid: u32, name: &str) {
    assert!(Command::new("kill").args([name, &pid.to_string()]).status().unwrap().success());
}

fn log(folder: &Path) -> std::fs::File {
    std::fs::OpenOptions::new().create(true).append(true).open(folder.join("server.log")).unwrap()
}

/// A port that nobody listens on; each is given out once per test process.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let base = 20_000 + u16::try_from(std::process::id() % 20_000).unwrap();
    loop {
        let port = base + NEXT.fetch_add(1, Ordering::Relaxed);
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
