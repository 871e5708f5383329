//! What every view makes of the golden events: a change of its tables or its fold needs another version of the view, since
//! the tables that a server has are built anew for another version alone.
//!
//! `tests/folds` has a file per view and version, with a digest of the SQL and one of the rows. With
//! `LETHE_WRITE_GOLDEN=1` a new version gets its file, and those of older ones go; a file that is there stays.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use chrono::{DateTime, TimeDelta};
use lethe_ledger::{Recorded, Trial};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::examples;
use crate::folder::{golden, sha256};

/// The golden events of the streams that a view follows, in the order of the examples: what begins a stream comes first.
fn events(view: Trial) -> Vec<Recorded> {
    let mut events: Vec<Recorded> = examples::all()
        .iter()
        .map(|example| {
            let version = example.version();
            example.recorded(&version, &golden().text(&version.file("sealed")))
        })
        .filter(|event| view.sources().contains(&event.aggregate_type.as_str()))
        .collect();
    number(&mut events);
    events
}

/// Gives events their places, as if they had been recorded in this order.
fn number(events: &mut [Recorded]) {
    for (event, place) in events.iter_mut().zip(1..) {
        (event.position, event.sequence) = (place, place);
        event.recorded_at = DateTime::UNIX_EPOCH + TimeDelta::seconds(place);
    }
}

/// All rows after each of the events, and after each of them if it directly follows what begins its stream.
fn rows(view: Trial) -> Vec<BTreeMap<Uuid, Value>> {
    let events = events(view);
    let mut found = Vec::new();
    for (at, event) in events.iter().enumerate() {
        found.push(view.rebuilt(&events[..=at]).unwrap());
        let opening = events.iter().find(|opening| opening.aggregate_type == event.aggregate_type);
        found.push(view.rebuilt(&[opening.unwrap().clone(), event.clone()]).unwrap());
    }
    found
}

fn digests(view: Trial) -> String {
    let rows = serde_json::to_string_pretty(&rows(view)).unwrap();
    format!("sql {}\nrows {}\n", sha256(view.sql().as_bytes()), sha256(rows.as_bytes()))
}

fn file(view: Trial) -> String {
    format!("{}-{}.txt", view.name(), view.version())
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/folds")
}

fn files() -> BTreeSet<String> {
    let entries = fs::read_dir(folder()).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_view_whose_tables_or_fold_changed_has_a_new_version() {
    let views = lethe_api::views().trials();
    let present: BTreeSet<String> = views.iter().map(|view| file(*view)).collect();
    if std::env::var_os("LETHE_WRITE_GOLDEN").is_some_and(|value| value == "1") {
        fs::create_dir_all(folder()).unwrap();
        for old in files().difference(&present) {
            fs::remove_file(folder().join(old)).unwrap();
        }
        for view in views.iter().filter(|view| !folder().join(file(**view)).exists()) {
            fs::write(folder().join(file(*view)), digests(*view)).unwrap();
        }
    }
    let mut changed = Vec::new();
    for view in &views {
        let file = file(*view);
        let known = fs::read_to_string(folder().join(&file));
        let known = known.unwrap_or_else(|_| panic!("tests/folds has no {file}; run `just golden`"));
        let digests = digests(*view);
        for (_, found) in known.lines().zip(digests.lines()).filter(|(known, found)| known != found) {
            let what = if found.starts_with("sql") { "tables" } else { "rows" };
            changed.push(format!("the {what} of the view {}", view.name()));
        }
    }
    assert!(changed.is_empty(), "raise VERSION and run `just golden`; without it changed {changed:?}");
    assert_eq!(files(), present, "tests/folds has files of other versions; run `just golden`");
}

/// The first words of what a table is created with: its columns, and those of its constraints.
fn columns(view: Trial, table: &str) -> BTreeSet<String> {
    let sql = view.sql();
    let table = sql.split_once(&format!("CREATE TABLE {table} (")).expect("a view without its table").1;
    let parts = table.split(';').next().unwrap_or_default().split(',');
    parts.filter_map(|part| part.split_whitespace().next()).map(str::to_owned).collect()
}

/// PostgreSQL drops what has no column without a word, and an optional field would be read as none.
#[test]
fn every_field_of_a_row_has_its_column() {
    let mut missing = BTreeSet::new();
    for view in lethe_api::views().trials() {
        let mut look = |table: &str, object: &Map<String, Value>| {
            let columns = columns(view, table);
            let without = object.keys().filter(|field| !columns.contains(*field));
            missing.extend(without.map(|field| format!("{table}.{field}")));
        };
        for row in rows(view).iter_mut().flat_map(BTreeMap::values_mut).filter_map(Value::as_object_mut) {
            for (list, table) in view.lists() {
                let items = row.remove(list).unwrap();
                items.as_array().unwrap().iter().for_each(|item| look(table, item.as_object().unwrap()));
            }
            look(view.name(), row);
        }
    }
    assert!(missing.is_empty(), "add to view.sql what the rows have: {missing:?}");
}
