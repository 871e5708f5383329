//! The last signed checkpoint, kept outside PostgreSQL too: whoever puts yesterday's database back does not put these
//! files back.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

/// What the file is called, in every folder.
pub const FILE: &str = "notary.checkpoint";
/// No checkpoint is larger.
const LARGEST: u64 = 64 * 1024;

/// The folders that keep the last signed checkpoint: the data folder, those of file custodians, and the mirrors.
#[derive(Clone, Debug, Default)]
pub struct Places(Vec<PathBuf>);

impl Places {
    /// These folders. None is made: a disk that is not mounted must not look like an empty one.
    #[must_use]
    pub fn new(folders: impl IntoIterator<Item = PathBuf>) -> Self {
        let mut places = Vec::new();
        for folder in folders {
            if !places.contains(&folder) {
                places.push(folder);
            }
        }
        Self(places)
    }

    /// What each of them keeps, with the place; one that cannot be read is told in the log and keeps nothing.
    pub(crate) fn read(&self) -> Vec<(PathBuf, String)> {
        let mut kept = Vec::new();
        for folder in &self.0 {
            let path = folder.join(FILE);
            match read(&path) {
                Ok(text) => kept.extend(text.map(|text| (path, text))),
                Err(error) => {
                    tracing::error!(place = %path.display(), %error, "a kept checkpoint cannot be read");
                }
            }
        }
        kept
    }

    /// Keeps a checkpoint everywhere; answers the places that did not take it.
    pub(crate) fn keep(&self, note: &str) -> Vec<(PathBuf, std::io::Error)> {
        let keep = |folder: &PathBuf| write(folder, note).err().map(|error| (folder.clone(), error));
        self.0.iter().filter_map(keep).collect()
    }
}

fn read(path: &Path) -> std::io::Result<Option<String>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut text = String::new();
    file.take(LARGEST).read_to_string(&mut text)?;
    Ok(Some(text))
}

/// Under another name first, so that nobody ever reads half of one.
fn write(folder: &Path, note: &str) -> std::io::Result<()> {
    let unfinished = folder.join(format!("{FILE}.new"));
    let mut file = File::create(&unfinished)?;
    file.write_all(note.as_bytes())?;
    file.sync_all()?;
    fs::rename(&unfinished, folder.join(FILE))?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_is_kept_in_every_folder_that_is_there() {
        let parent = tempfile::tempdir().unwrap();
        let (one, away) = (parent.path().join("one"), parent.path().join("away"));
        fs::create_dir(&one).unwrap();
        let places = Places::new([one.clone(), away.clone(), one.clone()]);
        assert_eq!(places.read(), []);
        let failed = places.keep("first\n");
        assert_eq!(failed.iter().map(|(place, _)| place).collect::<Vec<_>>(), [&away]);
        places.keep("second\n");
        assert_eq!(places.read(), [(one.join(FILE), "second\n".to_owned())]);
        assert_eq!(fs::read_dir(&one).unwrap().count(), 1, "nothing unfinished is left");
    }
}
