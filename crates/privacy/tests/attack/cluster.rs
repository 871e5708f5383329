//! A PostgreSQL whose every file is kept: a folder with the cluster, an archive of its WAL, backups and dumps.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use lethe_local_postgres::{LocalPostgres, Settings, find_binaries, start};
use sqlx::postgres::PgConnectOptions;
use tempfile::TempDir;

/// A running cluster in a folder of its own.
pub(crate) struct Cluster {
    folder: TempDir,
    postgres: LocalPostgres,
}

/// A folder that PostgreSQL's user can pass through, also when root runs the tests.
pub(crate) fn folder() -> TempDir {
    let mode = |mode| Permissions::from_mode(mode);
    let folder = tempfile::Builder::new().prefix("lethe-attack-").permissions(mode(0o711)).tempdir().unwrap();
    let archive = folder.path().join("archive");
    fs::create_dir(&archive).unwrap();
    fs::set_permissions(&archive, mode(0o777)).unwrap();
    folder
}

impl Cluster {
    /// Starts the cluster of a folder; the first time, makes it.
    pub(crate) async fn start(folder: TempDir) -> Self {
        let archive = folder.path().join("archive");
        let mut settings = Settings::new(folder.path().join("data"));
        settings.offline = true;
        settings.wal_segment_mb = Some(1);
        settings.parameters = [
            ("archive_mode", "on".to_owned()),
            ("archive_command", format!("cp %p {}/%f", archive.display())),
            ("full_page_writes", "on".to_owned()),
            // Compressed images of pages would hide from a search for bytes what unpacking them shows.
            ("wal_compression", "off".to_owned()),
            // Dead rows stay, so that there is more to be found.
            ("autovacuum", "off".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec();
        let postgres = start(settings, Arc::new(|_: &str| {})).await.unwrap();
        Self { folder, postgres }
    }

    /// Where to connect.
    pub(crate) fn options(&self) -> PgConnectOptions {
        let at = self.postgres.connection();
        let options = PgConnectOptions::new_without_pgpass().socket(&at.socket_dir).port(at.port);
        options.username(&at.user).database("postgres")
    }

    /// The folder of everything.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The files of the two custodians.
    pub(crate) fn custodians(&self) -> [PathBuf; 2] {
        ["one", "other"].map(|name| self.path().join("custodians").join(name).join("root.key"))
    }

    /// The folder of its mirror.
    pub(crate) fn mirror(&self) -> PathBuf {
        let mirror = self.path().join("mirror");
        fs::create_dir_all(&mirror).unwrap();
        mirror
    }

    /// Takes a base backup, with the WAL it needs.
    pub(crate) fn back_up(&self, name: &str) {
        let target = self.path().join(name);
        let options = ["--format=plain", "--wal-method=stream", "--checkpoint=fast", "--no-sync"];
        self.run("pg_basebackup", &[&options[..], &["--pgdata", target.to_str().unwrap()]].concat());
    }

    /// Takes a base backup to start as a standby.
    pub(crate) fn back_up_for_standby(&self, target: &Path) {
        let options = ["--format=plain", "--wal-method=stream", "--checkpoint=fast", "--write-recovery-conf"];
        self.run("pg_basebackup", &[&options[..], &["--pgdata", target.to_str().unwrap()]].concat());
    }

    /// Writes a dump of the database.
    pub(crate) fn dump(&self, name: &str) -> PathBuf {
        let target = self.path().join(name);
        self.run("pg_dump", &["--format=plain", "--file", target.to_str().unwrap(), "postgres"]);
        target
    }

    fn run(&self, name: &str, arguments: &[&str]) {
        let at = self.postgres.connection();
        let mut command = Command::new(program(name));
        command.arg("--host").arg(&at.socket_dir).arg("--port").arg(at.port.to_string());
        let output = command.args(["--username", &at.user]).args(arguments).output().unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Stops it; the archive then has all of the WAL.
    pub(crate) async fn stop(self) -> TempDir {
        self.postgres.stop().await.unwrap();
        self.folder
    }
}

/// One of PostgreSQL's programs.
pub(crate) fn program(name: &str) -> PathBuf {
    find_binaries(None).unwrap().dir.join(name)
}

/// Has `pg_waldump` tell all that it knows about the archived WAL: as it does, and without the blanks that it puts
/// between bytes.
pub(crate) fn waldump(folder: &Path) {
    let archive = folder.join("archive");
    let names =
        fs::read_dir(&archive).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    // Not the notes about backups.
    let mut segments: Vec<String> = names.filter(|name| name.len() == 24).collect();
    segments.sort_unstable();
    let [first, .., last] = &segments[..] else { panic!("the archive has {segments:?}") };
    let mut command = Command::new(program("pg_waldump"));
    let output = command.arg("--path").arg(&archive).args([first, last]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.lines().count() > 1_000, "{}", String::from_utf8_lossy(&output.stderr));
    fs::write(folder.join("waldump.joined.txt"), text.replace(' ', "")).unwrap();
    fs::write(folder.join("waldump.txt"), text).unwrap();
}
