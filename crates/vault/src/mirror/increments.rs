//! What happened to keys since an export, as lines that are appended to a file beside it.

use std::io::ErrorKind;
use std::path::Path;

use tokio::fs::OpenOptions;
use tokio::io::AsyncWriteExt;

use super::MirrorError;
use super::folder::{self, Name};
use super::line::{Continues, Header, INCREMENTS, Increment, Line, checked, unchecked};
use super::read::Lines;

/// Increments that are being read.
pub(crate) struct Increments {
    lines: Option<Lines>,
    /// The last change that was read.
    pub(crate) change: i64,
    /// How many bytes are whole lines; what is behind them is torn.
    pub(crate) whole: u64,
}

impl Increments {
    /// Opens what continues an export; there may be nothing.
    pub(crate) fn open(folder: &Path, export: &Header) -> Result<Self, MirrorError> {
        let name = Name { epoch: export.epoch, change: export.change };
        let none = Self { lines: None, change: export.change, whole: 0 };
        let lines = match Lines::open(&name.increments(folder)) {
            Err(MirrorError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => return Ok(none),
            lines => lines?,
        };
        let mut opened = Self { lines: Some(lines), ..none };
        let expected = continues(export);
        match opened.body()? {
            Some(body) if serde_json::from_slice(&body).ok() == Some(expected) => Ok(opened),
            Some(_) => Err(opened.damaged("it continues another export than the one beside it")),
            None => Ok(opened),
        }
    }

    /// The next line; none at the end. A torn end is the end.
    pub(crate) fn next(&mut self) -> Result<Option<Line>, MirrorError> {
        while let Some(body) = self.body()? {
            let Ok(Increment { after, line }) = serde_json::from_slice(&body) else {
                return Err(self.damaged("it is no line of increments"));
            };
            let Some(change) = line.change() else {
                return Err(self.damaged("it is neither key nor tombstone"));
            };
            if change <= self.change {
                // Written twice, by two processes that both believed to be alone.
                continue;
            }
            if after > self.change {
                return Err(self.damaged("lines before it are missing"));
            }
            self.change = change;
            return Ok(Some(line));
        }
        Ok(None)
    }

    /// The JSON of the next whole line.
    fn body(&mut self) -> Result<Option<Vec<u8>>, MirrorError> {
        let Some(lines) = &mut self.lines else { return Ok(None) };
        let Some(raw) = lines.next()? else { return Ok(None) };
        if let Some(body) = raw.strip_suffix(b"\n").and_then(unchecked) {
            self.whole += u64::try_from(raw.len()).unwrap_or_default();
            return Ok(Some(body.to_owned()));
        }
        let damaged = lines.damaged("its checksum is wrong, and whole lines follow");
        while let Some(raw) = lines.next()? {
            if raw.strip_suffix(b"\n").and_then(unchecked).is_some() {
                return Err(damaged);
            }
        }
        Ok(None)
    }

    fn damaged(&self, reason: &'static str) -> MirrorError {
        self.lines.as_ref().map_or(MirrorError::Stopping, |lines| lines.damaged(reason))
    }
}

fn continues(export: &Header) -> Continues {
    Continues {
        format: INCREMENTS.to_owned(),
        installation: export.installation,
        epoch: export.epoch,
        change: export.change,
    }
}

/// Appends changes behind what is whole, and makes them durable; answers how long the file is then.
pub(crate) async fn append(
    folder: &Path,
    export: &Header,
    (mut change, whole): (i64, u64),
    lines: Vec<Line>,
) -> Result<u64, MirrorError> {
    let path = Name { epoch: export.epoch, change: export.change }.increments(folder);
    let mut bytes = if whole == 0 { checked(&continues(export)) } else { Vec::new() };
    for line in lines {
        let after = change;
        change = line.change().unwrap_or(change);
        bytes.extend(checked(&Increment { after, line }));
    }
    let write = async {
        let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(&path).await?;
        if file.metadata().await?.len() != whole {
            // What a write that failed has left.
            file.set_len(whole).await?;
        }
        file.write_all(&bytes).await?;
        file.flush().await?;
        file.sync_all().await
    };
    write.await.map_err(MirrorError::io(&path))?;
    if whole == 0 {
        folder::sync(folder)?;
    }
    Ok(whole + u64::try_from(bytes.len()).unwrap_or_default())
}
