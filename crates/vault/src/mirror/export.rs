//! Writing a full export.

use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};
use tokio::fs::{File, OpenOptions};
use tokio::io::AsyncWriteExt;

use super::MirrorError;
use super::folder::{self, Name};
use super::line::{Header, Line, Trailer, json};
use super::read::Reader;
use super::snapshot::Snapshot;

/// A file that is written under another name until it is whole.
struct Unfinished {
    path: PathBuf,
    file: File,
    digest: Context,
    count: u64,
}

impl Unfinished {
    async fn begin(folder: &Path, name: Name) -> Result<Self, MirrorError> {
        let path = name.unfinished(folder);
        let open = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&path).await;
        let file = open.map_err(MirrorError::io(&path))?;
        Ok(Self { path, file, digest: Context::new(&SHA256), count: 0 })
    }

    async fn write(&mut self, lines: impl Iterator<Item = Line>) -> Result<(), MirrorError> {
        let mut bytes = Vec::new();
        for line in lines {
            bytes.extend(json(&line));
            self.count += 1;
        }
        self.digest.update(&bytes);
        self.put(&bytes).await
    }

    async fn put(&mut self, bytes: &[u8]) -> Result<(), MirrorError> {
        self.file.write_all(bytes).await.map_err(MirrorError::io(&self.path))
    }

    /// Writes the trailer and makes the file durable.
    async fn end(mut self) -> Result<(), MirrorError> {
        let sha256 = self.digest.clone().finish().as_ref().to_vec();
        let trailer = Line::Trailer(Trailer { count: self.count.saturating_sub(1), sha256 });
        self.put(&json(&trailer)).await?;
        self.file.flush().await.map_err(MirrorError::io(&self.path))?;
        self.file.sync_all().await.map_err(MirrorError::io(&self.path))
    }
}

/// Writes all of a snapshot to a folder, reads it back, and removes what it replaces; answers its header.
pub(crate) async fn write(folder: &Path, snapshot: &mut Snapshot) -> Result<Header, MirrorError> {
    let header = snapshot.header.clone();
    let name = Name { epoch: header.epoch, change: header.change };
    // The folder is never made: a disk may not be mounted.
    folder::exports(folder)?;
    let mut file = Unfinished::begin(folder, name).await?;
    let written = match fill(&mut file, snapshot).await {
        Ok(()) => file.end().await,
        Err(error) => Err(error),
    };
    if let Err(error) = written {
        // What could not be written whole only takes room.
        drop(tokio::fs::remove_file(name.unfinished(folder)).await);
        return Err(error);
    }
    let (folder, expected) = (folder.to_owned(), header.clone());
    let finish = move || settle(&folder, name, &expected);
    tokio::task::spawn_blocking(finish).await.unwrap_or(Err(MirrorError::Stopping))?;
    Ok(header)
}

/// Reads back what was written, before it takes the place of what is there, and only then removes that.
fn settle(folder: &Path, name: Name, expected: &Header) -> Result<(), MirrorError> {
    let (unfinished, path) = (name.unfinished(folder), name.export(folder));
    opened(&unfinished, expected)?.verify()?;
    std::fs::rename(&unfinished, &path).map_err(MirrorError::io(&path))?;
    folder::sync(folder)?;
    opened(&path, expected)?;
    folder::remove_before(folder, name)
}

fn opened(path: &Path, expected: &Header) -> Result<Reader, MirrorError> {
    let reader = Reader::open(path)?;
    if reader.header == *expected { Ok(reader) } else { Err(MirrorError::Unverified(path.to_owned())) }
}

async fn fill(file: &mut Unfinished, snapshot: &mut Snapshot) -> Result<(), MirrorError> {
    file.write(std::iter::once(Line::Header(snapshot.header.clone()))).await?;
    let roots = snapshot.transit_roots().await?;
    file.write(roots.into_iter().map(Line::TransitRoot)).await?;
    let mut after = (i32::MIN, i64::MIN);
    loop {
        let page = snapshot.buckets(after).await?;
        let Some(last) = page.last() else { break };
        after = (last.bucket, last.generation);
        file.write(page.into_iter().map(Line::Bucket)).await?;
    }
    let mut after = i64::MIN;
    loop {
        let page = snapshot.changes(after).await?;
        let Some(last) = page.last().and_then(Line::change) else { return Ok(()) };
        after = last;
        file.write(page.into_iter()).await?;
    }
}
