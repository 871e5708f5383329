//! What was tampered with does not verify, and the first position that fails is named.

use std::fs;
use std::path::{Path, PathBuf};

use lethe_tlog::bundle::{Earlier, Expected, Fault, Selection, verify};
use lethe_tlog::note::{KeyKind, Signer};
use tempfile::TempDir;
use uuid::Uuid;

use crate::log::{Log, Stored, event, signer};

/// A bundle in a folder that can be spoilt.
pub(crate) struct Bundle {
    folder: TempDir,
}

impl Bundle {
    pub(crate) fn of(log: &Log) -> Self {
        let folder = tempfile::tempdir().unwrap();
        log.write_all(folder.path());
        Self { folder }
    }

    pub(crate) fn selected(log: &Log, selection: Selection, positions: &[u64]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        log.write(folder.path(), log.header(selection, &signer(1)), positions.iter().copied());
        Self { folder }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub(crate) fn replace(&self, file: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.file(file)).unwrap();
        assert!(text.contains(from), "{from}");
        fs::write(self.file(file), text.replacen(from, to, 1)).unwrap();
    }

    /// The code and the position of what is wrong.
    pub(crate) fn fault(&self) -> (&'static str, Option<u64>) {
        let fault = self.verify(&Expected::default());
        (fault.code(), fault.position())
    }

    fn verify(&self, expected: &Expected<'_>) -> Fault {
        verify(self.path(), expected, &mut |_| {}).unwrap_err()
    }
}

pub(crate) const FILE: &str = "events/000000.events";
pub(crate) const MANIFEST: &str = "manifest.json";

/// The lines of an event, as they stand in its file.
pub(crate) fn lines(file: &str, position: u64) -> String {
    let begin = file.find(&format!("{{\"position\":{position},")).unwrap();
    let rest = &file[begin + 1..];
    let next = ["{\"position\":", "{\"block\":"].iter().filter_map(|line| rest.find(line)).min();
    file[begin..next.map_or(file.len(), |next| begin + 1 + next)].to_owned()
}

/// A bundle whose rows were changed under a log that was not: what an export finds after somebody worked in the database.
fn exported(size: u64, change: impl FnOnce(&mut Vec<Stored>)) -> Bundle {
    let mut log = Log::of(size);
    change(&mut log.rows);
    Bundle::of(&log)
}

#[test]
fn a_row_that_was_changed_in_the_database_is_found_at_its_position() {
    let payload = exported(600, |rows| rows[299].payload.push(' '));
    assert_eq!(payload.fault(), ("EVENT_CHANGED", Some(300)));
    let metadata = exported(600, |rows| rows[0].metadata.push(' '));
    assert_eq!(metadata.fault(), ("EVENT_CHANGED", Some(1)));
    let time = exported(600, |rows| rows[599].recorded_at += 1);
    assert_eq!(time.fault(), ("EVENT_CHANGED", Some(600)));
    let stream = exported(600, |rows| rows[256].stream_id = Uuid::nil().to_string());
    assert_eq!(stream.fault(), ("EVENT_CHANGED", Some(257)));
    let first_of_two = exported(600, |rows| rows.swap(9, 500));
    assert_eq!(first_of_two.fault(), ("EVENT_CHANGED", Some(10)));
    let inserted = exported(600, |rows| {
        let row = rows[20].clone();
        rows.insert(21, row);
    });
    assert_eq!(inserted.fault(), ("EVENT_CHANGED", Some(22)));
}

#[test]
fn a_text_that_was_changed_in_the_bundle_is_found_at_its_position() {
    let log = Log::of(600);
    let bundle = Bundle::of(&log);
    bundle.replace(FILE, "Ærø 300", "Ærø 301");
    assert_eq!(bundle.fault(), ("PAYLOAD_CHANGED", Some(300)));
    let bundle = Bundle::of(&log);
    let user = Uuid::from_u128(5).to_string();
    bundle.replace(FILE, &format!("{{\"user\":\"{user}\"}}"), &format!("{{\"uses\":\"{user}\"}}"));
    assert_eq!(bundle.fault(), ("METADATA_CHANGED", Some(5)));
    let bundle = Bundle::of(&log);
    bundle.replace(
        FILE,
        "\"position\":77,\"streamType\":\"contact\"",
        "\"position\":77,\"streamType\":\"company\"",
    );
    assert_eq!(bundle.fault(), ("EVENT_CHANGED", Some(77)));
}

