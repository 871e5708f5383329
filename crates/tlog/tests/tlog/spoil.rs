//! Bundles that are spoilt at random, in all the ways somebody with an editor and a key of his own could.

mod change;
mod edit;
mod read;
mod text;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use lethe_tlog::bundle::Selection;
use lethe_tlog::note::{KeyKind, Note, Signer};
use proptest::prelude::*;
use uuid::Uuid;

pub(crate) use change::Change;
pub(crate) use read::events;

use crate::log::{Log, signer};

/// The files of a bundle, by their names below its folder.
#[derive(Clone, Debug, Default)]
pub(crate) struct Files(pub(crate) BTreeMap<String, Vec<u8>>);

impl Files {
    fn of(log: &Log, selection: Selection, positions: impl IntoIterator<Item = u64>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut header = log.header(selection, &signer(1));
        header.checkpoint = cosigned(header.checkpoint);
        header.earlier = [8, log.size() / 2].map(|size| log.earlier(size, &signer(1))).to_vec();
        log.write(folder.path(), header, positions);
        let mut files = Self::default();
        for name in ["manifest.json", "events/000000.events", "events/000001.events"] {
            if let Ok(bytes) = fs::read(folder.path().join(name)) {
                files.0.insert(name.to_owned(), bytes);
            }
        }
        files
    }

    /// Writes them into a new folder.
    pub(crate) fn write(&self, folder: &Path) {
        fs::create_dir_all(folder.join("events")).unwrap();
        for (name, bytes) in &self.0 {
            fs::write(folder.join(name), bytes).unwrap();
        }
    }
}

pub(crate) fn witness() -> Signer {
    Signer::of_seed("witness.example/w", KeyKind::Cosignature, &[9; 32]).unwrap()
}

fn cosigned(mut note: Note) -> Note {
    note.push(witness().sign(&note, 1_700_000_000).unwrap());
    note
}

/// Good bundles: of everything, of a range over blocks and over chunks, and of some events.
static GOOD: LazyLock<Vec<Files>> = LazyLock::new(|| {
    let (log, chunks) = (Log::of(300), Log::of(65_536 + 30));
    let some = [3, 4, 200, 258, 300];
    vec![
        Files::of(&log, Selection::All, 1..=300),
        Files::of(&log, Selection::Range { from: 250, until: 262 }, 250..=262),
        Files::of(&log, Selection::Unit { id: Uuid::from_u128(0xabc) }, some),
        Files::of(&chunks, Selection::Range { from: 65_530, until: 65_540 }, 65_530..=65_540),
    ]
});

/// What stands where a file should, or beside the files.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Thing {
    Missing,
    Link(&'static str),
    Pipe,
    Folder,
    Foreign(&'static str),
}

/// What is done to a good bundle.
#[derive(Clone, Debug)]
pub(crate) struct Spoilt {
    good: usize,
    changes: Vec<Change>,
    thing: Option<(prop::sample::Index, Thing)>,
}

impl Spoilt {
    pub(crate) fn good(&self) -> &'static Files {
        &GOOD[self.good]
    }

    /// The files as they were changed.
    pub(crate) fn files(&self) -> Files {
        let mut files = self.good().clone();
        self.changes.iter().for_each(|change| change.apply(&mut files));
        files
    }

    /// Writes the whole folder.
    pub(crate) fn write(&self, folder: &Path) {
        let files = self.files();
        files.write(folder);
        let Some((at, thing)) = &self.thing else { return };
        let names: Vec<&String> = files.0.keys().collect();
        let path = folder.join(at.get(&names));
        if let Thing::Foreign(name) = thing {
            return fs::write(folder.join(name), "").unwrap();
        }
        fs::remove_file(&path).unwrap();
        match thing {
            Thing::Link(to) => symlink(to, path).unwrap(),
            Thing::Pipe => assert!(Command::new("mkfifo").arg(path).status().unwrap().success()),
            Thing::Folder => fs::create_dir(path).unwrap(),
            Thing::Missing | Thing::Foreign(_) => {}
        }
    }
}

/// Anything that can be done.
pub(crate) fn spoilt() -> impl Strategy<Value = Spoilt> {
    let thing = prop_oneof![
        2 => Just(Thing::Missing),
        1 => prop::sample::select(&["/dev/zero", "nowhere", "../manifest.json"][..]).prop_map(Thing::Link),
        1 => Just(Thing::Pipe),
        1 => Just(Thing::Folder),
        2 => prop::sample::select(&["events/000007.events", "x\n\u{202e}y", "events/ "][..])
            .prop_map(Thing::Foreign),
    ];
    let changed = (0..4_usize, prop::collection::vec(change::changes(), 1..3))
        .prop_map(|(good, changes)| Spoilt { good, changes, thing: None });
    let mixed = (0..4_usize, any::<prop::sample::Index>(), thing).prop_map(|(good, at, thing)| Spoilt {
        good,
        changes: Vec::new(),
        thing: Some((at, thing)),
    });
    prop_oneof![30 => changed, 1 => mixed]
}
