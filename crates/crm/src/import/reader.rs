//! Reads a file's rows beside everything else, because reading it blocks.

use lethe_tabular::{Error, Row, RowError, RowErrorKind};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::ImportError;
use super::file::Source;

/// How many rows wait at most to be asked for.
const AHEAD: usize = 256;

/// A row as it was read, or what is wrong with it.
pub(super) type Read = Result<Row, RowError>;

/// The rows of a file.
pub(super) struct Reader {
    rows: mpsc::Receiver<Read>,
    reading: Option<JoinHandle<Result<(), Error>>>,
}

impl Reader {
    /// Reads the rows behind a row number.
    pub(super) fn start(source: Source, after: u64) -> Self {
        let (sender, rows) = mpsc::channel(AHEAD);
        let reading = tokio::task::spawn_blocking(move || {
            for row in source.table()?.rows() {
                // What cannot be read to its end is not imported to its end.
                if matches!(&row, Err(error) if error.kind == RowErrorKind::Unreadable) {
                    return Err(Error::Corrupt);
                }
                // Nobody waits any more once the import was stopped.
                if number(&row) > after && sender.blocking_send(row).is_err() {
                    break;
                }
            }
            Ok(())
        });
        Self { rows, reading: Some(reading) }
    }

    /// The next rows; fewer than `limit` only at the file's end.
    pub(super) async fn next(&mut self, limit: usize) -> Result<Vec<Read>, ImportError> {
        let mut chunk = Vec::with_capacity(limit);
        while chunk.len() < limit {
            let Some(row) = self.rows.recv().await else { break };
            chunk.push(row);
        }
        if chunk.is_empty()
            && let Some(reading) = self.reading.take()
        {
            reading.await??;
        }
        Ok(chunk)
    }
}

/// The number of a row.
pub(super) fn number(row: &Read) -> u64 {
    match row {
        Ok(row) => row.number,
        Err(error) => error.row,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn rows_come_in_chunks_from_where_it_stopped() {
        let text: String = (2..=1000).fold("name\n".to_owned(), |text, row| format!("{text}N{row}\n"));
        let mut reader = Reader::start(Source::Bytes(text.as_bytes().into()), 900);
        let mut numbers = Vec::new();
        for size in [64, 36, 0, 0] {
            let chunk = reader.next(64).await.unwrap();
            assert_eq!(chunk.len(), size);
            numbers.extend(chunk.iter().map(number));
        }
        assert_eq!(numbers, (901..=1000).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_file_that_is_gone_is_an_error() {
        let mut reader = Reader::start(Source::Path("/does/not/exist".into()), 0);
        assert!(matches!(reader.next(8).await, Err(ImportError::Table(Error::Io(_)))));
    }
}
