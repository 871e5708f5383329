//! The log of a running server: exported and verified elsewhere, cosigned by a witness, and found out when yesterday's
//! database is put in its place.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::observe::{assert_healthy, eventually, folder};
use crate::requests::{REGISTER, contact};
use crate::server::{Server, lethe, run_in};

/// A witness of one log, in a process of its own; it is killed when dropped.
struct Witness {
    child: Child,
    url: String,
    key: String,
}

impl Drop for Witness {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Witness {
    fn start(folder: &Path, log: &str) -> Self {
        let mut command = lethe(folder);
        command.args(["audit", "witness", "--listen", "127.0.0.1:0", "--state", "seen", "--key-file", "key"]);
        command.args(["--name", "witness.example", "--for", log]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let address = first.split_once("http://").unwrap().1.split_once(". ").unwrap().0;
        let key = lines.next().unwrap().unwrap();
        Self { child, url: format!("http://{address}"), key }
    }

    /// The setting that names it.
    fn setting(&self) -> String {
        format!("{} {}", self.url, self.key)
    }
}

/// The verifier key of the log, as the installation publishes it.
fn log_key(folder: &Path) -> String {
    let (code, said, errors) = run_in(folder, &["keys", "status", "--json"]);
    assert_eq!(code, 0, "{errors}");
    let status: Value = serde_json::from_str(&said).unwrap();
    status["log"].as_str().unwrap().to_owned()
}

/// The findings of the doctor about one thing: level and message.
fn findings(command: &mut Command, check: &str) -> Vec<(String, String)> {
    let output = command.args(["doctor", "--json"]).output().unwrap();
    let all: Value = serde_json::from_slice(&output.stdout).unwrap();
    let word = |finding: &Value, name: &str| finding[name].as_str().unwrap_or_default().to_owned();
    let of_it = all.as_array().unwrap().iter().filter(|finding| finding["check"] == check);
    of_it.map(|finding| (word(finding, "level"), word(finding, "message"))).collect()
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").args([from, to]).status().unwrap().success());
}

#[tokio::test]
async fn what_is_exported_beside_a_server_or_without_one_verifies_elsewhere() {
    let server = Server::start().await;
    let registered = server.done(REGISTER, contact("LOG-1")).await;
    let (home, elsewhere) = (server.folder.path().to_owned(), folder());
    let key = log_key(&home);
    let out = |name: &str| elsewhere.path().join(name).display().to_string();
    let verify = |name: &str, flags: &[&str]| {
        let path = out(name);
        let arguments = [&["audit", "verify", &path, "--key", &key, "--json"][..], flags].concat();
        let (code, said, errors) = run_in(elsewhere.path(), &arguments);
        (code, serde_json::from_str::<Value>(&said).unwrap_or_else(|_| panic!("{errors}")))
    };
    let position = registered["position"].as_str().unwrap();
    let id = registered["contact"]["id"].as_str().unwrap();
    for (name, selection) in
        [("all", &[][..]), ("range", &["--from", "10", "--until", position]), ("contact", &["--contact", id])]
    {
        let (code, said, errors) =
            run_in(&home, &[&["audit", "export", "--out", &out(name), "--json"][..], selection].concat());
        assert_eq!(code, 0, "{errors}");
        let said: Value = serde_json::from_str(&said).unwrap();
        assert_eq!(said["key"], key);
        let (code, report) = verify(name, &[]);
        assert_eq!(code, 0, "{report:#}");
        assert_eq!(report["events"], said["events"], "{report:#}");
        // No value in clear, and nothing that opens one.
        let events = fs::read_to_string(elsewhere.path().join(name).join("events/000000.events")).unwrap();
        assert!(!events.contains("Åse"), "{name}");
    }
    let (code, _, errors) = run_in(&home, &["audit", "export", "--out", &out("all")]);
    assert_ne!(code, 0);
    assert!(errors.contains("is not empty"), "{errors}");
    let folder = server.stop();
    let (code, _, errors) = run_in(folder.path(), &["audit", "export", "--out", &out("later")]);
    assert_eq!(code, 0, "{errors}");
    assert_eq!(verify("later", &[]).0, 0);
    assert_healthy(folder.path());
}

#[tokio::test]
async fn yesterdays_database_is_found_by_what_is_kept_outside_and_if_that_was_put_back_too_by_a_witness() {
    let home = Server::start().await.stop();
    let beside = folder();
    let witness = Witness::start(beside.path(), &log_key(home.path()));
    let setting = witness.setting();
    let with_witness = |command: &mut Command| {
        command.env("LETHE_WITNESSES", &setting);
    };
    copy(&home.path().join("data"), &beside.path().join("yesterday"));

    let server = Server::start_with(home, with_witness).await;
    server.done(REGISTER, contact("TODAY-1")).await;
    let size = async |server: &Server| {
        let note = reqwest::get(server.url("/log/checkpoint")).await.unwrap().text().await.unwrap();
        let size: u64 = note.lines().nth(1).unwrap_or_default().parse().unwrap_or_default();
        note.contains("witness.example").then_some(size)
    };
    let state: Value = reqwest::get(server.url("/readyz")).await.unwrap().json().await.unwrap();
    let head = state["head"].as_u64().unwrap();
    eventually("the witness cosigns the newest", async || size(&server).await >= Some(head)).await;
    let home = server.stop();
    let out = beside.path().join("bundle").display().to_string();
    let (code, _, errors) = run_in(home.path(), &["audit", "export", "--out", &out]);
    assert_eq!(code, 0, "{errors}");
    let (code, said, _) = run_in(beside.path(), &["audit", "verify", &out, "--witness", &witness.key]);
    assert_eq!(code, 0, "{said}");

    // Only the database is put back.
    let (data, yesterday) = (home.path().join("data"), beside.path().join("yesterday"));
    fs::rename(data.join("postgres"), data.join("lost")).unwrap();
    copy(&yesterday.join("postgres"), &data.join("postgres"));
    let found = findings(with_setting(&mut lethe(home.path()), &setting), "log");
    let [(level, message)] = found.as_slice() else { panic!("{found:?}") };
    assert!(level == "problem" && message.contains("notary.checkpoint"), "{found:?}");
    assert!(message.contains(&format!("{head} events were signed")), "{found:?}");
    let (code, _, said) = run_in(home.path(), &["import", "contacts", &import(home.path())]);
    assert_ne!(code, 0, "nothing is appended: {said}");

    // Everything is put back.
    fs::remove_dir_all(&data).unwrap();
    copy(&yesterday, &data);
    let server = Server::start_with(home, with_witness).await;
    let metric = "lethe_witness_failing{witness=\"witness.example\"} 1";
    eventually("the witness refuses", async || {
        let metrics = reqwest::get(server.url("/metrics")).await.unwrap().text().await.unwrap();
        metrics.contains(metric)
    })
    .await;
    let home = server.stop();
    let found = findings(with_setting(&mut lethe(home.path()), &setting), "witnesses");
    let [(level, message)] = found.as_slice() else { panic!("{found:?}") };
    assert!(level == "problem" && message.contains(&format!("It has seen {head} events")), "{found:?}");
    drop(witness);
}

fn with_setting<'c>(command: &'c mut Command, setting: &str) -> &'c mut Command {
    command.env("LETHE_WITNESSES", setting)
}

/// A file to import.
fn import(folder: &Path) -> String {
    let path = folder.join("contacts.csv");
    fs::write(&path, "Ekstern reference;Fornavn\nLOG-9;Zoë\n").unwrap();
    path.display().to_string()
}

#[tokio::test]
async fn a_witness_that_is_away_holds_nothing_up_and_is_told() {
    let home = folder();
    let nobody = "http://127.0.0.1:9 witness.example+9a073b7a+BOkyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    let server = Server::start_with(home, |command| {
        command.env("LETHE_WITNESSES", nobody);
    })
    .await;
    server.done(REGISTER, contact("AWAY-1")).await;
    eventually("it is told", async || server.log().contains("a witness does not cosign")).await;
    let note = reqwest::get(server.url("/log/checkpoint")).await.unwrap().text().await.unwrap();
    assert!(note.starts_with("lethe.invalid/"), "{note}");
    let home = server.stop();
    let found = findings(with_setting(&mut lethe(home.path()), nobody), "witnesses");
    let [(level, message)] = found.as_slice() else { panic!("{found:?}") };
    assert!(level == "warning" && message.contains("cannot be reached"), "{found:?}");
}
