//! `lethe fixture --load`: an installation filled with invented people.

use std::path::Path;

use serde_json::{Value, json};

use crate::observe::{assert_healthy, assert_stopped, event_counts, folder};
use crate::server::{Server, run_in};

/// Fills the installation; answers the summary.
fn fill(folder: &Path, contacts: &str) -> Value {
    let (code, summary, said) = run_in(folder, &["fixture", "--load", "--seed", "7", "--contacts", contacts]);
    assert_eq!(code, 0, "{said}");
    serde_json::from_str(&summary).unwrap()
}

#[test]
fn an_installation_is_filled_once_grows_and_every_view_equals_its_rebuild() {
    let folder = folder();
    let summary = fill(folder.path(), "200");
    assert_eq!((&summary["contacts"], &summary["existing"]), (&json!(200), &json!(0)), "{summary}");
    assert_stopped(folder.path());
    let counts = event_counts(folder.path());
    assert_eq!(counts["contact.registered"], 200);
    assert_eq!((counts["note.written"], counts["company.registered"]), (600, 67));

    let again = fill(folder.path(), "200");
    assert_eq!((&again["existing"], &again["events"]), (&json!(200), &json!(0)), "{again}");
    // The single contacts at the end are taken up, and the rest of their block is added.
    let more = fill(folder.path(), "310");
    assert_eq!(more["existing"], 200, "{more}");
    let counts = event_counts(folder.path());
    assert_eq!((counts["contact.registered"], counts["note.written"]), (310, 930));
    assert_healthy(folder.path());

    // Fewer are there already, and another set is refused.
    for fewer in ["60", "190", "250"] {
        assert_eq!(fill(folder.path(), fewer)["events"], 0, "{fewer}");
    }
    for other in [["--seed", "8"], ["--notes", "2"]] {
        let (code, _, said) = run_in(folder.path(), &[&["fixture", "--load"][..], &other].concat());
        assert_eq!(code, 3, "{said}");
        assert!(said.contains("There are contacts already"), "{said}");
    }
    assert_eq!(event_counts(folder.path()), counts);
}

#[tokio::test]
async fn an_installation_is_not_filled_beside_its_server_nor_beside_other_contacts() {
    let server = Server::start().await;
    let load = ["fixture", "--load", "--contacts", "60"];
    let (code, _, said) = run_in(server.folder.path(), &load);
    assert_eq!(code, 5, "{said}");
    assert!(said.contains("Stop that one first"), "{said}");
    let folder = server.stop();
    let before = event_counts(folder.path());
    let (code, _, said) = run_in(folder.path(), &load);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("There are contacts already"), "{said}");
    assert_eq!(event_counts(folder.path()), before);
    assert_stopped(folder.path());
}
