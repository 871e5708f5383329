//! The data folder.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::{Finding, file_system};

const CHECK: &str = "data folder";

/// Examines the folder without changing anything.
pub(super) fn check(path: &Path, holds_database: bool) -> Vec<Finding> {
    let found = match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => found,
        Ok(_) => {
            return vec![Finding::problem(
                CHECK,
                format!("{} is not a folder.", path.display()),
                "Name another one with --data-dir.",
            )];
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return vec![Finding::note(
                CHECK,
                format!("{} does not exist yet; `lethe serve` creates it.", path.display()),
            )];
        }
        Err(error) => {
            let advice = "Check the permissions of the folders above it.";
            return vec![Finding::problem(
                CHECK,
                format!("{} cannot be read: {error}.", path.display()),
                advice,
            )];
        }
    };
    let mut findings = vec![private(path, &found), owned(path, &found)];
    findings.extend(file_system::check(path, holds_database));
    findings
}

/// Others may pass through the folder, which PostgreSQL's user must, but neither list nor write it.
fn private(path: &Path, found: &Metadata) -> Finding {
    let mode = found.mode() & 0o777;
    if mode & 0o066 == 0 {
        return Finding::ok(CHECK, format!("{} has mode {mode:04o}.", path.display()));
    }
    Finding::warning(
        CHECK,
        format!("{} has mode {mode:04o}: other users can look into it.", path.display()),
        format!("chmod go-rw {}", path.display()),
    )
}

fn owned(path: &Path, found: &Metadata) -> Finding {
    let user = rustix::process::geteuid().as_raw();
    if found.uid() == user || user == 0 {
        return Finding::ok(CHECK, "Its owner is the user that runs lethe.");
    }
    Finding::problem(
        CHECK,
        format!("{} belongs to the user with id {}, and lethe runs as {user}.", path.display(), found.uid()),
        "Run lethe as the owner, or name another folder with --data-dir.",
    )
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::doctor::Level;

    fn worst(path: &Path, check: &str) -> Option<Level> {
        let found = super::check(path, false).into_iter().filter(|finding| finding.check == check);
        found.map(|finding| finding.level).max_by_key(|level| *level as u8)
    }

    #[test]
    fn a_folder_that_others_can_read_is_a_finding() {
        let parent = tempfile::tempdir().unwrap();
        fs::set_permissions(parent.path(), Permissions::from_mode(0o711)).unwrap();
        assert_eq!(worst(parent.path(), CHECK), Some(Level::Ok));
        fs::set_permissions(parent.path(), Permissions::from_mode(0o755)).unwrap();
        assert_eq!(worst(parent.path(), CHECK), Some(Level::Warning));
    }

    #[test]
    fn a_missing_folder_is_no_finding_and_is_not_made() {
        let parent = tempfile::tempdir().unwrap();
        let missing = parent.path().join("missing");
        assert_eq!(worst(&missing, CHECK), Some(Level::Note));
        assert!(!missing.exists());
    }
}
