//! What can be done to the files of a bundle.

use lethe_tlog::note::Note;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use super::edit::{Edit, edit, edits};
use super::read::{joined, pieces};
use super::{Files, cosigned};
use crate::log::signer;

/// Bytes that are put in between.
const BYTES: [&str; 12] = [
    "\n",
    " ",
    "\r",
    "\t",
    "\\",
    "\"",
    ",",
    "}",
    "\u{feff}",
    "\u{0}",
    "{\"block\":0,\"leaves\":[]}\n",
    "\n\n",
];

/// Lines of a checkpoint.
const LINES: [&str; 10] = [
    "log.example/two",
    "299",
    "301",
    "0",
    "0300",
    "18446744073709551616",
    "",
    "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
    "more",
    "\u{2028}",
];

/// A change. Places are parts of what is there, whatever that is.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// A bit of a file is turned.
    Flip { file: Index, at: Index, bit: u8 },
    /// Bytes are put in, or stand for one that was there.
    Insert { file: Index, at: Index, bytes: &'static str, instead: bool },
    /// A file ends here.
    Cut { file: Index, at: Index },
    /// Pieces of a file, events among them, are left out, doubled or exchanged; the manifest may count them.
    Pieces { file: Index, at: Index, other: Index, how: u8, counted: bool },
    /// A value in the manifest or a line is another.
    Json { file: Index, piece: Index, at: Index, how: Edit },
    /// The checkpoint says something else, and is signed anew by the log's key.
    Signed { line: usize, text: &'static str, more: bool, cosigned: bool },
    /// Everything is signed by another key.
    Key { signed: bool },
}

pub(super) fn changes() -> impl Strategy<Value = Change> {
    let index = any::<Index>;
    prop_oneof![
        3 => (index(), index(), 0..8_u8).prop_map(|(file, at, bit)| Change::Flip { file, at, bit }),
        2 => (index(), index(), select(&BYTES[..]), any::<bool>())
            .prop_map(|(file, at, bytes, instead)| Change::Insert { file, at, bytes, instead }),
        1 => (index(), index()).prop_map(|(file, at)| Change::Cut { file, at }),
        4 => (index(), index(), index(), 0..4_u8, any::<bool>())
            .prop_map(|(file, at, other, how, counted)| Change::Pieces { file, at, other, how, counted }),
        9 => (index(), index(), index(), edits())
            .prop_map(|(file, piece, at, how)| Change::Json { file, piece, at, how }),
        2 => (0..4_usize, select(&LINES[..]), any::<bool>(), any::<bool>())
            .prop_map(|(line, text, more, cosigned)| Change::Signed { line, text, more, cosigned }),
        1 => any::<bool>().prop_map(|signed| Change::Key { signed }),
    ]
}

impl Change {
    pub(super) fn apply(&self, files: &mut Files) {
        match self {
            Self::Flip { file, at, bit } => {
                let bytes = of(files, *file);
                if !bytes.is_empty() {
                    let at = at.index(bytes.len());
                    bytes[at] ^= 1 << bit;
                }
            }
            Self::Insert { file, at, bytes: new, instead } => {
                let bytes = of(files, *file);
                let at = at.index(bytes.len() + 1);
                let end = (at + usize::from(*instead)).min(bytes.len());
                bytes.splice(at..end, new.bytes());
            }
            Self::Cut { file, at } => {
                let bytes = of(files, *file);
                bytes.truncate(at.index(bytes.len() + 1));
            }
            Self::Pieces { file, at, other, how, counted } => {
                moved(files, [*file, *at, *other], *how, *counted);
            }
            Self::Json { file, piece, at, how } => {
                let name = name(files, *file);
                if name == "manifest.json" {
                    return edit(files.0.get_mut(&name).unwrap(), *at, how);
                }
                let mut pieces = pieces(&files.0[&name]);
                if !pieces.is_empty() {
                    let number = piece.index(pieces.len());
                    edit(&mut pieces[number].line, *at, how);
                    files.0.insert(name, joined(&pieces));
                }
            }
            Self::Signed { line, text, more, cosigned } => sign(files, (*line, text), *more, *cosigned),
            Self::Key { signed } => manifest(files, |manifest| {
                manifest["key"] = json!(signer(2).verifier().to_string());
                let note = manifest["checkpoint"].as_str().and_then(|note| note.parse::<Note>().ok());
                if let (true, Some(note)) = (signed, note) {
                    let mut new = Note::new(note.text()).unwrap();
                    new.push(signer(2).sign(&new, 0).unwrap());
                    manifest["checkpoint"] = json!(super::cosigned(new).to_string());
                }
            }),
        }
    }
}

fn name(files: &Files, file: Index) -> String {
    let names: Vec<&String> = files.0.keys().collect();
    (*file.get(&names)).clone()
}

fn of(files: &mut Files, file: Index) -> &mut Vec<u8> {
    let name = name(files, file);
    files.0.get_mut(&name).unwrap()
}

/// Changes the manifest as a value, if it is one still.
fn manifest(files: &mut Files, change: impl FnOnce(&mut Value)) {
    if let Ok(mut value) = serde_json::from_slice::<Value>(&files.0["manifest.json"])
        && value.is_object()
    {
        change(&mut value);
        files.0.insert("manifest.json".to_owned(), value.to_string().into_bytes());
    }
}

fn moved(files: &mut Files, [file, at, other]: [Index; 3], how: u8, counted: bool) {
    let events: Vec<String> = files.0.keys().filter(|name| name.starts_with("events/")).cloned().collect();
    let name = file.get(&events);
    let mut pieces = pieces(&files.0[name]);
    if pieces.is_empty() {
        return;
    }
    let (at, other) = (at.index(pieces.len()), other.index(pieces.len()));
    let is_event = !pieces[at].texts.is_empty();
    let more: i64 = match how {
        0 => {
            pieces.remove(at);
            -1
        }
        1 => {
            let piece = super::read::Piece { line: pieces[at].line.clone(), texts: pieces[at].texts.clone() };
            pieces.insert(at, piece);
            1
        }
        2 => {
            pieces.swap(at, other);
            0
        }
        _ => {
            let piece = pieces.remove(at);
            pieces.insert(other, piece);
            0
        }
    };
    files.0.insert(name.clone(), joined(&pieces));
    if counted && is_event {
        let chunk = usize::from(name.ends_with("1.events"));
        manifest(files, |manifest| {
            let add = |value: &mut Value| *value = json!(value.as_i64().unwrap_or_default() + more);
            add(&mut manifest["events"]);
            if let Some(count) = manifest.pointer_mut(&format!("/chunks/{chunk}/events")) {
                add(count);
            }
        });
    }
}

fn sign(files: &mut Files, (line, text): (usize, &str), more: bool, with_witness: bool) {
    manifest(files, |manifest| {
        let Some(note) = manifest["checkpoint"].as_str().and_then(|note| note.parse::<Note>().ok()) else {
            return;
        };
        let mut lines: Vec<&str> = note.text().lines().collect();
        match lines.get_mut(line) {
            Some(found) if !more => *found = text,
            _ => lines.push(text),
        }
        let mut new = Note::new(format!("{}\n", lines.join("\n"))).unwrap();
        new.push(signer(1).sign(&new, 0).unwrap());
        let new = if with_witness { cosigned(new) } else { new };
        manifest["checkpoint"] = json!(new.to_string());
    });
}
