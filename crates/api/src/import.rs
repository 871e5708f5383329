//! Imports, and the operations one can watch them by.

mod mutation;
mod upload;

pub(crate) use mutation::ImportMutation;
pub use upload::Upload;

use async_graphql::connection::Connection;
use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use lethe_crm::import::{
    ImportKind, OperationFilter, OperationOrder, OperationOutcomeRow, OperationRow, OperationStatus,
    OperationView, Outcome, operation_page, outcome_page,
};
use lethe_kernel::UnitId;
use uuid::Uuid;

use crate::app::parts;
use crate::argument::wait_for;
use crate::code::code;
use crate::connection::{Opaque, PageArguments};
use crate::error::{Result, refused};
use crate::event::Event;
use crate::history::history;
use crate::id::Kind;
use crate::kind::shown;
use crate::loader::Identified;
use crate::permission::allowed;
use crate::scalar::Position;
use crate::unit::Unit;
use crate::visibility::Visibility;

#[derive(Clone)]
pub(crate) struct Operation(pub(crate) OperationRow);

code! {
    /// What an operation imports.
    ImportKindField: "ImportKind" = ImportKind
}

code! {
    /// Whether an operation has come to its end.
    OperationStatusField: "OperationStatus" = OperationStatus
}

code! {
    /// What became of a row.
    OutcomeField: "RowOutcome" = Outcome
}

/// What became of one row of a file. It names columns, never values.
#[derive(SimpleObject, Clone)]
pub(crate) struct OperationOutcome {
    /// The row's number in the file; the header is row 1.
    row: i64,
    /// What became of it.
    outcome: OutcomeField,
    /// The record.
    object_id: Option<ID>,
    /// Why it was refused.
    code: Option<String>,
    /// The column at fault.
    column: Option<String>,
}

impl OperationOutcome {
    fn of(row: OperationOutcomeRow, kind: ImportKind) -> Self {
        let object = match kind {
            ImportKind::Contacts => Kind::Contact,
            ImportKind::Companies => Kind::Company,
        };
        Self {
            row: row.row_number,
            outcome: row.outcome.into(),
            object_id: row.object_id.map(|id| object.id(id)),
            code: row.code,
            column: row.column_name,
        }
    }
}

impl Identified for OperationRow {
    fn id(&self) -> Uuid {
        self.id.0
    }

    fn is_seen(&self, by: Visibility) -> bool {
        by.is_own(self.unit_id)
    }
}

/// Work that takes long: an import. Watch it with `changes(of:)`.
#[Object]
impl Operation {
    /// The operation's id.
    pub(crate) async fn id(&self) -> ID {
        Kind::Operation.id(self.0.id)
    }

    /// What it imports.
    async fn kind(&self) -> ImportKindField {
        self.0.kind.into()
    }

    /// Whether it has come to its end.
    async fn status(&self) -> OperationStatusField {
        self.0.status.into()
    }

    /// How many rows are done.
    async fn done(&self) -> i64 {
        self.0.done
    }

    /// How many rows there are.
    async fn total(&self) -> Option<i64> {
        self.0.total
    }

    /// How many records were created.
    async fn created(&self) -> i64 {
        self.0.created
    }

    /// How many were there already.
    async fn existing(&self) -> i64 {
        self.0.existing
    }

    /// How many rows were refused.
    async fn refused(&self) -> i64 {
        self.0.refused
    }

    /// Whose it is.
    async fn unit(&self, context: &Context<'_>) -> Result<Option<Unit>> {
        Unit::by_id(context, self.0.unit_id.0).await
    }

    /// When it was started.
    async fn started_at(&self) -> DateTime<Utc> {
        self.0.started_at
    }

    /// When it last changed.
    async fn changed_at(&self) -> DateTime<Utc> {
        self.0.changed_at
    }

    /// When its file ceased to be recognised: the same file sent again since then is another import, which finds what has
    /// an external reference or a public number and registers the rest anew. Null as long as it is recognised.
    async fn forgotten_at(&self) -> Option<DateTime<Utc>> {
        self.0.forgotten_at
    }

    /// What became of each row, in the order of the file; of one kind only, if you ask for it.
    #[graphql(complexity = "crate::connection::weight(first, last, child_complexity)")]
    async fn outcomes(
        &self,
        context: &Context<'_>,
        outcome: Option<OutcomeField>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<Opaque, OperationOutcome>> {
        let slice = PageArguments { first, after, last, before };
        let outcome = outcome.map(Into::into);
        let found = outcome_page(&parts(context).pool, self.0.id, outcome, &slice.page()?).await;
        let kind = self.0.kind;
        slice.connection(found?, |row| OperationOutcome::of(row, kind))
    }

    /// Everything that happened to it, the oldest first.
    #[graphql(complexity = "crate::connection::weight(first, last, child_complexity)")]
    async fn history(
        &self,
        context: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<Opaque, Event>> {
        history(context, "import", self.0.id.0, None, &PageArguments { first, after, last, before }).await
    }
}

/// Which operations are wanted; everything given must hold.
#[derive(InputObject, Default)]
pub(crate) struct OperationFilterInput {
    /// Those of a unit.
    unit: Option<ID>,
    /// Those that import contacts, or companies.
    kind: Option<ImportKindField>,
    /// Those that have, or have not, come to their end.
    status: Option<OperationStatusField>,
}

/// Queries about operations.
#[derive(Default)]
pub(crate) struct ImportQuery;

#[Object]
impl ImportQuery {
    /// A list of operations, the newest first.
    #[doc = allowed!(operations)]
    #[graphql(complexity = "crate::connection::weight(first, last, child_complexity)")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn operations(
        &self,
        context: &Context<'_>,
        filter: Option<OperationFilterInput>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        min_position: Option<Position>,
    ) -> Result<Connection<Opaque, Operation>> {
        wait_for(context, &[shown::<OperationView>()], min_position).await?;
        let slice = PageArguments { first, after, last, before };
        let filter = filter.unwrap_or_default();
        let unit = filter.unit.map(|id| Kind::Unit.read(&id, "filter.unit").map(UnitId)).transpose();
        let filter = OperationFilter {
            units: Visibility::of(context).narrowed(unit.map_err(refused)?),
            kind: filter.kind.map(Into::into),
            status: filter.status.map(Into::into),
        };
        let order = OperationOrder::Started.sql(true);
        let found = operation_page(&parts(context).pool, &filter, order, &slice.page()?).await;
        slice.connection(found?, Operation)
    }
}
