//! Executes or rehearses the rows of a chunk: many at a time, yet as if one after another.

use std::collections::{HashMap, HashSet};

use lethe_kernel::{ErrorCode, ImportId, UserError};
use lethe_ledger::{Context, Failure, Ledger};
use lethe_tabular::{Row, RowError};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::file::MappedFile;
use super::plan::{RowWork, column_of, unreadable};
use super::reader::Read;
use super::{ImportError, Outcome, RowOutcome};

/// How many rows are under way at a time.
const AT_ONCE: usize = 32;

/// What executes rows.
pub(super) struct Executor<'a> {
    ledger: &'a Ledger,
    context: Context,
    file: &'a MappedFile,
    import: ImportId,
    /// In a rehearsal, the records that earlier rows would have registered, by what they are known by.
    rehearsed: Option<HashMap<Uuid, Uuid>>,
}

struct Planned {
    row: u64,
    work: RowWork,
    keys: Vec<Uuid>,
}

type Done = (u64, Vec<Uuid>, Result<(Outcome, Uuid), Failure>);

impl<'a> Executor<'a> {
    pub(super) fn new(
        ledger: &'a Ledger,
        context: &Context,
        file: &'a MappedFile,
        import: ImportId,
        rehearse: bool,
    ) -> Self {
        // Rows have ids of their own that make them repeatable.
        let context = Context { idempotency: None, ..context.clone() };
        Self { ledger, context, file, import, rehearsed: rehearse.then(HashMap::new) }
    }

    /// What becomes of each row, in their order.
    pub(super) async fn run(&mut self, rows: Vec<Read>) -> Result<Vec<RowOutcome>, ImportError> {
        let (mut outcomes, mut first, mut later) = (Vec::with_capacity(rows.len()), Vec::new(), Vec::new());
        let mut claimed = HashSet::new();
        for row in rows {
            match self.plan(row) {
                Err(outcome) => outcomes.push(outcome),
                Ok(planned) => {
                    // Of rows that are about one record the first wins, so the others wait for it.
                    let waits = planned.keys.iter().any(|key| claimed.contains(key));
                    claimed.extend(planned.keys.iter().copied());
                    if waits { later.push(planned) } else { first.push(planned) }
                }
            }
        }
        outcomes.extend(self.together(first).await?);
        for planned in later {
            outcomes.extend(self.together(vec![planned]).await?);
        }
        outcomes.sort_by_key(|outcome| outcome.row);
        Ok(outcomes)
    }

    fn plan(&self, row: Read) -> Result<Planned, RowOutcome> {
        let row: Row = row.map_err(|RowError { row, kind }| {
            let (code, column) = unreadable(&kind);
            RowOutcome::refused(row, code, column.and_then(|index| self.file.column(index)))
        })?;
        let work = RowWork::of(self.file.kind, &row, &self.file.mapping, self.import)
            .map_err(|refusal| RowOutcome::refused(row.number, refusal.code, refusal.column))?;
        let keys = work.keys(self.context.caller.unit);
        Ok(Planned { row: row.number, work, keys })
    }

    async fn together(&mut self, planned: Vec<Planned>) -> Result<Vec<RowOutcome>, ImportError> {
        let (mut outcomes, mut running) = (Vec::with_capacity(planned.len()), JoinSet::new());
        for planned in planned {
            if let Some(outcome) = self.seen(&planned) {
                outcomes.push(outcome);
                continue;
            }
            if running.len() >= AT_ONCE
                && let Some(done) = running.join_next().await
            {
                outcomes.push(self.settle(done?)?);
            }
            running.spawn(attempt(
                self.ledger.clone(),
                self.context.clone(),
                self.rehearsed.is_some(),
                planned,
            ));
        }
        while let Some(done) = running.join_next().await {
            outcomes.push(self.settle(done?)?);
        }
        Ok(outcomes)
    }

    /// The outcome of a row whose record an earlier row would have registered.
    fn seen(&self, planned: &Planned) -> Option<RowOutcome> {
        let rehearsed = self.rehearsed.as_ref()?;
        let object = planned.keys.iter().find_map(|key| rehearsed.get(key))?;
        Some(RowOutcome::stored(planned.row, Outcome::Existing, *object))
    }

    fn settle(&mut self, (row, keys, result): Done) -> Result<RowOutcome, ImportError> {
        let failure = match result {
            Ok((outcome, object)) => {
                if let Some(rehearsed) = &mut self.rehearsed {
                    rehearsed.extend(keys.into_iter().map(|key| (key, object)));
                }
                return Ok(RowOutcome::stored(row, outcome, object));
            }
            Err(failure) => failure,
        };
        match &failure {
            Failure::Refused(errors) => match errors.first() {
                Some(error) if error.code != ErrorCode::Conflict => Ok(self.refused(row, error)),
                _ => Err(ImportError::Row { row, failure }),
            },
            Failure::Failed(_) => Err(ImportError::Row { row, failure }),
        }
    }

    fn refused(&self, row: u64, error: &UserError) -> RowOutcome {
        let column = error.field.first().map(|field| column_of(field)).map(|column| match column.as_str() {
            // A name that was split, or that should have been given.
            "first_name" | "last_name" if !self.file.has(&column) && self.file.has("name") => {
                "name".to_owned()
            }
            _ => column,
        });
        RowOutcome::refused(row, error.code.name(), column.as_deref())
    }
}

async fn attempt(ledger: Ledger, context: Context, rehearse: bool, planned: Planned) -> Done {
    let Planned { row, work, keys } = planned;
    let result = if rehearse {
        ledger.rehearse(&context, &work).await.map(|answer| {
            let object = answer.objects.first().copied().unwrap_or_default();
            (work.outcome(), object)
        })
    } else {
        match work.knowing(ledger.parts(), context.caller.unit).await {
            Ok(work) => {
                let committed = ledger.execute(&context, &work).await;
                committed.map(|committed| (work.outcome(), committed.object()))
            }
            Err(error) => Err(error.into()),
        }
    };
    (row, keys, result)
}
