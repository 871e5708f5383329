//! The guard: a small shell process between us and PostgreSQL, which stops PostgreSQL when we end.

use std::ffi::OsString;
use std::fs::File;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, ChildStdin};
use tokio::time::timeout;

use crate::account::Account;
use crate::binaries::Binaries;
use crate::placement::Placement;
use crate::progress::announcing;
use crate::{Error, Progress};

const SCRIPT: &str = include_str!("guard.sh");

/// Longer than the guard's own patience before it asks for an immediate shutdown.
const STOP: Duration = Duration::from_secs(30);

/// A running guard. Dropping it closes the pipe, upon which it stops PostgreSQL.
#[derive(Debug)]
pub(crate) struct Guard {
    process: Child,
    /// The only writing end of the guard's standard input. No other child inherits it (it is close-on-exec).
    pipe: ChildStdin,
}

impl Guard {
    /// Starts the guard, which starts PostgreSQL with `arguments` and `log` as its output.
    pub(crate) fn spawn(
        account: &Account,
        binaries: &Binaries,
        arguments: &[OsString],
        log: File,
    ) -> Result<Self, Error> {
        let failed =
            |source| Error::Program { program: "/bin/sh".into(), user: account.name.clone(), source };
        let mut command = account.command("/bin/sh");
        command
            .args(["-c", SCRIPT, "lethe-postgres-guard"])
            .arg(binaries.dir.join("postgres"))
            .args(arguments);
        // The postmaster ignores a stale lock file that names its grandparent: in a container, process ids repeat.
        command.env("PG_GRANDPARENT_PID", std::process::id().to_string());
        // A group of its own: the terminal's Ctrl-C is for us, and we stop PostgreSQL when we have finished with it.
        command.process_group(0);
        command.stdin(Stdio::piped()).stderr(log.try_clone().map_err(failed)?).stdout(log);
        let mut process = command.spawn().map_err(failed)?;
        let pipe = process.stdin.take().ok_or_else(|| failed(std::io::ErrorKind::BrokenPipe.into()))?;
        Ok(Self { process, pipe })
    }

    /// Waits until the guard has ended, which it does when PostgreSQL does.
    pub(crate) async fn ended(&mut self) {
        // An error means that the process is not there to wait for.
        drop(self.process.wait().await);
    }

    /// Closes the pipe and waits until PostgreSQL and the guard have ended.
    pub(crate) async fn stop(mut self, placement: &Placement, progress: &Progress) -> Result<(), Error> {
        drop(self.pipe);
        let wait = timeout(STOP, self.process.wait());
        let ended = announcing(progress, "Waiting for PostgreSQL to stop.", wait).await;
        let late = |_| Error::DidNotStop { seconds: STOP.as_secs(), log: placement.log() };
        ended.map(drop).map_err(late)
    }
}
