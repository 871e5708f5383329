//! A stream as a command sees it.

use std::sync::Arc;

use cqrs_es::Aggregate;
use uuid::Uuid;

use crate::append::NewEvent;
use crate::cache::State;
use crate::{LedgerError, Parts, Stored};

/// A stream, as it is stored and with what is staged.
pub(super) struct Loaded {
    /// The state with the events staged here.
    pub(super) state: State,
    /// The state as it is stored, with sealed values.
    pub(super) base: State,
    pub(super) stored: i64,
    pub(super) staged: i64,
    /// Whether the state came from memory, so that it may be old.
    pub(super) remembered: bool,
    /// Whether the stream's id was made by this command.
    pub(super) new: bool,
    pub(super) kind: Kind,
}

/// What can be done with a state whose type is known only here.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    /// Applies events as they are stored.
    pub(super) advance: fn(&State, &[&NewEvent]) -> Result<State, LedgerError>,
    /// Keeps a snapshot.
    pub(super) keep: fn(&Parts, Uuid, &State, i64),
}

impl Kind {
    pub(super) fn of<A: Stored>() -> Self {
        let keep = |parts: &Parts, id, state: &State, version| {
            if let Some(state) = state.downcast_ref::<A>() {
                parts.keep_snapshot(id, state, version);
            }
        };
        Self { advance: advance::<A>, keep }
    }
}

fn advance<A: Stored>(state: &State, events: &[&NewEvent]) -> Result<State, LedgerError> {
    let mut state: A = state.downcast_ref::<A>().cloned().unwrap_or_default();
    for event in events {
        let event = serde_json::from_str(&event.payload).map_err(|_| encoded(event))?;
        Aggregate::apply(&mut state, event);
    }
    Ok(Arc::new(state))
}

fn encoded(event: &NewEvent) -> LedgerError {
    LedgerError::Encode(format!("{} does not read what it wrote", event.event_type))
}
