//! PostgreSQL's log file.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;

use crate::Error;

/// The log is moved aside at a start when it is larger.
const LARGEST: u64 = 10 * 1024 * 1024;
const SHOWN_LINES: usize = 20;
const SHOWN_BYTES: u64 = 16 * 1024;

/// Keeps the log from growing for ever: moves a large one to `postgres.log.1`.
pub(crate) fn rotate(log: &Path) -> Result<(), Error> {
    if fs::metadata(log).is_ok_and(|found| found.len() > LARGEST) {
        fs::rename(log, log.with_extension("log.1")).map_err(Error::file("move the log", log))?;
    }
    Ok(())
}

/// Opens the log for appending, and tells where the new part begins.
pub(crate) fn open(log: &Path) -> Result<(File, u64), Error> {
    let no_links = OFlags::NOFOLLOW.bits().cast_signed();
    let file = File::options().append(true).create(true).mode(0o600).custom_flags(no_links).open(log);
    let file = file.map_err(Error::file("open the log", log))?;
    let length = file.metadata().map_err(Error::file("read the log", log))?.len();
    Ok((file, length))
}

/// The last lines written after `start`.
pub(crate) fn tail(log: &Path, start: u64) -> String {
    let read = || -> io::Result<String> {
        let mut file = File::open(log)?;
        let end = file.metadata()?.len();
        file.seek(SeekFrom::Start(start.max(end.saturating_sub(SHOWN_BYTES))))?;
        let mut bytes = Vec::new();
        file.take(SHOWN_BYTES).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    read().map_or_else(|error| format!("(the log cannot be read: {error})"), |text| last_lines(&text))
}

/// The end of a program's output.
pub(crate) fn last_lines(text: &str) -> String {
    let lines: Vec<_> = text.trim_end().lines().collect();
    let shown = lines.get(lines.len().saturating_sub(SHOWN_LINES)..).unwrap_or_default();
    if shown.is_empty() { "(it wrote nothing)".to_owned() } else { shown.join("\n") }
}
