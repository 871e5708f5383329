//! Building a view anew beside the one that is read.

use std::sync::Arc;

use crate::{LedgerError, Parts, Projection, view};

/// How far a rebuild is.
#[derive(Clone, Copy, Debug)]
pub struct Done {
    /// The position it has come to.
    pub position: i64,
    /// The position it goes to.
    pub until: i64,
    /// The events it has folded.
    pub events: u64,
}

/// Is told how far a rebuild is.
pub type Progress<'a> = &'a (dyn Fn(Done) + Send + Sync);

/// What a rebuild came to.
#[derive(Clone, Debug, Default)]
pub struct Rebuilt {
    /// The events it has folded.
    pub events: u64,
}

pub(crate) async fn at_start<P: Projection>(parts: &Arc<Parts>) -> Result<(), LedgerError> {
    if view::open::<P>(parts).await?.is_some() {
        return Ok(());
    }
    Ok(())
}

pub(crate) async fn on_demand<P: Projection>(
    _parts: &Arc<Parts>,
    _progress: Progress<'_>,
) -> Result<Rebuilt, LedgerError> {
    Ok(Rebuilt::default())
}
