//! Read models: pure folds over the ledger.

use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::{LedgerError, Reads, Recorded};

/// A read model: a table `view.<NAME>` with one row per key, and tables of lists that belong to a row.
///
/// A fold is pure: it copies sealed values as they are, knows no keys, no clock and no database. That is what makes
/// every view equal to its rebuild.
pub trait Projection: Send + Sync + 'static {
    /// The view's name and that of its main table in the schema `view`. The table's primary key is `id uuid`.
    const NAME: &'static str;
    /// Raised whenever fold or tables change; the view is then rebuilt.
    const VERSION: i32;
    /// Creates the tables, by names without a schema: it is run in the schema `view`, and beside it for a rebuild.
    const SQL: &'static str;
    /// The lists of a row that are kept in tables of their own.
    const CHILDREN: &'static [Child] = &[];
    /// The types of streams it follows.
    const SOURCES: &'static [&'static str];
    /// One row; its fields are the columns, and one field per child holds the list.
    type Row: Serialize + DeserializeOwned + Clone + PartialEq + Send + Sync;

    /// The keys of the rows an event touches.
    ///
    /// # Errors
    /// [`LedgerError::Unreadable`].
    fn keys(event: &Recorded) -> Result<Vec<Uuid>, LedgerError> {
        Ok(vec![event.stream])
    }

    /// What of a row's lists the fold of an event looks at. While a view is followed, the lists of a row hold that and
    /// nothing else; in a rebuild they are whole. The fold must give the same changes of the row and its lists either way.
    ///
    /// # Errors
    /// [`LedgerError::Unreadable`].
    fn reads(_: &Recorded) -> Result<Reads, LedgerError> {
        Ok(Reads::all())
    }

    /// The row after an event, `None` if there is none.
    ///
    /// # Errors
    /// [`LedgerError::Unreadable`].
    fn fold(row: Option<Self::Row>, key: Uuid, event: &Recorded) -> Result<Option<Self::Row>, LedgerError>;
}

/// A list of a row that has a table of its own.
#[derive(Clone, Copy, Debug)]
pub struct Child {
    /// The row's field.
    pub field: &'static str,
    /// The table in the schema `view`.
    pub table: &'static str,
    /// The table's column that names the row; each item of the list carries it too.
    pub owner: &'static str,
    /// The other columns of the table's primary key.
    pub key: &'static [&'static str],
    /// The column by which [`Reads::first`] finds the least items, those where it is null left out. An index begins with
    /// `owner` and this column.
    pub first: Option<&'static str>,
}
