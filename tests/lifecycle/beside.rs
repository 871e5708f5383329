use std::path::Path;

use serde_json::{Value, json};

use crate::observe::{assert_healthy, assert_stopped, event_counts, postmaster};
use crate::requests::{contacts, references};
use crate::server::{Server, run_in};

/// How many contacts the demo data has.
const DEMO_CONTACTS: usize = 58;

/// Imports three rows, one of which has no name; answers the summary.
fn import(folder: &Path, name: &str) -> Value {
    let file = folder.join(format!("{name}.csv"));
    let rows = format!("Fornavn;Ekstern reference\r\nÅse;{name}-1\r\n;{name}-2\r\nBjørn;{name}-3\r\n");
    std::fs::write(&file, rows).unwrap();
    let (code, lines, said) = run_in(folder, &["import", "contacts", file.to_str().unwrap(), "--json"]);
    assert_eq!(code, 1, "a refused row is exit code 1: {said}");
    serde_json::from_str(lines.lines().last().unwrap()).unwrap()
}

fn sweep(folder: &Path) -> Value {
    let (code, report, said) = run_in(folder, &["sweep", "--now", "--json"]);
    assert_eq!(code, 0, "{said}");
    serde_json::from_str(&report).unwrap()
}

#[tokio::test]
async fn commands_beside_a_server_use_its_postgresql_and_leave_it_running() {
    let server = Server::start().await;
    let folder = server.folder.path();
    let before = postmaster(folder).unwrap();

    let summary = import(folder, "BESIDE");
    assert_eq!((&summary["created"], &summary["refused"]), (&json!(2), &json!(1)), "{summary}");
    let counts = event_counts(folder);
    assert_eq!(counts["contact.registered"], DEMO_CONTACTS + 2);
    assert_eq!(sweep(folder)["due"], 0);
    assert_healthy(folder);
    assert_eq!(postmaster(folder), Some(before), "the server's PostgreSQL was stopped or started anew");

    // The server sees what another process wrote, as soon as it shows the position of that.
    let position = counts.values().sum::<usize>();
    let shown = contacts(&server, Some(&json!(position.to_string()))).await;
    assert_eq!(references(&shown, "BESIDE-"), ["BESIDE-1", "BESIDE-3"]);
    let folder = server.stop();
    assert_stopped(folder.path());
}

#[tokio::test]
async fn commands_without_a_server_start_postgresql_and_stop_it() {
    let folder = Server::start().await.stop();
    let summary = import(folder.path(), "ALONE");
    assert_eq!((&summary["created"], &summary["refused"]), (&json!(2), &json!(1)), "{summary}");
    assert_stopped(folder.path());
    assert_eq!(event_counts(folder.path())["contact.registered"], DEMO_CONTACTS + 2);
    assert_stopped(folder.path());
    assert_eq!(sweep(folder.path())["due"], 0);
    assert_stopped(folder.path());
    assert_healthy(folder.path());
    assert_stopped(folder.path());
}

#[test]
fn commands_on_a_folder_that_does_not_exist_create_none() {
    let folder = crate::observe::folder();
    for arguments in [&["replay"][..], &["sweep", "--now"], &["import", "contacts", "nothing.csv"]] {
        let (code, _, said) = run_in(folder.path(), arguments);
        assert_eq!(code, 3, "{said}");
        assert!(said.contains("There is no data folder"), "{said}");
    }
    assert!(!folder.path().join("data").exists());
}

#[tokio::test]
async fn a_command_without_a_server_warns_of_nothing_when_it_stops_its_postgresql() {
    let folder = Server::start().await.stop();
    let file = folder.path().join("contacts.csv");
    let file = file.to_str().unwrap();
    for number in 0..5 {
        std::fs::write(file, format!("Fornavn\nBo {number}\n")).unwrap();
        // One that fails ends no worse.
        let wrong = folder.path().join("none.csv");
        for (code, path) in [(0, file), (3, wrong.to_str().unwrap())] {
            let (ended, _, said) = run_in(folder.path(), &["import", "contacts", path]);
            assert_eq!(ended, code, "{said}");
            assert!(!said.contains("WARN") && !said.contains("ERROR"), "{said}");
        }
    }
}
