//! The course of an import: prepared, then run to the file's end; or only rehearsed.

use lethe_kernel::{ImportId, UnitId};
use lethe_ledger::{Context, Failure, Ledger, LedgerError};
use lethe_tabular::Mapping;
use lethe_vault::VaultError;

use super::executor::Executor;
use super::file::MappedFile;
use super::reader::{Reader, number};
use super::recognition::{Known, recognise};
use super::work::{Note, Step, note};
use super::{ImportCommand, ImportError, ImportFile, RowOutcome, Tally};

/// How many rows are dealt with between two events of the import.
const CHUNK: usize = 200;

/// An import that is durably started and waits to be run.
pub struct Prepared {
    import: ImportId,
    file: MappedFile,
    known: Known,
    position: i64,
    resumed: bool,
    repeated: bool,
}

impl Prepared {
    /// The import; its operation is there from now on.
    #[must_use]
    pub fn import(&self) -> ImportId {
        self.import
    }

    /// The position a view must have reached to show it.
    #[must_use]
    pub fn position(&self) -> i64 {
        self.position
    }

    /// How many rows the file has.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.file.rows
    }

    /// Whether it goes on where an earlier run of the same file stopped.
    #[must_use]
    pub fn is_resumed(&self) -> bool {
        self.resumed
    }

    /// Whether an earlier run of the same file came to its end, so that this one finds what is there already.
    #[must_use]
    pub fn is_repeated(&self) -> bool {
        self.repeated
    }

    /// Which header stands for which column.
    #[must_use]
    pub fn mapping(&self) -> &Mapping {
        &self.file.mapping
    }
}

/// How far an import has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// What became of the rows so far, including those of a run that stopped before.
    pub tally: Tally,
    /// How many rows the file has.
    pub total: u64,
    /// What became of the rows since the last call, in their order.
    pub outcomes: &'a [RowOutcome],
}

/// What an import came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The import; none for a rehearsal, of which nothing is stored.
    pub import: Option<ImportId>,
    /// What became of the rows, including those of a run that stopped before.
    pub tally: Tally,
}

/// Opens a file, tells its columns, and starts its import or takes up an earlier one of the same file.
///
/// # Errors
/// [`ImportError::Table`] for a file that is no table or has other columns, [`ImportError::Failed`] if the import may
/// not start, [`ImportError::Starting`] beside another start.
pub async fn prepare(ledger: &Ledger, context: &Context, file: ImportFile) -> Result<Prepared, ImportError> {
    let unit = context.caller.unit;
    let file = open(file, unit).await?;
    let parts = ledger.parts();
    // Two starts of one file at once would become two imports. The lock ends with the transaction.
    let mut guard = parts.pool.begin().await.map_err(LedgerError::from)?;
    let alone: bool =
        sqlx::query_scalar("SELECT pg_try_advisory_xact_lock(hashtextextended('lethe.import.' || $1, 0))")
            .bind(unit.to_string())
            .fetch_one(&mut *guard)
            .await
            .map_err(LedgerError::from)?;
    if !alone {
        return Err(ImportError::Starting);
    }
    let context = repeatable(context);
    let begun = loop {
        let found = recognise(parts, &file, unit).await?;
        let repeated = found.as_ref().is_some_and(|(_, known)| known.state.is_finished());
        let resumed = found.is_some() && !repeated;
        let (import, known) = found.unwrap_or_else(|| (ImportId(parts.ids.next()), Known::default()));
        match note(ledger, &context, Note::new(import, Step::start(&file), known)).await {
            Ok((known, committed)) => break (import, known, committed.position, resumed, repeated),
            // Its key was destroyed just now. It will not be recognised again.
            Err(failure) if (resumed || repeated) && is_forgotten(&failure) => {}
            Err(failure) => return Err(failure.into()),
        }
    };
    guard.rollback().await.map_err(LedgerError::from)?;
    let (import, known, position, resumed, repeated) = begun;
    Ok(Prepared { import, file, known, position, resumed, repeated })
}

/// Whether the key of an import was destroyed between recognising its file and starting it.
fn is_forgotten(failure: &Failure) -> bool {
    matches!(failure, Failure::Failed(LedgerError::Vault(VaultError::Erased(_))))
}

/// Runs an import to the file's end and reports as it goes. It may be dropped at any time, or its process killed: the
/// next run of the same file goes on behind the last rows reported.
///
/// # Errors
/// [`ImportError::Row`] for what is not a row's fault, [`ImportError::Failed`] if progress cannot be stored, and
/// [`ImportError::Table`] if the file is gone.
pub async fn run(
    prepared: Prepared,
    ledger: &Ledger,
    context: &Context,
    mut report: impl FnMut(&Progress<'_>) + Send,
) -> Result<Summary, ImportError> {
    let Prepared { import, file, mut known, .. } = prepared;
    let context = repeatable(context);
    let mut reader = Reader::start(file.source.clone(), known.state.through_row());
    let mut executor = Executor::new(ledger, &context, &file, import, false);
    loop {
        let rows = reader.next(CHUNK).await?;
        let Some(through_row) = rows.last().map(number) else { break };
        let outcomes = executor.run(rows).await?;
        let step = Step::Next(ImportCommand::Progress { through_row, outcomes: outcomes.clone() });
        (known, _) = note(ledger, &context, Note::new(import, step, known)).await?;
        report(&Progress { tally: known.state.tally(), total: file.rows, outcomes: &outcomes });
    }
    let finish = Note::new(import, Step::Next(ImportCommand::Finish), known);
    (known, _) = note(ledger, &context, finish).await?;
    Ok(Summary { import: Some(import), tally: known.state.tally() })
}

/// Checks every row as an import would, and stores nothing: no event, no key.
///
/// # Errors
/// As [`prepare`] and [`run`].
pub async fn dry_run(
    ledger: &Ledger,
    context: &Context,
    file: ImportFile,
    mut report: impl FnMut(&Progress<'_>) + Send,
) -> Result<Summary, ImportError> {
    let context = repeatable(context);
    let file = open(file, context.caller.unit).await?;
    let parts = ledger.parts();
    let import = loop {
        let found = recognise(parts, &file, context.caller.unit).await?;
        let recognised = found.is_some();
        let (import, known) = found.unwrap_or_else(|| (ImportId(parts.ids.next()), Known::default()));
        match ledger.rehearse(&context, &Note::new(import, Step::start(&file), known)).await {
            Ok(_) => break import,
            Err(failure) if recognised && is_forgotten(&failure) => {}
            Err(failure) => return Err(failure.into()),
        }
    };
    let mut reader = Reader::start(file.source.clone(), 0);
    let mut executor = Executor::new(ledger, &context, &file, import, true);
    let mut tally = Tally::default();
    loop {
        let rows = reader.next(CHUNK).await?;
        if rows.is_empty() {
            return Ok(Summary { import: None, tally });
        }
        let outcomes = executor.run(rows).await?;
        tally.add(&outcomes);
        report(&Progress { tally, total: file.rows, outcomes: &outcomes });
    }
}

async fn open(file: ImportFile, unit: UnitId) -> Result<MappedFile, ImportError> {
    Ok(tokio::task::spawn_blocking(move || MappedFile::open(file, unit)).await??)
}

/// The context without idempotency key: what an import does can be repeated anyway, and it does many things.
fn repeatable(context: &Context) -> Context {
    Context { idempotency: None, ..context.clone() }
}
