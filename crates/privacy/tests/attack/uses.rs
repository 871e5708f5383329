//! Every use of a keyed digest in the code, against the table of `docs/sealing.md`: whoever adds one says there what a guess
//! could confirm, and until when.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What makes or compares a digest under a subject's key.
const CALLS: [&str; 3] = ["keyed_digest", "input_mac", "input_is"];

/// The Rust files below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

/// How often a file calls one of them; neither where it is declared, nor in comments or tests.
fn calls(text: &str, name: &str) -> usize {
    let text = text.split("#[cfg(test)]").next().unwrap();
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let call = format!("{name}(");
    code.map(|line| line.matches(&call).count() - line.matches(&format!("fn {call}")).count()).sum()
}

#[test]
fn every_use_of_a_keyed_digest_stands_in_the_table() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut found = BTreeMap::new();
    for member in fs::read_dir(root.join("crates")).unwrap().map(|entry| entry.unwrap().path()) {
        for path in sources(&member.join("src")) {
            let file = path.strip_prefix(root.join("crates")).unwrap().display().to_string();
            let text = fs::read_to_string(&path).unwrap();
            for name in CALLS {
                let count = calls(&text, name);
                if count > 0 && !file.ends_with("tests.rs") {
                    found.insert((file.clone(), name.to_owned()), count);
                }
            }
        }
    }
    let document = fs::read_to_string(root.join("docs/sealing.md")).unwrap();
    let (_, section) = document.split_once("### Every use in the code\n").unwrap();
    let section = section.split("\n#").next().unwrap();
    let rows = section.lines().filter_map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [file, name, count, _] = cells.as_slice() else { return None };
        let bare = |cell: &str| cell.trim_matches('`').to_owned();
        Some(((bare(file), bare(name)), count.parse::<usize>().ok()?))
    });
    let told: BTreeMap<(String, String), usize> = rows.collect();
    assert_eq!(found, told, "the code, and the table of docs/sealing.md");
    assert!(found.len() > 5);
}
