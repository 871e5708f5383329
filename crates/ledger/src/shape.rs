//! A view without its type: what runner, rebuild, comparison and pages need of it. They are compiled once; only the fold
//! of a row, and the way between a row and its JSON, exist once per view.

use std::any::Any;

use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::runner::checkpoint::Identity;
use crate::{Child, LedgerError, Projection, Reads, Recorded};

/// Makes a row's state of its JSON.
type ToState = fn(Option<&str>) -> Result<Box<dyn State>, LedgerError>;

/// The description of a view.
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    pub(crate) version: i32,
    pub(crate) sql: &'static str,
    pub(crate) children: &'static [Child],
    pub(crate) sources: &'static [&'static str],
    pub(crate) keys: fn(&Recorded) -> Result<Vec<Uuid>, LedgerError>,
    pub(crate) reads: fn(&Recorded) -> Result<Reads, LedgerError>,
    /// The row that a JSON text holds, or that there is none.
    pub(crate) state: ToState,
}

impl Shape {
    /// Who it is.
    pub(crate) fn identity(&self) -> Identity {
        Identity { name: self.name, version: self.version, sources: self.sources }
    }

    /// All tables, the main one first.
    pub(crate) fn tables(&self) -> Vec<&'static str> {
        std::iter::once(self.name).chain(self.children.iter().map(|child| child.table)).collect()
    }

    /// Whether the view follows the stream of an event.
    pub(crate) fn follows(&self, event: &Recorded) -> bool {
        self.sources.contains(&event.aggregate_type.as_str())
    }

    /// No row yet.
    pub(crate) fn nothing(&self) -> Result<Box<dyn State>, LedgerError> {
        (self.state)(None)
    }
}

/// Every projection has one.
pub(crate) trait Shaped: Projection + Sized {
    const SHAPE: &'static Shape = &Shape {
        name: Self::NAME,
        version: Self::VERSION,
        sql: Self::SQL,
        children: Self::CHILDREN,
        sources: Self::SOURCES,
        keys: Self::keys,
        reads: Self::reads,
        state: Kept::<Self>::boxed,
    };
}

impl<P: Projection> Shaped for P {}

/// One row while events are folded into it.
pub(crate) trait State: Send {
    /// Folds an event.
    fn fold(&mut self, key: Uuid, event: &Recorded) -> Result<(), LedgerError>;

    /// The row as JSON, if there is one.
    fn json(&self) -> Result<Option<String>, LedgerError>;

    /// Whether there was a time without a row since it was read.
    fn was_gone(&self) -> bool;

    /// The row, as an `Option` of its type.
    fn row(self: Box<Self>) -> Box<dyn Any>;
}

struct Kept<P: Projection> {
    row: Option<P::Row>,
    was_gone: bool,
}

impl<P: Projection> Kept<P> {
    fn boxed(json: Option<&str>) -> Result<Box<dyn State>, LedgerError> {
        let row = json.map(decode).transpose()?;
        Ok(Box::new(Self { row, was_gone: false }))
    }
}

impl<P: Projection> State for Kept<P> {
    fn fold(&mut self, key: Uuid, event: &Recorded) -> Result<(), LedgerError> {
        self.row = P::fold(self.row.take(), key, event)?;
        self.was_gone |= self.row.is_none();
        Ok(())
    }

    fn json(&self) -> Result<Option<String>, LedgerError> {
        self.row.as_ref().map(encode).transpose()
    }

    fn was_gone(&self) -> bool {
        self.was_gone
    }

    fn row(self: Box<Self>) -> Box<dyn Any> {
        Box::new(self.row)
    }
}

/// The row of a projection from its state.
pub(crate) fn row_of<P: Projection>(state: Box<dyn State>) -> Option<P::Row> {
    state.row().downcast::<Option<P::Row>>().ok().and_then(|row| *row)
}

/// The row that a JSON text holds.
pub(crate) fn decode<R: DeserializeOwned>(text: &str) -> Result<R, LedgerError> {
    serde_json::from_str(text).map_err(|error| {
        LedgerError::Encode(format!("a view's row (column {}) has another form", error.column()))
    })
}

pub(crate) fn encode<T: Serialize>(value: &T) -> Result<String, LedgerError> {
    serde_json::to_string(value).map_err(|error| LedgerError::Encode(error.to_string()))
}
