//! A second verifier, `tests/verifier/verify.py`, agrees on good and bad bundles and proofs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lethe_tlog::bundle::{Earlier, Expected, Selection, verify};
use lethe_tlog::note::Note;
use lethe_tlog::proof::Proof;
use lethe_tlog::tree::Plan;
use serde_json::Value;
use uuid::Uuid;

use crate::log::{Log, ORIGIN, event, signer};
use crate::strict::{sound, unsound};

const FILE: &str = "events/000000.events";
const MANIFEST: &str = "manifest.json";

/// Files, and texts in them that are replaced.
const CHANGES: [(&str, &str, &str); 21] = [
    (FILE, "Ærø 200", "Ærø 201"),
    (FILE, "\"position\":7,", "\"position\":8,"),
    (FILE, "\"position\":7,", "\"position\":6,"),
    (FILE, "\"position\":300,", "\"position\":301,"),
    (FILE, "\"eventVersion\":\"1\"", "\"eventVersion\":\"\""),
    (FILE, "\"sequence\":1", "\"sequence\":-1"),
    (FILE, "\"payloadBytes\":", "\"payloadBytes\":1"),
    (FILE, "{\"block\":1,", "{\"block\":2,"),
    (FILE, "{\"block\":1,", "{\"block\":0,"),
    (FILE, "{\"chunk\":0,", "{\"chunk\":1,"),
    (FILE, "{\"user\":", "{\"uses\":"),
    (MANIFEST, "log.example/one", "log.example/two"),
    (MANIFEST, "lethe-audit-bundle/1", "lethe-audit-bundle/2"),
    (MANIFEST, "\"kind\": \"all\"", "\"kind\": \"range\", \"from\": 1, \"until\": 299"),
    (MANIFEST, "\"kind\": \"all\"", "\"kind\": \"range\", \"from\": 0, \"until\": 300"),
    (MANIFEST, "\"kind\": \"all\"", "\"kind\": \"every\""),
    (MANIFEST, "\"events\": 300", "\"events\": 300, \"more\": 1"),
    (MANIFEST, "\"events\": 300", "\"events\": 301"),
    (MANIFEST, "\\n300\\n", "\\n301\\n"),
    (MANIFEST, "\\n300\\n", "\\n0300\\n"),
    (MANIFEST, "\"root\": \"", "\"root\": \"A"),
];

/// A Python with the package for Ed25519. CI always has one.
pub(crate) fn python() -> Option<&'static str> {
    // What a distribution packages is not for a Python that was installed otherwise.
    let has = |python: &&str| {
        let ran = Command::new(python).args(["-c", "import cryptography"]).output();
        ran.is_ok_and(|ran| ran.status.success())
    };
    let found = ["python3", "/usr/bin/python3"].into_iter().find(has);
    assert!(
        found.is_some() || std::env::var_os("CI").is_none(),
        "CI needs python3 with the package cryptography for the second verifier"
    );
    if found.is_none() {
        println!("Skipped: there is no python3 with the package cryptography.");
    }
    found
}

/// What the second verifier says of each path.
pub(crate) fn ask(flags: &[&str], paths: &[PathBuf]) -> Vec<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/verifier/verify.py");
    let mut command = Command::new(python().unwrap());
    let ran = command.arg(script).args(flags).args(paths).output().unwrap();
    let text = String::from_utf8(ran.stdout).unwrap();
    let answers: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), paths.len(), "{}", String::from_utf8_lossy(&ran.stderr));
    answers
}

/// A folder below which bundles are written.
struct Bundles {
    folder: tempfile::TempDir,
    paths: Vec<PathBuf>,
}

