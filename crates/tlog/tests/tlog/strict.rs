//! What `docs/log-format.md` does not describe is refused, however harmless it looks.

use std::fs;

use lethe_tlog::bundle::{Expected, Selection, verify};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::log::Log;
use crate::tamper::{Bundle, FILE, MANIFEST, lines};

/// The ids of the twelfth event, and of the unit: with letters, so that they can be written otherwise.
const EVENT: &str = "00000000-0000-000c-0000-000000000000";
const UNIT: &str = "0000abcd-0000-0000-0000-000000000000";

/// Other spellings of these that libraries read.
fn spellings(id: &str) -> [String; 4] {
    let simple = id.replace('-', "");
    [id.to_uppercase(), format!("urn:uuid:{id}"), format!("{{{id}}}"), simple]
}

fn spoilt(log: &Log, file: &str, from: &str, to: &str) -> (&'static str, Option<u64>) {
    let bundle = Bundle::of(log);
    bundle.replace(file, from, to);
    let verified = verify(bundle.path(), &Expected::default(), &mut |_| {});
    verified.map_or_else(
        |fault| (fault.code(), fault.position()),
        |_| panic!("{file} is accepted: {}", to.get(..60).unwrap_or(to)),
    )
}

#[test]
fn a_selection_has_its_fields_once_and_no_others() {
    let log = Log::of(12);
    for more in
        ["\"id\": null", "\"from\": 1", "\"from\": null", "\"kind\": \"all\"", "\"more\": {}", "\"\": 0"]
    {
        let to = format!("\"kind\": \"all\", {more}");
        assert_eq!(spoilt(&log, MANIFEST, "\"kind\": \"all\"", &to), ("BAD_MANIFEST", None), "{more}");
    }
    for selection in [
        json!(["all"]),
        json!("all"),
        json!({ "all": null }),
        json!({ "kind": { "all": null } }),
        json!({ "kind": "range", "from": 1 }),
        json!({ "kind": "range", "from": 1, "until": 12, "id": UNIT }),
        json!({ "kind": "unit" }),
        json!({ "kind": "unit", "id": null }),
        json!({ "kind": "unit", "id": UNIT, "from": 1 }),
    ] {
        let bundle = Bundle::of(&log);
        change(&bundle, |manifest| manifest["selection"] = selection.clone());
        assert_eq!(bundle.fault(), ("BAD_MANIFEST", None), "{selection}");
    }
}

/// Changes the manifest as a value.
fn change(bundle: &Bundle, change: impl FnOnce(&mut Value)) {
    let mut manifest = serde_json::from_slice(&fs::read(bundle.file(MANIFEST)).unwrap()).unwrap();
    change(&mut manifest);
    fs::write(bundle.file(MANIFEST), manifest.to_string()).unwrap();
}

#[test]
fn a_list_does_not_stand_for_an_object() {
    let log = Log::of(12);
    let bundle = Bundle::of(&log);
    change(&bundle, |manifest| manifest["chunks"][0] = json!([manifest["chunks"][0]["root"], 12]));
    assert_eq!(bundle.fault(), ("BAD_MANIFEST", None));
    let bundle = Bundle::of(&log);
    let earlier = log.earlier(5, &crate::log::signer(1));
    change(&bundle, |manifest| manifest["earlier"] = json!([[earlier.checkpoint, earlier.proof]]));
    assert_eq!(bundle.fault(), ("BAD_MANIFEST", None));
    let names = ["format", "origin", "key", "checkpoint", "selection", "events", "chunks", "earlier"];
    change(&bundle, |manifest| *manifest = names.iter().map(|name| manifest[name].clone()).collect());
    assert_eq!(bundle.fault(), ("BAD_MANIFEST", None));
    let bundle = Bundle::of(&log);
    let text = fs::read_to_string(bundle.file(FILE)).unwrap();
    let first: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    bundle.replace(FILE, text.lines().next().unwrap(), &json!([0, first["blocks"]]).to_string());
    assert_eq!(bundle.fault(), ("MALFORMED", Some(1)));
    let bundle = Bundle::of(&log);
    let (head, list) = seventh(&text);
    bundle.replace(FILE, &head, &list);
    assert_eq!(bundle.fault(), ("MALFORMED", Some(7)));
}

/// The line of the seventh event, and the same as a list.
fn seventh(text: &str) -> (String, String) {
    let lines = lines(text, 7);
    let head = lines.lines().next().unwrap();
    let event: Value = serde_json::from_str(head).unwrap();
    let names = [
        "position",
        "streamType",
        "streamId",
        "sequence",
        "eventId",
        "eventType",
        "eventVersion",
        "recordedAt",
        "metadataBytes",
        "metadataSha256",
        "payloadBytes",
        "payloadSha256",
    ];
    (head.to_owned(), names.iter().map(|name| event[name].clone()).collect::<Value>().to_string())
}

