//! Nothing is left out of the table of kinds (`crates/api/src/kind.rs`): the sources of the crates are compared with it.

use std::collections::BTreeSet;
use std::fs::{read_dir, read_to_string};
use std::path::Path;

use lethe_api::STREAM_TYPES;

/// The crates whose aggregates and views the graph shows.
const CRATES: [&str; 4] = ["mail", "access", "crm", "privacy"];

#[test]
fn every_type_of_streams_has_its_row() {
    let declared = declared("impl Aggregate for ", "const TYPE: &'static str = \"");
    let known: BTreeSet<String> = STREAM_TYPES.iter().map(|stream| stream.name.to_owned()).collect();
    assert_eq!(declared, known, "left: what the crates declare; right: crates/api/src/kind.rs");
    assert_eq!(known.len(), STREAM_TYPES.len(), "a type of streams stands in two rows");
}

#[test]
fn every_view_has_its_row() {
    let declared = declared("impl Projection for ", "const NAME: &'static str = \"");
    let names = lethe_api::views().names();
    let known: BTreeSet<String> = names.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(declared, known, "left: what the crates declare; right: crates/api/src/kind.rs");
    assert_eq!(known.len(), names.len(), "a view stands in two rows");
}

/// The names that stand behind `name` in the blocks that begin with `block`, in all sources of these crates.
fn declared(block: &str, name: &str) -> BTreeSet<String> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = BTreeSet::new();
    for of in CRATES {
        look(&crates.join(of).join("src"), &mut |text| {
            found.extend(text.split(block).skip(1).map(|block| {
                let named = block.split_once(name).expect("a block without its name").1;
                named.split('"').next().unwrap_or_default().to_owned()
            }));
        });
    }
    found
}

fn look(folder: &Path, at: &mut impl FnMut(&str)) {
    for entry in read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            look(&path, at);
        } else if path.extension().is_some_and(|end| end == "rs") {
            at(&read_to_string(&path).unwrap());
        }
    }
}
