//! Finding PostgreSQL's programs.

use std::cmp::Reverse;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{Error, platform};

/// The oldest supported major version.
pub(crate) const OLDEST: u32 = 14;

/// Where distributions and installers put PostgreSQL. One component of each may hold one `*`.
const USUAL: [&str; 9] = [
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/lib/postgresql*/bin",
    "/usr/lib64/postgresql*/bin",
    "/usr/libexec/postgresql*",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
    "/usr/local/pgsql/bin",
];

/// A folder of PostgreSQL programs that run, and their version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    /// The folder that holds `postgres` and `initdb`.
    pub dir: PathBuf,
    /// The major version, such as 17.
    pub major: u32,
    /// The whole version, such as "17.10".
    pub version: String,
}

impl Binaries {
    fn minor(&self) -> u32 {
        self.version.split_once('.').map_or(0, |(_, minor)| leading_number(minor))
    }
}

/// Finds the programs of PostgreSQL 14 or newer: in `bin_dir` if given, else in the usual folders (newest first),
/// else on the `PATH`. Downloads nothing.
///
/// # Errors
/// [`Error::BinDir`] when `bin_dir` holds no usable PostgreSQL; [`Error::NotInstalled`] when there is none at all.
pub fn find_binaries(bin_dir: Option<&Path>) -> Result<Binaries, Error> {
    let found = candidates(bin_dir, &Places::of_this_machine())?;
    let none = || Error::NotInstalled { oldest: OLDEST, install: platform::install_command() };
    found.into_iter().next().ok_or_else(none)
}

/// Where to look when no folder is given.
pub(crate) struct Places {
    usual: Vec<PathBuf>,
    path: Option<OsString>,
}

impl Places {
    pub(crate) fn of_this_machine() -> Self {
        Self { usual: USUAL.into_iter().flat_map(expand).collect(), path: std::env::var_os("PATH") }
    }

    #[cfg(test)]
    pub(crate) fn only(usual: Vec<PathBuf>, path: &str) -> Self {
        Self { usual, path: Some(path.into()) }
    }
}

/// All usable programs, the best first.
pub(crate) fn candidates(bin_dir: Option<&Path>, places: &Places) -> Result<Vec<Binaries>, Error> {
    if let Some(dir) = bin_dir {
        let wrong = |reason| Error::BinDir { dir: dir.to_path_buf(), reason };
        return Ok(vec![probe(dir).and_then(recent).map_err(wrong)?]);
    }
    let usable = |dir: &PathBuf| probe(dir).and_then(recent).ok();
    let mut found: Vec<_> = places.usual.iter().filter_map(usable).collect();
    found.sort_by_key(|binaries| Reverse((binaries.major, binaries.minor())));
    let on_path = places.path.iter().flat_map(std::env::split_paths).filter(|dir| dir.is_absolute());
    found.extend(on_path.filter_map(|dir| usable(&dir)));
    Ok(found)
}

/// Runs the programs in `dir` to see that they work and which version they are; the error says what is wrong.
pub(crate) fn probe(dir: &Path) -> Result<Binaries, String> {
    for program in ["postgres", "initdb"] {
        if !dir.join(program).is_file() {
            return Err(format!("it has no {program}"));
        }
    }
    // A link on the PATH (/usr/local/bin/postgres) leads to the folder that has the other programs as well.
    let real = fs::canonicalize(dir.join("postgres")).ok();
    let real = real.as_deref().and_then(Path::parent).filter(|dir| dir.join("initdb").is_file());
    let dir = real.unwrap_or(dir);
    let (major, version) = version_of(dir, "postgres")?;
    let (_, other) = version_of(dir, "initdb")?;
    if version != other {
        return Err(format!("its postgres is {version} and its initdb is {other}"));
    }
    Ok(Binaries { dir: dir.to_path_buf(), major, version })
}

