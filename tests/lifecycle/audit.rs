//! `lethe audit verify`, offline: no server, no database, not even a data folder.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::run_in;

const MANIFEST: &str = include_str!("../vectors/tlog/bundle/manifest.json");
const EVENTS: &str = include_str!("../vectors/tlog/bundle/events/000000.events");
const PROOF: &str = include_str!("../vectors/tlog/event-100.tlog-proof");
const VECTORS: &str = include_str!("../vectors/tlog/vectors.json");

fn vector(name: &str) -> String {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    vectors[name].as_str().unwrap().to_owned()
}

/// Writes the bundle of the vectors, with other events.
fn bundle(folder: &Path, events: &str) -> PathBuf {
    let bundle = folder.join("bundle");
    fs::create_dir_all(bundle.join("events")).unwrap();
    fs::write(bundle.join("manifest.json"), MANIFEST).unwrap();
    fs::write(bundle.join("events/000000.events"), events).unwrap();
    bundle
}

/// Exit code, stdout and stderr.
fn verify(folder: &TempDir, path: &Path, flags: &[&str]) -> (i32, String, String) {
    let answer = run_in(folder.path(), &[&["audit", "verify", path.to_str().unwrap()][..], flags].concat());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "something was left in the folder");
    answer
}

fn json_of((exit, said, _): (i32, String, String)) -> (i32, Value) {
    (exit, serde_json::from_str(&said).unwrap())
}

#[test]
fn a_good_bundle_is_verified_without_a_database() {
    let folder = TempDir::new().unwrap();
    let path = bundle(folder.path(), EVENTS);
    let (key, witness) = (vector("key"), vector("witnessKey"));
    let (exit, said, noise) = verify(&folder, &path, &["--key", &key, "--witness", &witness]);
    assert_eq!((exit, noise.as_str()), (0, ""), "{said}");
    assert!(said.starts_with("The bundle is good."), "{said}");
    for told in
        ["positions 254 to 258", "witness.example/w at 2023-11-14", "earlier checkpoints of 200 events"]
    {
        assert!(said.contains(told), "{said}");
    }
    let (exit, said) = json_of(verify(&folder, &path, &["--key", &key, "--json"]));
    assert_eq!((exit, &said["intact"], &said["keyCompared"]), (0, &json!(true), &json!(true)));
    assert_eq!(
        (&said["events"], &said["complete"], &said["earlier"]),
        (&json!(5), &json!(true), &json!([200]))
    );
}

#[test]
fn without_the_published_key_it_says_that_the_signer_is_not_proven() {
    let folder = TempDir::new().unwrap();
    let (exit, said, _) = verify(&folder, &bundle(folder.path(), EVENTS), &[]);
    assert_eq!(exit, 0);
    assert!(said.starts_with("The bundle is intact.") && said.contains("not proven"), "{said}");
    assert!(said.contains(&vector("key")) && !said.contains("good"), "{said}");
}

#[test]
fn the_first_position_that_fails_is_named_and_exit_code_one() {
    let folder = TempDir::new().unwrap();
    let path = bundle(folder.path(), &EVENTS.replacen("Ærø 256", "Ærø 265", 1));
    let (exit, said, _) = verify(&folder, &path, &[]);
    assert_eq!(exit, 1);
    assert!(said.starts_with("The bundle is not good from position 256 on."), "{said}");
    let (exit, said) = json_of(verify(&folder, &path, &["--json"]));
    assert_eq!((exit, &said["code"], &said["position"]), (1, &json!("PAYLOAD_CHANGED"), &json!(256)));
    let path = bundle(folder.path(), &EVENTS[..EVENTS.len() - 1]);
    let (_, said) = json_of(verify(&folder, &path, &["--json"]));
    assert_eq!((&said["code"], &said["position"]), (&json!("TRUNCATED"), &json!(258)));
    let path = bundle(folder.path(), EVENTS);
    let other = vector("key").replacen("one", "two", 1);
    let (exit, _, noise) = verify(&folder, &path, &["--key", &other]);
    assert_eq!(exit, 2, "a key that is none is a wrong command line: {noise}");
    let (_, said) = json_of(verify(&folder, &path, &["--key", &vector("witnessKey"), "--json"]));
    assert_eq!(said["code"], "OTHER_KEY");
    let (_, said) = json_of(verify(&folder, &path, &["--origin", "log.example/two", "--json"]));
    assert_eq!(said["code"], "OTHER_LOG");
}

