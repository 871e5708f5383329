//! The table of metrics, the code and the server agree.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::json;

use crate::observe::eventually;
use crate::requests::{REGISTER, contact};
use crate::server::Server;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Every metric that the sources of a folder record.
fn recorded(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            recorded(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            for kind in ["counter!(", "gauge!(", "histogram!("] {
                let begin = format!("metrics::{kind}");
                let calls = text.split(&begin).skip(1);
                found.extend(calls.map(|call| {
                    let name = call.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next());
                    let name = name.unwrap_or_else(|| {
                        panic!("{} names a metric otherwise than by its text", path.display())
                    });
                    format!("{} {name}", kind.trim_end_matches("!("))
                }));
            }
        }
    }
}

/// The rows of the table: type and name.
fn documented() -> BTreeSet<String> {
    let text = fs::read_to_string(format!("{ROOT}/docs/operations/metrics.md")).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    let row = |line: &str| {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        assert_eq!(cells.len(), 8, "six columns: {line}");
        assert!(!cells[5].is_empty() && !cells[6].is_empty(), "a meaning, and when to alert or –: {line}");
        format!("{} {}", cells[2], cells[1].trim_matches('`'))
    };
    rows.map(row).collect()
}

#[test]
fn every_metric_is_documented_and_every_documented_one_exists() {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(format!("{ROOT}/crates")).unwrap() {
        let sources = entry.unwrap().path().join("src");
        if sources.exists() {
            recorded(&sources, &mut found);
        }
    }
    assert!(found.len() > 5, "{found:?}");
    // Those of the process are another crate's; that they exist is seen at the server.
    let ours: BTreeSet<_> = documented().into_iter().filter(|row| !row.contains(" process_")).collect();
    let missing: Vec<_> = found.difference(&ours).collect();
    assert!(missing.is_empty(), "without a row in docs/operations/metrics.md: {missing:?}");
    let extra: Vec<_> = ours.difference(&found).collect();
    assert!(extra.is_empty(), "in docs/operations/metrics.md, and nowhere recorded: {extra:?}");
}

#[tokio::test]
async fn after_some_requests_the_server_shows_its_metrics_and_no_other() {
    let server = Server::start().await;
    server.done(REGISTER, contact("METRIC-1")).await;
    server.request("{ nothing }", json!({})).await;
    let mut text = String::new();
    // Views are measured about once a second.
    eventually("the views are measured", async || {
        text = reqwest::get(server.url("/metrics")).await.unwrap().text().await.unwrap();
        text.contains("lethe_view_position")
    })
    .await;
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let shown: BTreeSet<_> = types.map(|(name, kind)| format!("{kind} {name}")).collect();
    let documented = documented();
    let unknown: Vec<_> = shown.difference(&documented).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    for row in &documented {
        let at_once = ["process_", "http_request", "append_batch_units", "view_position"];
        // The limit of memory is left out where there is none.
        let always = at_once.iter().any(|part| row.contains(part)) && !row.contains("virtual_memory_max");
        assert!(!always || !cfg!(target_os = "linux") || shown.contains(row), "{row} is not shown:\n{text}");
    }
    for line in
        ["lethe_http_requests_total{route=\"/graphql\",status=\"200\"} 2", "lethe_http_requests_in_flight 0"]
    {
        assert!(text.lines().any(|shown| shown == line), "{line}\n{text}");
    }
    server.stop();
}