fn recent(found: Binaries) -> Result<Binaries, String> {
    if found.major >= OLDEST {
        return Ok(found);
    }
    Err(format!("it is PostgreSQL {}, and {OLDEST} is the oldest supported", found.version))
}

/// The version that `program --version` prints: "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)".
fn version_of(dir: &Path, program: &str) -> Result<(u32, String), String> {
    let mut command = Command::new(dir.join(program));
    let output = command.arg("--version").current_dir("/").stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("its {program} does not run: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let version = text.split_once("(PostgreSQL) ").and_then(|(_, rest)| rest.split_whitespace().next());
    match version.map(|version| (leading_number(version), version)) {
        Some((major, version)) if output.status.success() && major > 0 => Ok((major, version.to_owned())),
        _ => Err(format!("its {program} does not say its version")),
    }
}

fn leading_number(text: &str) -> u32 {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.get(..end).and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// The existing folders that a pattern with at most one `*` stands for.
fn expand(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once('*') else { return vec![PathBuf::from(pattern)] };
    let Some((parent, prefix)) = before.rsplit_once('/') else { return Vec::new() };
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let matching = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix));
    matching
        .map(|entry| entry.path().join(after.trim_start_matches('/')))
        .filter(|dir| dir.is_dir())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A folder of scripts that claim to be a version of PostgreSQL.
    fn pretend(parent: &Path, version: &str) -> PathBuf {
        let dir = parent.join(version).join("bin");
        fs::create_dir_all(&dir).unwrap();
        for program in ["postgres", "initdb"] {
            let script = format!("#!/bin/sh\necho '{program} (PostgreSQL) {version} (Somewhere 1)'\n");
            fs::write(dir.join(program), script).unwrap();
            fs::set_permissions(dir.join(program), fs::Permissions::from_mode(0o755)).unwrap();
        }
        fs::canonicalize(dir).unwrap()
    }

    #[test]
    fn the_newest_of_the_usual_folders_comes_first_then_the_path() {
        let parent = tempfile::tempdir().unwrap();
        let dirs: Vec<_> =
            ["9.6.24", "15.9", "16.2", "16.10", "13.3"].iter().map(|v| pretend(parent.path(), v)).collect();
        let newest_on_path = pretend(parent.path(), "18.1");
        let places = Places::only(dirs, newest_on_path.to_str().unwrap());
        let found: Vec<_> = candidates(None, &places)
            .unwrap()
            .into_iter()
            .map(|found| (found.major, found.version))
            .collect();
        let expected = [(16, "16.10"), (16, "16.2"), (15, "15.9"), (18, "18.1")];
        assert_eq!(found, expected.map(|(major, version)| (major, version.to_owned())));
    }

    #[test]
    fn a_link_leads_to_the_real_folder_and_a_broken_program_is_passed_over() {
        let parent = tempfile::tempdir().unwrap();
        let real = pretend(parent.path(), "17.4");
        let links = parent.path().join("links");
        fs::create_dir(&links).unwrap();
        for program in ["postgres", "initdb"] {
            std::os::unix::fs::symlink(real.join(program), links.join(program)).unwrap();
        }
        assert_eq!(probe(&links).unwrap().dir, real);
        fs::write(real.join("initdb"), "#!/bin/sh\nexit 1\n").unwrap();
        assert!(candidates(None, &Places::only(vec![real], links.to_str().unwrap())).unwrap().is_empty());
    }

    #[test]
    fn a_pattern_stands_for_the_folders_that_exist() {
        let parent = tempfile::tempdir().unwrap();
        fs::create_dir_all(parent.path().join("pgsql-16/bin")).unwrap();
        fs::create_dir_all(parent.path().join("pgsql-17")).unwrap();
        fs::create_dir_all(parent.path().join("other/bin")).unwrap();
        let pattern = format!("{}/pgsql-*/bin", parent.path().display());
        assert_eq!(expand(&pattern), [parent.path().join("pgsql-16/bin")]);
    }
}
