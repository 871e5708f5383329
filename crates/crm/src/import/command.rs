use super::{Because, RowOutcome, Started};

/// What can be asked of an import.
#[derive(Clone, Debug)]
pub enum ImportCommand {
    /// Begin, go on, or begin again if it has finished.
    Start(Started),
    /// Note what became of rows.
    Progress {
        /// The number of the last of them.
        through_row: u64,
        /// What became of them.
        outcomes: Vec<RowOutcome>,
    },
    /// Note that the file's end is reached.
    Finish,
    /// Note that its key is destroyed.
    Forget(Because),
}
