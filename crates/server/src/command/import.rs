//! `lethe import`.

mod report;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use lethe_access::unit::UnitView;
use lethe_crm::import::{ImportFile, ImportKind, Prepared, Source, Summary, dry_run, prepare};
use lethe_kernel::{Caller, RequestId, Role, UnitId, UserId};
use lethe_ledger::{Context, Ledger};
use uuid::Uuid;

use self::report::Report;
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::database::{Database, Running, Using};
use crate::demo;
use crate::error::{Error, Outcome};
use crate::output;

/// What a file holds.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// Contacts: one person a row
    Contacts,
    /// Companies: one company a row
    Companies,
}

/// The flags of `lethe import`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "The file is CSV (; or , or tab; UTF-8, UTF-16 or Windows-1252) or XLSX. Its first row \
names the columns, in Danish, Swedish or English.

Every row is stored wholly or not at all. The same file again goes on where it stopped and doubles nothing: a row is \
already there if its external reference is, or if the same row of the same file was imported before. A file is recognised \
for import_recognised_days after its import, and no longer once somebody was erased whom it names, or may name in a row \
that was refused or is not dealt with: then only external references and public numbers find what is there.

The report names rows, columns and codes, never values. Exit code 1 means that rows were refused."
)]
pub(crate) struct Arguments {
    /// What the file holds
    #[arg(value_enum)]
    what: What,
    /// The file
    file: PathBuf,
    /// Check every row as the import would, and store nothing
    #[arg(long)]
    dry_run: bool,
    /// A header that stands for another column than Lethe guesses, for example "Kontakt=name"; may be repeated
    #[arg(long = "map", value_name = "HEADER=COLUMN", value_parser = mapping)]
    mappings: Vec<(String, String)>,
    /// The unit in whose name [default: the first unit of the demo data]
    #[arg(long, value_name = "UUID", default_value_t = demo::CONSULTANT.unit.0)]
    unit: Uuid,
    /// The user in whose name [default: the consultant of the demo data]
    #[arg(long, value_name = "UUID", default_value_t = demo::CONSULTANT.user.0)]
    user: Uuid,
    /// Write what became of each row to this file, as JSON lines
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Print what became of each row, and the summary last, as JSON lines
    #[arg(long)]
    json: bool,
}

fn mapping(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(header, column)| (header.to_owned(), column.to_owned()))
        .ok_or_else(|| "write it as HEADER=COLUMN".to_owned())
}

/// Imports a file and reports every row.
///
/// # Errors
/// [`Error::Import`] for a file that cannot be imported, or whose import stopped.
pub(crate) async fn run(config: &Config, arguments: &Arguments) -> Result<Outcome, Error> {
    let folder = DataDir::for_database(config)?;
    // Before anything slow: a report that cannot be written is told at once.
    let report = Report::open(arguments.report.as_deref(), arguments.json)?;
    let database = Database::start(config, &folder, Using::Sharing).await?;
    let imported = import(config, &folder, &database, arguments, report).await;
    database.stop().await?;
    let summary = imported?;
    Ok(if summary.tally.refused == 0 { Outcome::Done } else { Outcome::Findings })
}

async fn import(
    config: &Config,
    folder: &DataDir,
    database: &Database,
    arguments: &Arguments,
    mut report: Report,
) -> Result<Summary, Error> {
    let pool = database.connect(config).await?;
    let running = Running::start(config, pool.clone(), folder).await?;
    let ledger = &running.ledger;
    // A database of one's own has no demo data, so nothing would be in anybody's name.
    if arguments.unit == demo::CONSULTANT.unit.0
        && ledger.parts().rows_at::<UnitView>(&[arguments.unit], i64::MAX).await?.is_empty()
    {
        pool.close().await;
        return Err(Error::InWhoseName);
    }
    let caller =
        Caller { user: UserId(arguments.user), unit: UnitId(arguments.unit), role: Role::Consultant };
    let context = Context::new(caller, RequestId(ledger.parts().ids.next()));
    let file = ImportFile {
        source: Source::Path(arguments.file.clone()),
        kind: match arguments.what {
            What::Contacts => ImportKind::Contacts,
            What::Companies => ImportKind::Companies,
        },
        overrides: arguments.mappings.clone(),
    };
    let summary = if arguments.dry_run {
        dry_run(ledger, &context, file, |progress| report.rows(progress)).await?
    } else {
        run_import(ledger, &context, file, &mut report).await?
    };
    // Whoever asks for this position sees every row that was imported.
    let position = match summary.import {
        Some(_) => Some(ledger.parts().head().await?),
        None => None,
    };
    report.finish(&summary, position)?;
    pool.close().await;
    Ok(summary)
}

async fn run_import(
    ledger: &Ledger,
    context: &Context,
    file: ImportFile,
    report: &mut Report,
) -> Result<Summary, Error> {
    let prepared = output::aloud("Reading the file.", prepare(ledger, context, file)).await?;
    tell(&prepared);
    Ok(lethe_crm::import::run(prepared, ledger, context, |progress| report.rows(progress)).await?)
}

fn tell(prepared: &Prepared) {
    let how = match (prepared.is_resumed(), prepared.is_repeated()) {
        (true, _) => "goes on where it stopped",
        (_, true) => "was imported before and is gone through again",
        _ => "is new",
    };
    output::note(&format!("The file {how}: import {}, {} rows.", prepared.import(), prepared.total()));
    for (header, column) in prepared.mapping().describe() {
        output::note(&format!("  {header} → {column}"));
    }
    // Of a header nobody knows only the place is told: in a file without headers it is a person's data.
    let places: Vec<usize> = prepared.mapping().unmapped_headers().map(|(place, _)| place + 1).collect();
    if let Some(line) = left_out(&places) {
        output::note(&line);
    }
}

/// How many columns that are left out are named.
const NAMED: usize = 10;

/// The columns whose headers are not known, in one line however many they are.
fn left_out(places: &[usize]) -> Option<String> {
    let named: Vec<String> = places.iter().take(NAMED).map(usize::to_string).collect();
    let (named, more) = (named.join(", "), places.len().saturating_sub(NAMED));
    Some(match (places.len(), more) {
        (0, _) => return None,
        (1, _) => format!("  column {named} is left out: its header is not known; --map can name it"),
        (_, 0) => format!("  columns {named} are left out: their headers are not known; --map can name them"),
        _ => format!(
            "  columns {named} and {more} more are left out: their headers are not known; --map can name them"
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_that_nobody_knows_are_told_in_one_line_however_many_they_are() {
        assert_eq!(left_out(&[]), None);
        assert!(left_out(&[3]).unwrap().contains("column 3 is left out"));
        assert!(left_out(&[3, 7]).unwrap().contains("columns 3, 7 are left out"));
        let many = left_out(&(1..=60_000).collect::<Vec<_>>()).unwrap();
        assert!(many.contains("9, 10 and 59990 more are") && !many.contains('\n'), "{many}");
    }
}