#[test]
fn hashes_that_were_changed_with_the_event_do_not_fit_the_signed_root() {
    let bundle = Bundle::of(&Log::of(600));
    let log = Log::of(600);
    let leaf = |row: &Stored| event(300, row).entry().leaf_hash().unwrap().to_string();
    let mut row = log.rows[299].clone();
    let before = leaf(&row);
    row.payload.push(' ');
    bundle.replace(FILE, &before, &leaf(&row));
    assert_eq!(bundle.fault(), ("BAD_HASHES", Some(257)));
    // The whole bundle of another tree, under the signature of the first one.
    let mut other = Log::of(0);
    for (at, mut row) in log.rows.into_iter().enumerate() {
        if at == 299 {
            row.payload.push(' ');
        }
        other.push(row);
    }
    let forged = Bundle::of(&other);
    let (note, signed) = (other.signed(600, &signer(1)), Log::of(600).signed(600, &signer(1)));
    let json = |text: &str| serde_json::to_string(text).unwrap();
    forged.replace(MANIFEST, &json(&note.to_string()), &json(&signed.to_string()));
    assert_eq!(forged.fault(), ("OTHER_ROOT", None));
}

#[test]
fn missing_doubled_and_reordered_events_are_told_apart() {
    let log = Log::of(300);
    let text = fs::read_to_string(Bundle::of(&log).file(FILE)).unwrap();
    let (seventh, eighth) = (lines(&text, 7), lines(&text, 8));
    for (from, to, fault) in [
        (format!("{seventh}{eighth}"), eighth.clone(), ("GAP", Some(7))),
        (format!("{seventh}{eighth}"), format!("{eighth}{seventh}"), ("OUT_OF_ORDER", Some(7))),
        (seventh.clone(), seventh.repeat(2), ("OUT_OF_ORDER", Some(8))),
        (eighth, seventh, ("OUT_OF_ORDER", Some(8))),
        (lines(&text, 256), String::new(), ("GAP", Some(256))),
        (lines(&text, 300), String::new(), ("TRUNCATED", Some(300))),
    ] {
        let bundle = Bundle::of(&log);
        bundle.replace(FILE, &from, &to);
        assert_eq!(bundle.fault(), fault);
    }
    // Also when the manifest was changed to fit.
    let bundle = Bundle::of(&log);
    bundle.replace(FILE, &lines(&text, 300), "");
    for _ in 0..2 {
        bundle.replace(MANIFEST, "\"events\": 300", "\"events\": 299");
    }
    assert_eq!(bundle.fault(), ("GAP", Some(300)));
}

#[test]
fn a_bundle_that_was_cut_anywhere_is_refused() {
    let log = Log::of(5);
    let whole = fs::read(Bundle::of(&log).file(FILE)).unwrap();
    let bundle = Bundle::of(&log);
    for length in 0..whole.len() {
        fs::write(bundle.file(FILE), &whole[..length]).unwrap();
        let (code, position) = bundle.fault();
        assert_eq!(code, "TRUNCATED", "{length}");
        assert!((1..=5).contains(&position.unwrap()));
    }
    let manifest = fs::read(bundle.file(MANIFEST)).unwrap();
    for length in 0..manifest.len() - 2 {
        fs::write(bundle.file(MANIFEST), &manifest[..length]).unwrap();
        assert_eq!(bundle.fault().0, "BAD_MANIFEST", "{length}");
    }
}

#[test]
fn what_was_appended_is_told() {
    let log = Log::of(5);
    let bundle = Bundle::of(&log);
    let text = fs::read_to_string(bundle.file(FILE)).unwrap();
    fs::write(bundle.file(FILE), format!("{text}\n")).unwrap();
    assert_eq!(bundle.fault(), ("APPENDED", Some(6)));
    let sixth = lines(&text, 5).replace("\"position\":5", "\"position\":6");
    fs::write(bundle.file(FILE), format!("{text}{sixth}")).unwrap();
    assert_eq!(bundle.fault(), ("APPENDED", Some(6)));
    for _ in 0..2 {
        bundle.replace(MANIFEST, "\"events\": 5", "\"events\": 6");
    }
    assert_eq!(bundle.fault(), ("APPENDED", Some(6)));
    for name in ["events/000001.events", "more.txt", "events/notes"] {
        let bundle = Bundle::of(&log);
        fs::write(bundle.file(name), "").unwrap();
        assert!(matches!(bundle.verify(&Expected::default()), Fault::Foreign(found) if found == name));
    }
}

