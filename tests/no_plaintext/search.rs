//! Looks for texts in files, in every form they may have.

use std::fs;
use std::path::Path;

use aho_corasick::AhoCorasick;

use crate::encoding::forms;

/// A search for several texts at once.
pub(crate) struct Search {
    automaton: AhoCorasick,
    /// What each pattern is: the text's name and the form.
    patterns: Vec<String>,
}

/// What a search came to.
#[derive(Default)]
pub(crate) struct Found {
    /// How many files were read.
    pub(crate) files: usize,
    /// What was found where.
    pub(crate) hits: Vec<String>,
}

impl Search {
    /// A search for texts with a name each.
    pub(crate) fn of(texts: &[(&str, &str)]) -> Self {
        let (mut patterns, mut bytes) = (Vec::new(), Vec::new());
        for (name, text) in texts {
            for (form, pattern) in forms(text) {
                patterns.push(format!("{name} as {form}"));
                bytes.push(pattern);
            }
        }
        let automaton = AhoCorasick::builder().ascii_case_insensitive(true).build(bytes).unwrap();
        Self { automaton, patterns }
    }

    /// What is in these bytes.
    pub(crate) fn within(&self, bytes: &[u8]) -> Vec<&str> {
        let hits = self.automaton.find_overlapping_iter(bytes);
        let mut found: Vec<_> = hits.map(|hit| self.patterns[hit.pattern().as_usize()].as_str()).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Reads every file below a folder, and the names of files and folders; a file that cannot be read is a failure.
    pub(crate) fn below(&self, folder: &Path) -> Found {
        let mut found = Found::default();
        let mut open = vec![folder.to_owned()];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                let kind = fs::symlink_metadata(&path).unwrap().file_type();
                let name = path.display().to_string();
                found.hits.extend(
                    self.within(name.as_bytes()).iter().map(|hit| format!("{hit} in the name {name}")),
                );
                if kind.is_dir() {
                    open.push(path);
                } else if kind.is_file() {
                    found.files += 1;
                    let bytes = fs::read(&path).unwrap();
                    found.hits.extend(self.within(&bytes).iter().map(|hit| format!("{hit} in {name}")));
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Qværøå-Ab1";

    /// Every form of `Qværøå-Ab1` that must be found, written out by hand or by another program.
    fn left_behind() -> Vec<(&'static str, Vec<u8>)> {
        let text = |text: &str| text.as_bytes().to_vec();
        let wide: Vec<u8> = TEXT.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut swapped = wide.clone();
        swapped.chunks_exact_mut(2).for_each(|pair| pair.swap(0, 1));
        vec![
            ("UTF-8", text("…Qværøå-Ab1…")),
            ("small letters", text("qværøå-ab1")),
            ("capital letters", text("QVÆRØÅ-AB1")),
            ("mixed", text("qVærøå-aB1")),
            ("UTF-16LE", wide),
            ("UTF-16BE", swapped),
            ("Latin-1", b"Qv\xe6r\xf8\xe5-Ab1".to_vec()),
            ("Latin-1, capital letters", b"QV\xc6R\xd8\xc5-AB1".to_vec()),
            ("JSON", text(r#""Qv\u00e6r\u00f8\u00e5-Ab1""#)),
            ("JSON, capital digits", text(r#""Qv\u00E6r\u00F8\u00E5-Ab1""#)),
            ("percent", text("q=Qv%C3%A6r%C3%B8%C3%A5%2DAb1")),
            ("percent, small digits", text("q=Qv%c3%a6r%c3%b8%c3%a5%2dAb1")),
            ("hex", text("\\x5176c3a672c3b8c3a52d416231")),
            ("hex, capital digits", text("5176C3A672C3B8C3A52D416231")),
            ("hex of Latin-1", text("5176e672f8e52d416231")),
            ("base64", text("UXbDpnLDuMOlLUFiMQ==")),
            ("base64 after one byte", text("LlF2w6Zyw7jDpS1BYjEu")),
            ("base64 after two bytes", text("Li5RdsOmcsO4w6UtQWIxLi4=")),
            ("base64 of Latin-1", text("UXbmcvjlLUFiMQ==")),
        ]
    }

    #[test]
    fn every_form_is_found() {
        let search = Search::of(&[("text", TEXT)]);
        for (form, bytes) in left_behind() {
            assert!(!search.within(&bytes).is_empty(), "{form}: {}", String::from_utf8_lossy(&bytes));
        }
        assert!(search.within("Qværø-Ab1 5176c3a672c3b8".as_bytes()).is_empty());
    }

    #[test]
    fn both_alphabets_of_base64_are_found() {
        // These bytes need the two characters that differ.
        let search = Search::of(&[("text", "ø>ÿ?~ø>ÿ?~")]);
        assert!(!search.within(b"w7g+w78/fsO4PsO/P34=").is_empty());
        assert!(!search.within(b"w7g-w78_fsO4PsO_P34").is_empty());
    }

    #[test]
    fn files_in_folders_and_their_names_are_searched() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a/b");
        fs::create_dir_all(&inner).unwrap();
        fs::write(inner.join("clean"), "nothing").unwrap();
        fs::write(inner.join("leak"), [&vec![0; 100_000][..], TEXT.as_bytes()].concat()).unwrap();
        fs::write(inner.join(format!("{TEXT}.txt")), "").unwrap();
        let found = Search::of(&[("text", TEXT)]).below(folder.path());
        assert_eq!(found.files, 3);
        assert!(found.hits.iter().any(|hit| hit.ends_with("/a/b/leak")), "{:?}", found.hits);
        assert!(found.hits.iter().any(|hit| hit.contains("in the name")), "{:?}", found.hits);
        assert!(!found.hits.iter().any(|hit| hit.contains("clean")), "{:?}", found.hits);
    }
}
