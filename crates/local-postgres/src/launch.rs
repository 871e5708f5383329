//! Starting a server until it answers.

use std::ffi::OsString;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::binaries::Binaries;
use crate::guard::Guard;
use crate::placement::Placement;
use crate::progress::announcing;
use crate::{Error, Progress, leftover, readiness, server_log};

const POLL: Duration = Duration::from_millis(20);
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How long the backends of a killed postmaster may take to end.
const SURVIVORS: Duration = Duration::from_mins(1);

/// All that is needed to start the server of one folder, again and again.
pub(crate) struct Launch {
    pub(crate) placement: Placement,
    pub(crate) binaries: Binaries,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) progress: Progress,
}

impl Launch {
    /// The first start: fails with PostgreSQL's own reason, but waits for the backends of a killed postmaster.
    pub(crate) async fn first(&self) -> Result<Guard, Error> {
        let begin = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            match self.attempt().await {
                Err(error) if survivors(&error) && begin.elapsed() < SURVIVORS => {
                    let line = "Waiting for the last processes of an earlier PostgreSQL.";
                    announcing(&self.progress, line, sleep(pause)).await;
                    pause = longer(pause);
                }
                outcome => return outcome,
            }
        }
    }

    /// A restart, which never gives up: the disk may get space again.
    pub(crate) async fn again(&self) -> Guard {
        let mut pause = FIRST_PAUSE;
        loop {
            match self.attempt().await {
                Ok(guard) => return guard,
                Err(error) if survivors(&error) => {}
                Err(_) => (self.progress)(&format!(
                    "PostgreSQL did not start again (see {}); trying once more in {} ms.",
                    self.placement.log().display(),
                    pause.as_millis()
                )),
            }
            sleep(pause).await;
            pause = longer(pause);
        }
    }

    /// One start, after a postmaster without an owner has been stopped.
    async fn attempt(&self) -> Result<Guard, Error> {
        leftover::stop(&self.placement, &self.binaries, &self.progress).await?;
        let log = self.placement.log();
        let (file, begin) = server_log::open(&log)?;
        let mut guard = Guard::spawn(&self.placement.account, &self.binaries, &self.arguments, file)?;
        // Unbounded, because recovery after a crash may take minutes and must not be cut short.
        let ready =
            announcing(&self.progress, "Waiting for PostgreSQL to start.", self.ready(&mut guard)).await;
        if ready { Ok(guard) } else { Err(Error::DidNotStart { tail: server_log::tail(&log, begin), log }) }
    }

    /// Waits until the server answers; false if it ends first.
    async fn ready(&self, guard: &mut Guard) -> bool {
        let socket = self.placement.socket();
        let answered = async {
            while !readiness::answers(&socket).await {
                sleep(POLL).await;
            }
        };
        tokio::select! {
            () = guard.ended() => false,
            () = answered => true,
        }
    }
}

/// Whether a start failed only because backends of a killed postmaster have not ended yet.
fn survivors(error: &Error) -> bool {
    matches!(error, Error::DidNotStart { tail, .. } if tail.contains("is still in use"))
}

fn longer(pause: Duration) -> Duration {
    (pause * 2).min(LONGEST_PAUSE)
}
