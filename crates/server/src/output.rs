//! Results go to stdout, everything else to stderr.

mod shown;

use std::io::{self, Write};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use lethe_local_postgres::Progress;

pub(crate) use shown::{json, shown};

use crate::error::Error;

/// Writes a line of result.
///
/// # Errors
/// [`Error::Output`]; a reader that went away is one.
pub(crate) fn line(text: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.write_all(b"\n")?;
    Ok(out.flush()?)
}

/// Tells people what takes long.
pub(crate) fn progress() -> Progress {
    Arc::new(|text: &str| note(text))
}

/// What takes longer is told.
const QUIET: Duration = Duration::from_secs(1);

/// Does something, and says what it is if that takes more than a second.
pub(crate) async fn aloud<T>(what: &str, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    if let Ok(done) = tokio::time::timeout(QUIET, &mut work).await {
        return done;
    }
    note(what);
    work.await
}

/// Writes a line for people to stderr. Nobody can be told if that fails.
pub(crate) fn note(text: &str) {
    drop(writeln!(io::stderr().lock(), "{text}"));
}