#[test]
fn another_log_key_format_or_a_missing_file_is_told() {
    let log = Log::of(5);
    let bundle = Bundle::of(&log);
    let other = signer(2).verifier().clone();
    let expected = Expected { key: Some(&other), ..Expected::default() };
    assert_eq!(bundle.verify(&expected).code(), "OTHER_KEY");
    let expected = Expected { origin: Some("log.example/two"), ..Expected::default() };
    assert_eq!(bundle.verify(&expected).code(), "OTHER_LOG");
    let witness = Signer::of_seed("w", KeyKind::Cosignature, &[9; 32]).unwrap().verifier().clone();
    let expected = Expected { witnesses: &[witness], ..Expected::default() };
    assert_eq!(bundle.verify(&expected).code(), "NOT_WITNESSED");
    // Signed anew by another key, under the name of the first.
    bundle.replace(MANIFEST, &signer(1).verifier().to_string(), &other.to_string());
    assert_eq!(bundle.fault(), ("BAD_CHECKPOINT", None));
    let bundle = Bundle::of(&log);
    bundle.replace(MANIFEST, "\"origin\": \"log.example/one\"", "\"origin\": \"log.example/two\"");
    assert_eq!(bundle.fault(), ("OTHER_LOG", None));
    let bundle = Bundle::of(&log);
    bundle.replace(MANIFEST, "lethe-audit-bundle/1\"", "lethe-audit-bundle/2\", \"new\": true");
    assert!(
        matches!(bundle.verify(&Expected::default()), Fault::Format(found) if found == "lethe-audit-bundle/2")
    );
    for file in [FILE, MANIFEST] {
        let bundle = Bundle::of(&log);
        fs::remove_file(bundle.file(file)).unwrap();
        assert!(matches!(bundle.verify(&Expected::default()), Fault::Missing(name) if name == file));
    }
}

#[test]
fn a_range_that_is_not_in_the_tree_is_refused() {
    for (size, from, until) in [(0, 1, 1), (5, 0, 5), (5, 3, 2), (5, 3, 6)] {
        let (folder, log) = (tempfile::tempdir().unwrap(), Log::of(size));
        log.write(folder.path(), log.header(Selection::Range { from, until }, &signer(1)), []);
        let fault = verify(folder.path(), &Expected::default(), &mut |_| {}).unwrap_err();
        assert_eq!(fault.code(), "BAD_MANIFEST", "{from} to {until} of {size}");
    }
}

#[test]
fn a_history_that_was_rewritten_since_an_earlier_checkpoint_is_told() {
    let log = Log::of(400);
    let mut rewritten = Log::of(0);
    for (at, mut row) in log.rows.iter().cloned().enumerate() {
        if at == 49 {
            row.payload.push(' ');
        }
        rewritten.push(row);
    }
    let folder = tempfile::tempdir().unwrap();
    let mut header = rewritten.header(Selection::All, &signer(1));
    let proof = rewritten.earlier(100, &signer(1)).proof;
    header.earlier = vec![
        rewritten.earlier(40, &signer(1)),
        Earlier { checkpoint: log.signed(100, &signer(1)).to_string(), proof },
    ];
    rewritten.write(folder.path(), header, 1..=400);
    let fault = verify(folder.path(), &Expected::default(), &mut |_| {}).unwrap_err();
    assert!(matches!(fault, Fault::Rewritten { size: 100 }));
}

#[test]
fn no_changed_byte_goes_unnoticed() {
    let bundle = Bundle::of(&Log::of(4));
    for file in [bundle.file(MANIFEST), bundle.file(FILE)] {
        let whole = fs::read(&file).unwrap();
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            fs::write(&file, changed).unwrap();
            assert!(verify(bundle.path(), &Expected::default(), &mut |_| {}).is_err(), "{at}");
        }
        fs::write(&file, whole).unwrap();
    }
    assert!(verify(bundle.path(), &Expected::default(), &mut |_| {}).is_ok());
}
