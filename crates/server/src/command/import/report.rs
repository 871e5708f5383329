//! What became of the rows: on the terminal, in a file, or as JSON lines. Rows, columns and codes, never values.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use lethe_crm::import::{Outcome, Progress, RowOutcome, Summary, Tally};
use serde::Serialize;

use crate::error::Error;
use crate::output;

/// How many refused rows are told one by one on the terminal.
const TOLD: u64 = 50;

/// Where outcomes go.
pub(super) struct Report {
    file: Option<(PathBuf, BufWriter<File>)>,
    json: bool,
    bar: ProgressBar,
    told: u64,
    failure: Option<Error>,
}

#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    row: &'a RowOutcome,
}

#[derive(Serialize)]
struct Total {
    import: Option<String>,
    /// As in the API: what to pass as `minPosition` to see every row.
    position: Option<String>,
    #[serde(flatten)]
    tally: Tally,
}

impl Report {
    pub(super) fn open(path: Option<&Path>, json: bool) -> Result<Self, Error> {
        let file = path.map(|path| {
            let file = File::create(path).map_err(Error::file("write", path))?;
            Ok::<_, Error>((path.to_owned(), BufWriter::new(file)))
        });
        let style = ProgressStyle::with_template("{bar:40} {pos}/{len} rows, {eta} left");
        let bar = ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Ok(Self { file: file.transpose()?, json, bar, told: 0, failure: None })
    }

    /// Takes the rows of a chunk; a failure is kept until the import can stop.
    pub(super) fn rows(&mut self, progress: &Progress<'_>) {
        self.bar.set_length(progress.total);
        self.bar.set_position(progress.tally.rows());
        for row in progress.outcomes {
            if let Err(error) = self.row(row) {
                self.failure.get_or_insert(error);
            }
        }
    }

    fn row(&mut self, row: &RowOutcome) -> Result<(), Error> {
        let line = serde_json::to_string(&Line { row }).map_err(std::io::Error::other)?;
        if let Some((path, file)) = &mut self.file {
            writeln!(file, "{line}").map_err(Error::file("write", &*path))?;
        }
        if self.json {
            output::line(&line)?;
        } else if row.outcome == Outcome::Refused {
            self.told += 1;
            if self.told <= TOLD {
                let column =
                    row.column.as_ref().map(|column| format!(", column {column}")).unwrap_or_default();
                let code = row.code.as_deref().unwrap_or("REFUSED");
                self.bar.suspend(|| output::line(&format!("row {}: refused, {code}{column}", row.row)))?;
            }
        }
        Ok(())
    }

    /// Writes the summary.
    pub(super) fn finish(mut self, summary: &Summary, position: Option<i64>) -> Result<(), Error> {
        self.bar.finish_and_clear();
        if let Some((path, mut file)) = self.file.take() {
            file.flush().map_err(Error::file("write", &path))?;
        }
        if let Some(error) = self.failure.take() {
            return Err(error);
        }
        let Summary { import, tally } = *summary;
        if self.json {
            let total = Total {
                import: import.map(|import| import.to_string()),
                position: position.map(|position| position.to_string()),
                tally,
            };
            return output::line(&serde_json::to_string(&total).map_err(std::io::Error::other)?);
        }
        if self.told > TOLD {
            output::line(&format!(
                "… and {} more refused rows; --report writes them all.",
                self.told - TOLD
            ))?;
        }
        let verb = if import.is_some() { "created" } else { "would be created" };
        output::line(&format!(
            "{} {verb}, {} already there, {} refused.",
            tally.created, tally.existing, tally.refused
        ))
    }
}
