//! The append-only event store: units of work over several aggregates, one order for all events, idempotent
//! commands, and projections that follow the ledger. See `docs/ledger.md`.

mod aggregate;
mod append;
mod batch;
mod cache;
mod change;
mod database;
mod error;
mod event;
mod evolution;
mod hint;
mod idempotency;
mod ledger;
mod load;
mod page;
mod projection;
mod reaction;
mod read;
mod rebuild;
mod runner;
mod store;
mod unit;
mod view;
mod views;
mod within;
mod work;
mod writer;

pub use aggregate::{Secrets, Stored};
pub use change::{Change, Described, Value};
pub use database::{connect, migrate};
pub use error::{Failure, LedgerError, is_outage};
pub use event::{Metadata, Recorded};
pub use evolution::{EventType, Fields, Upcaster, Versioned, lead_to};
pub use idempotency::Idempotency;
pub use ledger::{Ledger, Parts};
pub use page::{Cursor, Found, Order, Page, nested, page};
pub use projection::{Child, Projection};
pub use reaction::Reaction;
pub use read::Cutoff;
pub use rebuild::{Done, Progress, Rebuilt};
pub use runner::state::{Activity, State as ProjectionState};
pub use store::rows;
pub use unit::Unit;
pub use views::{Views, ViewsBuilder};
pub use within::append_within;
pub use work::{Answer, Committed, Context, Work};