impl Bundles {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), paths: Vec::new() }
    }

    fn next(&mut self) -> PathBuf {
        let path = self.folder.path().join(self.paths.len().to_string());
        self.paths.push(path.clone());
        path
    }

    /// A bundle of 300 events in which one text of a file is another.
    fn spoilt(&mut self, file: &str, from: &str, to: &str) {
        let path = self.next();
        Log::of(300).write_all(&path);
        let text = fs::read_to_string(path.join(file)).unwrap();
        assert!(text.contains(from), "{from}");
        fs::write(path.join(file), text.replacen(from, to, 1)).unwrap();
    }

    fn exported(&mut self, change: impl FnOnce(&mut Log)) {
        let path = self.next();
        let mut log = Log::of(300);
        change(&mut log);
        log.write_all(&path);
    }

    /// That both verifiers say the same of all, and how many were good.
    fn agree(&self) -> usize {
        let key = signer(1).verifier().clone();
        let expected = Expected { key: Some(&key), ..Expected::default() };
        let mut good = 0;
        for (path, answer) in self.paths.iter().zip(ask(&["--key", &key.to_string()], &self.paths)) {
            match verify(path, &expected, &mut |_| {}) {
                Ok(report) => {
                    good += 1;
                    assert_eq!(answer["intact"], true, "{answer}");
                    assert_eq!(answer["events"], report.events);
                }
                Err(fault) => {
                    assert_eq!(answer["code"], fault.code(), "{fault} {answer}");
                    assert_eq!(answer["position"].as_u64(), fault.position(), "{fault} {answer}");
                }
            }
        }
        good
    }
}

#[test]
fn both_verifiers_accept_good_bundles() {
    if python().is_none() {
        return;
    }
    let mut bundles = Bundles::new();
    for size in [0, 1, 256, 257, 300] {
        Log::of(size).write_all(&bundles.next());
    }
    let log = Log::of(65_536 + 300);
    let range = Selection::Range { from: 65_500, until: 65_600 };
    let mut header = log.header(range, &signer(1));
    header.earlier = [0, 1, 300, 65_536, 65_836].map(|size| log.earlier(size, &signer(1))).to_vec();
    log.write(&bundles.next(), header, 65_500..=65_600);
    let contact = log.header(Selection::Contact { id: Uuid::nil() }, &signer(1));
    log.write(&bundles.next(), contact, [2, 65_535, 65_836]);
    bundles.paths.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/tlog/bundle"));
    assert_eq!(bundles.agree(), 8);
}

/// Bundles that were cut, or have a file too many or too few.
fn cut_or_mixed(bundles: &mut Bundles, log: &Log) {
    for length in [0, 100, 20_000, 100_000] {
        let path = bundles.next();
        log.write_all(&path);
        let whole = fs::read(path.join(FILE)).unwrap();
        fs::write(path.join(FILE), &whole[..length]).unwrap();
    }
    for (name, text) in [("more", Some("")), ("events/000001.events", Some("")), (FILE, None)] {
        let path = bundles.next();
        log.write_all(&path);
        match text {
            Some(text) => fs::write(path.join(name), text).unwrap(),
            None => fs::remove_file(path.join(name)).unwrap(),
        }
    }
}

#[test]
fn both_verifiers_find_the_same_fault_at_the_same_position() {
    if python().is_none() {
        return;
    }
    let mut bundles = Bundles::new();
    bundles.exported(|log| log.rows[199].payload.push(' '));
    bundles.exported(|log| log.rows[0].recorded_at -= 1);
    bundles.exported(|log| log.rows.swap(3, 270));
    let log = Log::of(300);
    let leaf = |position: u64| event(position, &log.rows[299]).entry().leaf_hash().unwrap().to_string();
    bundles.spoilt(FILE, &leaf(300), &leaf(301));
    for (file, from, to) in CHANGES {
        bundles.spoilt(file, from, to);
    }
    cut_or_mixed(&mut bundles, &log);
    // Signed anew by another key, and grown from another history.
    log.write(&bundles.next(), log.header(Selection::All, &signer(2)), 1..=300);
    let mut header = log.header(Selection::All, &signer(1));
    let forged = Earlier { checkpoint: log.signed(7, &signer(1)).to_string(), ..log.earlier(8, &signer(1)) };
    header.earlier = vec![log.earlier(8, &signer(1)), forged];
    log.write(&bundles.next(), header, 1..=300);
    assert_eq!(bundles.agree(), 0);
}

