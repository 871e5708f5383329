use std::sync::Arc;

use async_graphql::{Context, InputObject, Object, SimpleObject};
use lethe_crm::import::{
    ImportError, ImportFile, ImportKind, OperationView, Prepared, RowOutcome, Source, Summary, Tally,
    dry_run, prepare, run,
};
use lethe_kernel::{ErrorCode, UserError};
use lethe_ledger::{Context as WorkContext, Failure, Ledger, Reads};

use super::{Operation, OutcomeField, Upload};
use crate::app::{app, request};
use crate::error::Result;
use crate::kind::shown;
use crate::mutate::reached;
use crate::permission::allowed;
use crate::scalar::Position;

/// How many refused rows the answer to a dry run lists.
const LISTED: usize = 100;

/// A file to import: CSV or XLSX, as the graphql-multipart-request-spec sends it.
#[derive(InputObject)]
pub(crate) struct ImportInput {
    /// The file. The same file sent again goes on where it stopped and doubles nothing, as long as it is recognised: see
    /// `forgottenAt` of an operation.
    file: Upload,
    /// Check every row as the import would, and store nothing.
    #[graphql(default)]
    dry_run: bool,
    /// Headers that stand for other columns than Lethe guesses.
    #[graphql(default)]
    columns: Vec<ColumnInput>,
}

/// A header and the column it stands for.
#[derive(InputObject)]
pub(crate) struct ColumnInput {
    /// The header in the file.
    header: String,
    /// The column, for example `first_name`.
    column: String,
}

/// What an import would do.
#[derive(SimpleObject)]
pub(crate) struct DryRun {
    /// How many records it would create.
    created: u64,
    /// How many are there already.
    existing: u64,
    /// How many rows it would refuse.
    refused: u64,
    /// The first hundred rows it would refuse.
    refusals: Vec<RefusedRow>,
}

/// A row that would be refused. It names the column, never the value.
#[derive(SimpleObject)]
pub(crate) struct RefusedRow {
    /// The row's number in the file; the header is row 1.
    row: u64,
    /// What would become of it.
    outcome: OutcomeField,
    /// Why.
    code: Option<String>,
    /// The column at fault.
    column: Option<String>,
}

/// The answer to an import.
#[derive(SimpleObject, Default)]
pub(crate) struct ImportPayload {
    /// The import, which runs on; null for a dry run, or if it was refused.
    operation: Option<Operation>,
    /// What the import would do; null unless a dry run was asked for.
    dry_run: Option<DryRun>,
    /// Where in the ledger its start stands.
    position: Option<Position>,
    /// Whether lists do not show the operation yet, although it is durable.
    view_pending: bool,
    /// Why it was refused; empty if it was done.
    user_errors: Vec<crate::error::UserError>,
}

/// Mutations that import files.
#[derive(Default)]
pub(crate) struct ImportMutation;

#[Object]
impl ImportMutation {
    /// Imports contacts from a file, in the name of your unit.
    #[doc = allowed!(contactsImport)]
    async fn contacts_import(&self, context: &Context<'_>, input: ImportInput) -> Result<ImportPayload> {
        import(context, input, ImportKind::Contacts).await
    }

    /// Imports companies from a file, in the name of your unit.
    #[doc = allowed!(companiesImport)]
    async fn companies_import(&self, context: &Context<'_>, input: ImportInput) -> Result<ImportPayload> {
        import(context, input, ImportKind::Companies).await
    }
}

async fn import(context: &Context<'_>, input: ImportInput, kind: ImportKind) -> Result<ImportPayload> {
    let Upload(bytes) = input.file;
    let overrides = input.columns.into_iter().map(|column| (column.header, column.column)).collect();
    let file = ImportFile { source: Source::Bytes(Arc::from(bytes.as_ref())), kind, overrides };
    let request = request(context);
    let wanted = WorkContext::new(request.session.caller, request.id);
    let ledger = app(context).ledger.clone();
    if input.dry_run {
        return rehearse(&ledger, &wanted, file).await;
    }
    match prepare(&ledger, &wanted, file).await {
        Ok(prepared) => start(context, prepared, ledger, wanted).await,
        Err(error) => refusal(error),
    }
}

async fn rehearse(ledger: &Ledger, wanted: &WorkContext, file: ImportFile) -> Result<ImportPayload> {
    let mut refusals: Vec<RowOutcome> = Vec::new();
    let listed = dry_run(ledger, wanted, file, |progress| {
        let refused =
            progress.outcomes.iter().filter(|row| row.outcome == lethe_crm::import::Outcome::Refused);
        let room = LISTED.saturating_sub(refusals.len());
        refusals.extend(refused.take(room).cloned());
    })
    .await;
    match listed {
        Ok(Summary { tally: Tally { created, existing, refused }, .. }) => {
            let refusals = refusals.into_iter().map(|row| RefusedRow {
                row: row.row,
                outcome: row.outcome.into(),
                code: row.code,
                column: row.column,
            });
            let dry_run = Some(DryRun { created, existing, refused, refusals: refusals.collect() });
            Ok(ImportPayload { dry_run, ..ImportPayload::default() })
        }
        Err(error) => refusal(error),
    }
}

/// Answers with the operation, and lets the import run on.
async fn start(
    context: &Context<'_>,
    prepared: Prepared,
    ledger: Ledger,
    wanted: WorkContext,
) -> Result<ImportPayload> {
    let (id, position) = (prepared.import().0, prepared.position());
    let app = app(context);
    let span = tracing::info_span!(parent: None, "import", request_id = %wanted.request, import = %id);
    let work = async move { run(prepared, &ledger, &wanted, |_| {}).await };
    span.in_scope(|| {
        app.background.spawn(work, |ended| match ended {
            Some(Ok(_)) => {}
            Some(Err(error)) => tracing::error!(%error, "an import stopped"),
            None => tracing::warn!(
                "an import was interrupted by the stop of the server; the same file goes on there"
            ),
        });
    });
    let view_pending = !reached(app, &[shown::<OperationView>().name], position).await?;
    let rows = app.views.rows_at::<OperationView>(&[id], i64::MAX, &Reads::nothing()).await;
    let operation = rows?.remove(&id).map(Operation);
    Ok(ImportPayload {
        operation,
        position: Some(Position(position)),
        view_pending,
        ..ImportPayload::default()
    })
}

fn refusal(error: ImportError) -> Result<ImportPayload> {
    let errors = match error {
        ImportError::Failed(Failure::Failed(error))
        | ImportError::Row { failure: Failure::Failed(error), .. } => {
            return Err(error.into());
        }
        ImportError::Failed(Failure::Refused(errors))
        | ImportError::Row { failure: Failure::Refused(errors), .. } => errors,
        ImportError::Table(error) => vec![UserError::at(ErrorCode::InvalidValue, "file", error.to_string())],
        error @ (ImportError::Starting | ImportError::Stopped) => {
            vec![UserError::new(ErrorCode::Conflict, error.to_string())]
        }
    };
    Ok(ImportPayload {
        user_errors: errors.into_iter().map(Into::into).collect(),
        ..ImportPayload::default()
    })
}
