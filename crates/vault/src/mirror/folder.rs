//! The files of a mirror, by their names.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::MirrorError;

/// What a file is called while it is written.
const UNFINISHED: &str = "unfinished";

/// The name of a full export: where it stands in the history of the vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name {
    pub(crate) epoch: i64,
    pub(crate) change: i64,
}

impl Name {
    pub(crate) fn export(self, folder: &Path) -> PathBuf {
        folder.join(format!("vault-{}-{}.export", self.epoch, self.change))
    }

    /// What continues it.
    pub(crate) fn increments(self, folder: &Path) -> PathBuf {
        folder.join(format!("vault-{}-{}.increments", self.epoch, self.change))
    }

    /// Where it is written until it is whole.
    pub(crate) fn unfinished(self, folder: &Path) -> PathBuf {
        folder.join(format!("vault-{}-{}.{UNFINISHED}", self.epoch, self.change))
    }
}

fn parse(name: &str) -> Option<(Name, &str)> {
    let (stem, kind) = name.strip_prefix("vault-")?.rsplit_once('.')?;
    let (epoch, change) = stem.split_once('-')?;
    Some((Name { epoch: epoch.parse().ok()?, change: change.parse().ok()? }, kind))
}

/// The exports in a folder, the newest last.
pub(crate) fn exports(folder: &Path) -> Result<Vec<Name>, MirrorError> {
    let mut exports: Vec<Name> =
        ours(folder)?.into_iter().filter(|(_, _, kind)| kind == "export").map(|(_, name, _)| name).collect();
    exports.sort_unstable();
    Ok(exports)
}

/// Removes what a newer export has replaced, and what was never finished.
pub(crate) fn remove_before(folder: &Path, newest: Name) -> Result<(), MirrorError> {
    for (path, name, kind) in ours(folder)? {
        let known = ["export", "increments", UNFINISHED].contains(&kind.as_str());
        if known && (name < newest || kind == UNFINISHED) {
            fs::remove_file(&path).map_err(MirrorError::io(&path))?;
        }
    }
    sync(folder)
}

/// Makes the names in a folder durable.
pub(crate) fn sync(folder: &Path) -> Result<(), MirrorError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(MirrorError::io(folder))
}

fn ours(folder: &Path) -> Result<Vec<(PathBuf, Name, String)>, MirrorError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(MirrorError::Missing(folder.to_owned()));
        }
        Err(error) if error.kind() == ErrorKind::NotADirectory => {
            return Err(MirrorError::NotAFolder(folder.to_owned()));
        }
        entries => entries.map_err(MirrorError::io(folder))?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(MirrorError::io(folder))?.path();
        if let Some((name, kind)) = path.file_name().and_then(|name| name.to_str()).and_then(parse) {
            let kind = kind.to_owned();
            found.push((path, name, kind));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_ordered_by_epoch_and_then_by_change() {
        let folder = tempfile::tempdir().unwrap();
        let names = [(2, 9), (10, 1), (2, 10)].map(|(epoch, change)| Name { epoch, change });
        for name in names {
            fs::write(name.export(folder.path()), "").unwrap();
            fs::write(name.increments(folder.path()), "").unwrap();
        }
        fs::write(folder.path().join("vault-99.export"), "").unwrap();
        fs::write(folder.path().join("notes.txt"), "").unwrap();
        assert_eq!(exports(folder.path()).unwrap(), [names[0], names[2], names[1]]);
        fs::write(names[0].unfinished(folder.path()), "").unwrap();
        remove_before(folder.path(), names[1]).unwrap();
        let mut left: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["notes.txt", "vault-10-1.export", "vault-10-1.increments", "vault-99.export"]);
    }
}