#[test]
fn both_verifiers_agree_on_proofs() {
    if python().is_none() {
        return;
    }
    let (folder, log, key) = (tempfile::tempdir().unwrap(), Log::of(300), signer(1).verifier().clone());
    let mut paths = Vec::new();
    let mut add = |text: String| {
        let path = folder.path().join(format!("{}.tlog-proof", paths.len()));
        fs::write(&path, text).unwrap();
        paths.push(path);
    };
    for position in [1_u64, 2, 255, 256, 257, 300] {
        let row = &log.rows[usize::try_from(position - 1).unwrap()];
        let mut proof = Proof {
            extra: Some(event(position, row).entry().encode().unwrap()),
            index: position - 1,
            hashes: log.proof(&Plan::inclusion(position - 1, 300).unwrap()),
            checkpoint: log.signed(300, &signer(1)),
        };
        add(proof.to_string());
        add(Proof { index: position, ..proof.clone() }.to_string());
        add(Proof { checkpoint: log.signed(300, &signer(2)), ..proof.clone() }.to_string());
        proof.hashes.reverse();
        add(proof.to_string());
        proof.extra = None;
        add(proof.to_string());
    }
    for (path, answer) in paths.iter().zip(ask(&["--key", &key.to_string()], &paths)) {
        let proof: Proof = fs::read_to_string(path).unwrap().parse().unwrap();
        let verified = proof.verify(std::slice::from_ref(&key));
        assert_eq!(answer["intact"].as_bool(), Some(verified.is_ok()), "{answer}");
        match verified {
            Ok(proven) => assert_eq!(answer["position"], proven.entry.position),
            Err(error) => {
                assert_eq!(answer["code"], error.code(), "{error} {answer}");
                assert_eq!(answer["position"].as_u64(), error.position(), "{error} {answer}");
            }
        }
    }
}

#[test]
fn the_second_verifier_answers_in_json_whatever_it_is_given() {
    if python().is_none() {
        return;
    }
    let (mut bundles, log) = (Bundles::new(), Log::of(5));
    let mut manifest = |text: &str| {
        let path = bundles.next();
        log.write_all(&path);
        fs::write(path.join(MANIFEST), text).unwrap();
    };
    sound().iter().chain(&unsound()).for_each(|text| manifest(text));
    manifest(&" ".repeat((64 << 20) + 1));
    // A size of more digits than a number may have, signed by the key.
    let mut note = Note::new(format!("{ORIGIN}\n{}\n{}\n", "9".repeat(5_000), log.root(5))).unwrap();
    note.push(signer(1).sign(&note, 0).unwrap());
    let mut header = log.header(Selection::All, &signer(1));
    header.earlier = vec![Earlier { checkpoint: note.to_string(), proof: Vec::new() }];
    log.write(&bundles.next(), header, 1..=5);
    bundles.spoilt(FILE, "\"streamType\":\"contact\"", "\"streamType\":\"\\ud800\"");
    assert_eq!(bundles.agree(), 0);
    // What is no bundle at all, and not even a file.
    let folder = bundles.folder.path();
    fs::write(folder.join("bytes"), [0xff; 100]).unwrap();
    fs::File::create(folder.join("long")).unwrap().set_len(1 << 40).unwrap();
    assert!(Command::new("mkfifo").arg(folder.join("pipe")).status().unwrap().success());
    let names = ["nothing", "bytes", "long", "pipe"];
    let answers = ask(&[], &names.map(|name| folder.join(name)));
    let codes: Vec<&str> = answers.iter().map(|answer| answer["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["FILE_MISSING", "BAD_PROOF", "BAD_PROOF", "UNREADABLE"]);
}
