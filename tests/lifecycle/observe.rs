//! What can be seen of a data folder and its processes from outside.

use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::server::{PATIENCE, run_in};

/// An empty folder that PostgreSQL's own user may pass through when the tests run as root.
pub(crate) fn folder() -> TempDir {
    let open = Permissions::from_mode(0o711);
    tempfile::Builder::new().prefix("lethe-life-").permissions(open).tempdir().unwrap()
}

/// Waits for a condition; fails only when it never comes true.
pub(crate) async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let begin = Instant::now();
    while !condition().await {
        assert!(begin.elapsed() < PATIENCE, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The process id of the postmaster, as its lock file names it.
pub(crate) fn postmaster(folder: &Path) -> Option<u32> {
    let text = std::fs::read_to_string(folder.join("data/postgres/postmaster.pid")).ok()?;
    text.lines().next()?.parse().ok()
}

/// The processes whose command line names the folder: PostgreSQL, its guard, and lethe itself.
pub(crate) fn processes(folder: &Path) -> Vec<String> {
    let output = Command::new("ps").args(["-ax", "-ww", "-o", "pid=,command="]).output().unwrap();
    let folder = std::fs::canonicalize(folder).unwrap().display().to_string();
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().filter(|line| line.contains(&folder)).map(str::to_owned).collect()
}

/// Nothing runs in the folder any more, and nothing claims to.
pub(crate) fn assert_stopped(folder: &Path) {
    assert_eq!(processes(folder), Vec::<String>::new());
    assert_eq!(postmaster(folder), None, "a postmaster.pid is left");
}

/// How often each type of event is in the ledger.
pub(crate) fn event_counts(folder: &Path) -> BTreeMap<String, usize> {
    let (code, events, errors) = run_in(folder, &["replay"]);
    assert_eq!(code, 0, "{errors}");
    let mut counts = BTreeMap::new();
    for line in events.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        *counts.entry(event["type"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    counts
}

/// The doctor finds no problem, and every view equals its rebuild from zero.
pub(crate) fn assert_healthy(folder: &Path) {
    let (_, findings, errors) = run_in(folder, &["doctor", "--json"]);
    let findings: Value = serde_json::from_str(&findings).unwrap_or_else(|_| panic!("{errors}"));
    let findings = findings.as_array().unwrap();
    let problems: Vec<_> = findings.iter().filter(|finding| finding["level"] == "problem").collect();
    assert!(problems.is_empty(), "{problems:#?}");
    let views: Vec<_> = findings.iter().filter(|finding| finding["check"] == "views").collect();
    assert!(views.len() > 5 && views.iter().all(|view| view["level"] == "ok"), "{views:#?}");
    let rebuilt = findings.iter().find(|finding| finding["check"] == "views equal their rebuild");
    assert_eq!(rebuilt.unwrap()["level"], "ok", "{rebuilt:#?}");
}
