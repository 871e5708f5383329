//! The folder `tests/golden`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use crate::example::erased;
use crate::examples;
use crate::keys::Keys;
use crate::version::Version;

/// The three forms of each version.
pub(crate) const FORMS: [&str; 3] = ["clear", "sealed", "erased"];

const SUMS: &str = "SHA256SUMS";

/// What is in the folder.
pub(crate) struct Folder(BTreeMap<String, Vec<u8>>);

/// The folder, read once; before that, files that are missing are written if that is asked for.
pub(crate) fn golden() -> &'static Folder {
    static FOLDER: LazyLock<Folder> = LazyLock::new(|| {
        if std::env::var_os("LETHE_WRITE_GOLDEN").is_some_and(|value| value == "1") {
            write_missing();
        }
        Folder::read()
    });
    &FOLDER
}

impl Folder {
    fn read() -> Self {
        let entries =
            fs::read_dir(path("")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let files = entries.filter(|file| file != SUMS && !file.starts_with('.'));
        Self(files.map(|file| (file.clone(), fs::read(path(&file)).unwrap())).collect())
    }

    pub(crate) fn has(&self, file: &str) -> bool {
        self.0.contains_key(file)
    }

    pub(crate) fn files(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    pub(crate) fn bytes(&self, file: &str) -> Vec<u8> {
        self.0.get(file).unwrap_or_else(|| panic!("tests/golden has no {file}; run `just golden`")).clone()
    }

    pub(crate) fn text(&self, file: &str) -> String {
        String::from_utf8(self.bytes(file)).unwrap()
    }

    /// Every version and case of which there is a file, and that file.
    pub(crate) fn versions(&self) -> Vec<(String, Version)> {
        let files = self.0.keys().filter(|file| *file != "keys.json");
        let mut found: Vec<_> = files.map(|file| (file.clone(), version_of(file))).collect();
        found.dedup_by(|one, other| one.1 == other.1);
        found
    }
}

fn version_of(file: &str) -> Version {
    let stem = FORMS.iter().find_map(|form| file.strip_suffix(&format!(".{form}.json")));
    stem.and_then(Version::parse).unwrap_or_else(|| panic!("tests/golden/{file} is named after no version"))
}

/// The check sums as `sha256sum -c` reads them, by file.
pub(crate) fn listed() -> BTreeMap<String, String> {
    let text = fs::read_to_string(path(SUMS)).unwrap();
    text.lines()
        .map(|line| line.split_once("  ").unwrap())
        .map(|(sum, file)| (file.into(), sum.into()))
        .collect()
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    digest.as_ref().iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

/// Writes the files of examples that have none, and their check sums.
fn write_missing() {
    let keys = Keys::parse(&fs::read_to_string(path("keys.json")).unwrap());
    let mut sums = listed();
    for example in examples::all() {
        let version = example.version();
        let sealed = (example.seal)(&keys);
        let erased = erased(&example.recorded(&version, &sealed));
        let contents = [example.clear, sealed, erased];
        // What was written once is restored, not written anew: another nonce makes another sealed form.
        if FORMS
            .iter()
            .any(|form| path(&version.file(form)).exists() || sums.contains_key(&version.file(form)))
        {
            continue;
        }
        for (form, content) in FORMS.iter().zip(contents) {
            let file = version.file(form);
            fs::write(path(&file), &content).unwrap();
            sums.insert(file, sha256(content.as_bytes()));
        }
    }
    let lines: Vec<_> = sums.into_iter().map(|(file, sum)| format!("{sum}  {file}\n")).collect();
    fs::write(path(SUMS), lines.concat()).unwrap();
}

fn path(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden").join(file)
}