#[test]
fn names_from_a_bundle_make_no_lines_and_turn_no_text() {
    let folder = TempDir::new().unwrap();
    let hidden = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    for name in ["\u{1b}[2J", "x\nThe bundle is good.", "\u{202e}doog", "\u{9b}31m"] {
        let path = bundle(folder.path(), EVENTS);
        fs::write(path.join(name), "").unwrap();
        let (_, said, _) = verify(&folder, &path, &[]);
        assert!(said.contains("does not belong") && !said.contains(hidden), "{said:?}");
        assert_eq!(said.lines().count(), 1, "{said:?}");
        let (exit, said, _) = verify(&folder, &path, &["--json"]);
        assert!(exit == 1 && !said.contains(hidden) && said.lines().count() == 1, "{said:?}");
        fs::remove_file(path.join(name)).unwrap();
        // A field is named by the library that reads JSON.
        let field = serde_json::to_string(name).unwrap();
        fs::write(path.join("manifest.json"), MANIFEST.replacen('{', &format!("{{{field}:1,"), 1)).unwrap();
        let (exit, said, _) = verify(&folder, &path, &[]);
        assert!(exit == 1 && !said.contains(hidden) && said.lines().count() == 1, "{said:?}");
    }
}

#[test]
fn a_proof_that_is_not_good_has_a_code() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("event.tlog-proof");
    let (key, witness) = (vector("key"), vector("witnessKey"));
    let other = vector("witnessKey");
    let bad = |text: &str, flags: &[&str]| {
        fs::write(&path, text).unwrap();
        let (exit, said) = json_of(verify(&folder, &path, &[flags, &["--json"]].concat()));
        assert_eq!((exit, &said["intact"]), (1, &json!(false)), "{said}");
        (said["code"].as_str().unwrap().to_owned(), said["position"].as_u64())
    };
    let known = ["--key", &key, "--witness", &witness];
    let extra = PROOF.lines().find(|line| line.starts_with("extra ")).unwrap();
    let hash = PROOF.lines().nth(3).unwrap();
    let told = |code: &str| (code.to_owned(), None);
    assert_eq!(bad("nothing", &known), told("BAD_PROOF"));
    assert_eq!(bad(&PROOF.replacen(&format!("{extra}\n"), "", 1), &known), told("BAD_PROOF"));
    assert_eq!(bad(PROOF, &[]), told("NO_KEY"));
    assert_eq!(bad(PROOF, &["--key", &other, "--origin", "x"]), told("OTHER_LOG"));
    assert_eq!(bad(PROOF.trim_end(), &known), told("BAD_CHECKPOINT"));
    assert_eq!(bad(PROOF, &["--key", &key, "--origin", "log.example/two"]), told("OTHER_LOG"));
    let alone: Vec<&str> = PROOF.lines().filter(|line| !line.contains("witness.example")).collect();
    assert_eq!(bad(&format!("{}\n", alone.join("\n")), &known), told("NOT_WITNESSED"));
    let other_index = bad(&PROOF.replacen("index 99", "index 98", 1), &known);
    assert_eq!(other_index, ("OTHER_POSITION".to_owned(), Some(100)));
    let shorter = bad(&PROOF.replacen(&format!("{hash}\n"), "", 1), &known);
    assert_eq!(shorter, ("NOT_INCLUDED".to_owned(), Some(100)));
    // What is no file is not waited for.
    fs::remove_file(&path).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let (exit, _, noise) = verify(&folder, &path, &["--key", &key]);
    assert!(exit == 3 && noise.contains("neither a file nor a folder"), "{noise}");
}

#[test]
fn a_proof_of_one_event_says_what_it_proves() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("event.tlog-proof");
    fs::write(&path, PROOF).unwrap();
    let key = vector("key");
    let (exit, said, _) = verify(&folder, &path, &["--key", &key, "--witness", &vector("witnessKey")]);
    assert_eq!(exit, 0, "{said}");
    for told in ["The proof is good.", "position      100", "contact.registered", "witness.example/w at 2023"]
    {
        assert!(said.contains(told), "{said}");
    }
    let (exit, said, _) = verify(&folder, &path, &[]);
    assert!(exit == 1 && said.contains("--key"), "{said}");
    fs::write(&path, PROOF.replacen("index 99", "index 98", 1)).unwrap();
    let (exit, said) = json_of(verify(&folder, &path, &["--key", &key, "--json"]));
    assert_eq!((exit, &said["intact"], &said["position"]), (1, &json!(false), &json!(100)));
    fs::write(&path, [0xff; 100]).unwrap();
    assert_eq!(verify(&folder, &path, &["--key", &key]).0, 1);
    let missing = folder.path().join("nothing");
    let (exit, _, noise) = verify(&folder, &missing, &["--key", &key]);
    assert!(exit == 3 && noise.contains("nothing"), "{noise}");
}
