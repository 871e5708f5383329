//! What keeps every unit of work out of the ledger, not one of them.

use std::sync::Arc;

use super::Outcome;
use crate::{LedgerError, is_outage};

/// Why nothing can be appended at the moment.
#[derive(Clone)]
pub(super) enum Outage {
    Told(Arc<sqlx::Error>),
    Unconfirmed,
}

impl Outage {
    pub(super) fn of(outcome: &Outcome) -> Option<Self> {
        match outcome {
            Err(LedgerError::Append(error)) if is_outage(error) => Some(Self::Told(error.clone())),
            Err(LedgerError::Unconfirmed) => Some(Self::Unconfirmed),
            _ => None,
        }
    }
}

/// The error of a unit that was not sent because of it, which therefore is not in the ledger.
impl From<Outage> for LedgerError {
    fn from(outage: Outage) -> Self {
        match outage {
            Outage::Told(error) => Self::Append(error),
            Outage::Unconfirmed => Self::Busy,
        }
    }
}
