//! Results go to stdout, everything else to stderr.

use std::io::{self, Write};
use std::sync::Arc;

use lethe_local_postgres::Progress;

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

/// Writes a line for people to stderr. Nobody can be told if that fails.
pub(crate) fn note(text: &str) {
    drop(writeln!(io::stderr().lock(), "{text}"));
}
