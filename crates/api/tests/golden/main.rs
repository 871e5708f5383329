//! The golden files in `tests/golden`: every stored version of every event, clear, sealed and erased.
//!
//! With `LETHE_WRITE_GOLDEN=1` the files of new versions are written first (`just golden`). A file that is there is
//! never written again: stored events are read for ever.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test fails the test"
)]

mod example;
mod examples;
mod folder;
mod follow;
mod keys;
mod kinds;
mod version;
mod views;

use std::collections::BTreeSet;

use lethe_ledger::Audience;
use serde_json::Value;

use crate::example::{Example, audience, erased, for_version};
use crate::folder::{FORMS, golden, listed, sha256};
use crate::keys::Keys;
use crate::version::{Version, versions};

#[test]
fn every_version_has_its_three_files() {
    let versions: BTreeSet<Version> = versions().into_iter().chain(exemplified()).collect();
    let files = versions.iter().flat_map(|version| FORMS.map(|form| version.file(form)));
    let missing: Vec<String> = files.filter(|file| !golden().has(file)).collect();
    assert!(
        missing.is_empty(),
        "run `just golden` for a new version, restore an old one; tests/golden has no {missing:?}"
    );
}

#[test]
fn every_present_version_has_an_example_with_every_field() {
    for version in versions().iter().filter(|version| version.is_present()) {
        let example = examples::all().into_iter().find(|example| example.version() == *version);
        let example = example.unwrap_or_else(|| panic!("examples.rs has no {version}"));
        for nothing in [": None", ": Keep", ": Clear", ": []"] {
            assert!(!example.debug.contains(nothing), "{version} leaves a field out: {}", example.debug);
        }
    }
}

#[test]
fn no_file_stands_for_nothing() {
    for (file, version) in golden().versions() {
        // Cases of an older version stay when there is no such case any more.
        let known = if version.is_present() {
            exemplified().contains(&version)
        } else {
            versions().contains(&version.plain())
        };
        assert!(known, "tests/golden/{file} is of no version or case");
        for form in FORMS {
            assert!(golden().has(&version.file(form)), "tests/golden/{file} has no {form} file beside it");
        }
    }
}

#[test]
fn no_file_was_changed_after_it_was_written() {
    let (listed, found) = (listed(), golden().files());
    for file in &found {
        assert!(listed.contains_key(file), "SHA256SUMS does not list {file}");
    }
    for (file, sum) in &listed {
        assert!(found.contains(file), "{file} is listed in SHA256SUMS and not there");
        assert_eq!(*sum, sha256(&golden().bytes(file)), "{file} was changed; undo it and make a new version");
    }
}

#[test]
fn an_event_whose_form_changed_has_a_new_version() {
    for example in examples::all() {
        let file = example.version().file("clear");
        assert_eq!(
            example.clear,
            golden().text(&file),
            "{file} is another form; raise the version of the event"
        );
    }
}

#[test]
fn a_sealed_file_opens_to_its_clear_file() {
    let keys = Keys::read();
    for (file, version) in golden().versions() {
        let example = for_version(&version);
        let read = |form| -> Value {
            let event = example.recorded(&version, &golden().text(&version.file(form)));
            serde_json::from_str(&(example.read)(&event).unwrap()).unwrap()
        };
        let mut opened = read("sealed");
        for place in &example.places {
            let Some(value) = opened.pointer_mut(&place.pointer) else { continue };
            let text = keys.open(place, value.as_str().unwrap());
            *value = text.unwrap_or_else(|error| panic!("{file} at {}: {error}", place.pointer)).into();
        }
        assert_eq!(opened, read("clear"), "{version}");
    }
}

#[test]
fn an_event_is_read_without_a_key_and_written_as_it_stands() {
    for (_, version) in golden().versions() {
        let example = for_version(&version);
        let sealed = golden().text(&version.file("sealed"));
        let written = (example.read)(&example.recorded(&version, &sealed)).unwrap();
        if version.is_present() {
            assert_eq!(written, sealed, "{version}");
        }
    }
}

#[test]
fn the_history_of_an_erased_event_is_as_it_was() {
    for (_, version) in golden().versions() {
        let example = for_version(&version);
        let event = example.recorded(&version, &golden().text(&version.file("sealed")));
        assert_eq!(erased(&event), golden().text(&version.file("erased")), "{version}");
    }
}

#[test]
fn what_tells_of_one_units_affairs_is_shown_to_that_unit_alone() {
    let told = |to: Audience| -> BTreeSet<String> {
        let examples = examples::all();
        let told = examples.iter().filter(|example| audience(example) == to);
        told.map(|example| example.version().event_type).collect()
    };
    let of_one_unit =
        ["company.found_by_import", "contact.bound", "contact.found_by_import", "contact.unbound"];
    assert_eq!(told(Audience::ItsUnit), of_one_unit.map(str::to_owned).into());
    // Several units have the same contact: whoever adds an event of it says here too that all of them may know.
    let mut of_all_units = told(Audience::Everybody);
    of_all_units.retain(|event| event.starts_with("contact."));
    let known = ["amended", "company_linked", "company_unlinked", "erased", "registered"];
    assert_eq!(of_all_units, known.map(|event| format!("contact.{event}")).into());
}

#[test]
fn a_personal_value_stands_in_the_clear_file_alone() {
    for example in examples::all() {
        let clear: Value = serde_json::from_str(&example.clear).unwrap();
        for place in &example.places {
            let value = clear.pointer(&place.pointer).unwrap().as_str().unwrap();
            for form in ["sealed", "erased"] {
                let file = example.version().file(form);
                assert!(!golden().text(&file).contains(value), "{file} shows {}", place.label);
            }
        }
    }
}

/// The versions and cases of which there are examples.
fn exemplified() -> Vec<Version> {
    examples::all().iter().map(Example::version).collect()
}