#[test]
fn an_events_line_begins_with_its_position() {
    let log = Log::of(12);
    for (from, to) in [
        ("{\"position\":7,\"streamType\":\"contact\",", "{\"streamType\":\"contact\",\"position\":7,"),
        ("{\"position\":7,", "{ \"position\":7,"),
        ("{\"position\":7,", " {\"position\":7,"),
        ("{\"position\":7,", "{\"position\" :7,"),
        ("{\"position\":7,", "{\"pos\\u0069tion\":7,"),
    ] {
        assert_eq!(spoilt(&log, FILE, from, to), ("MALFORMED", Some(7)), "{to}");
    }
}

#[test]
fn a_uuid_has_one_spelling() {
    let log = Log::of(12);
    for other in spellings(EVENT) {
        assert_eq!(spoilt(&log, FILE, EVENT, &other), ("MALFORMED", Some(12)), "{other}");
    }
    let id = Uuid::parse_str(UNIT).unwrap();
    for selection in [Selection::Unit { id }, Selection::Contact { id }] {
        for other in spellings(UNIT) {
            let bundle = Bundle::selected(&log, selection, &[3]);
            bundle.replace(MANIFEST, UNIT, &other);
            assert_eq!(bundle.fault(), ("BAD_MANIFEST", None), "{other}");
        }
    }
}

#[test]
fn a_blocks_line_comes_once_in_order_and_before_its_events() {
    let log = Log::of(600);
    let whole = fs::read_to_string(Bundle::of(&log).file(FILE)).unwrap();
    let block = |number: usize| {
        whole.lines().find(|line| line.starts_with(&format!("{{\"block\":{number},"))).unwrap()
    };
    let second = lines(&whole, 2);
    // Again before an event of the same block.
    let again = format!("{}\n{second}", block(0));
    assert_eq!(spoilt(&log, FILE, &second, &again), ("MALFORMED", Some(2)));
    // Twice, one after the other; and one without events before another.
    let twice = format!("{}\n{}\n", block(1), block(1));
    assert_eq!(spoilt(&log, FILE, &format!("{}\n", block(1)), &twice), ("MALFORMED", Some(257)));
    let bundle = Bundle::selected(&log, Selection::Unit { id: Uuid::nil() }, &[3, 600]);
    bundle.replace(FILE, block(2), &format!("{}\n{}", block(1), block(2)));
    assert_eq!(bundle.fault(), ("MALFORMED", Some(4)));
    // One of an earlier block, and one behind the last event.
    let bundle = Bundle::selected(&log, Selection::Unit { id: Uuid::nil() }, &[300, 600]);
    bundle.replace(FILE, block(2), block(0));
    assert_eq!(bundle.fault(), ("MALFORMED", Some(301)));
    let bundle = Bundle::selected(&log, Selection::Unit { id: Uuid::nil() }, &[3]);
    let text = fs::read_to_string(bundle.file(FILE)).unwrap();
    fs::write(bundle.file(FILE), format!("{text}{}\n", block(1))).unwrap();
    assert_eq!(bundle.fault(), ("APPENDED", Some(4)));
}

fn deep(levels: usize) -> String {
    format!("{}{}", "[".repeat(levels), "]".repeat(levels))
}

/// Manifests of another form that are sound JSON.
pub(crate) fn sound() -> Vec<String> {
    let more = ["", ",\"more\":[{\"a\":1.5e3},null]", ",\"more\":-0", &format!(",\"more\":{}", deep(126))];
    more.iter().map(|more| format!("{{\"format\":\"x\"{more}}}")).collect()
}

/// Manifests of another form, or of none, that are not.
pub(crate) fn unsound() -> Vec<String> {
    let texts = [
        "[]",
        "{}",
        "\u{feff}{\"format\":\"x\"}",
        "{\"format\":1}",
        "{\"format\":\"x\",\"format\":\"x\"}",
        "{\"format\":\"x\",\"more\":1,\"m\\u006fre\":1}",
        "{\"format\":\"x\",\"more\":[{\"a\":1,\"a\":1}]}",
        "{\"format\":\"x\",\"more\":\"\\ud800\"}",
        "{\"format\":\"x\",\"\\ud800\":0}",
        "{\"format\":\"x\",\"more\":1e999}",
        "{\"format\":\"x\",\"more\":NaN}",
        "{\"format\":\"x\"} {}",
        &format!("{{\"format\":\"x\",\"more\":{}}}", "9".repeat(5_000)),
        &format!("{{\"format\":\"x\",\"more\":{}}}", deep(127)),
        &format!("{{\"format\":\"x\",\"more\":{}}}", deep(1_000_000)),
        &"[".repeat(1_000_000),
    ];
    texts.map(str::to_owned).to_vec()
}

#[test]
fn the_form_is_looked_at_once_the_manifest_is_sound_json_and_before_its_fields() {
    let bundle = Bundle::of(&Log::of(5));
    let all = sound().into_iter().map(|text| ("UNKNOWN_FORMAT", text));
    for (code, text) in all.chain(unsound().into_iter().map(|text| ("BAD_MANIFEST", text))) {
        fs::write(bundle.file(MANIFEST), &text).unwrap();
        assert_eq!(bundle.fault(), (code, None), "{}", text.get(..60).unwrap_or(&text));
    }
}
