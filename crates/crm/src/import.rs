//! The import of files with companies or contacts (R59): every row wholly or not at all, repeatable, resumable.
//!
//! An import is a stream of its own, which is its durable record. The same file, read the same way for the same unit,
//! is the same import: its records have ids that follow from external reference, number or row, so that nothing is
//! ever registered twice, however often the import is stopped and started. A report holds row, code and column, never a
//! value; neither the file's name nor a plain hash of it is stored, and what tells the file again dies with the first of
//! those whom it names.

mod aggregate;
mod cells;
mod command;
mod company_row;
mod contact_row;
mod error;
mod event;
mod executor;
mod file;
mod job;
mod legal_form;
mod naming;
mod outcome_view;
mod plan;
mod reader;
mod recognised;
mod recognition;
mod sweep;
mod view;
mod vocabulary;
mod work;

pub use aggregate::Import;
pub use command::ImportCommand;
pub use error::{ImportError, ImportRefusal};
pub use event::{
    Because, Finished, Forgotten, ImportEvent, ImportKind, Outcome, Progressed, RowOutcome, Started, Tally,
};
pub use file::{ImportFile, Source};
pub use job::{Prepared, Progress, Summary, dry_run, prepare, run};
pub use legal_form::legal_form;
pub use naming::Naming;
pub use outcome_view::{OUTCOME_ORDER, OperationOutcomeRow, OperationOutcomeView, outcome_page};
pub use recognised::{Added, FilesCommand, FilesEvent, NoLonger, RecognisedFiles, Settled};
pub use recognition::note_forgotten;
pub use sweep::{Aged, forget_old};
pub use view::{
    OperationFilter, OperationOrder, OperationRow, OperationStatus, OperationView, operation_page,
};
pub use vocabulary::vocabulary;
