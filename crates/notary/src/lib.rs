//! Tamper evidence: a Merkle tree over the ledger, its signed checkpoints, proofs from it, and what finds out that
//! somebody changed, took away or rewrote what was signed. See `docs/notary.md`; what others read is in
//! `docs/log-format.md`.

mod check;
mod checkpoint_file;
mod error;
mod examine;
mod export;
mod fault;
mod growth;
mod key;
mod nodes;
mod notary;
mod prove;
mod read;
mod store;
mod task;
mod witness;

pub use check::{Checked, root_now};
pub use checkpoint_file::{FILE, Places};
pub use error::NotaryError;
pub use export::Exported;
pub use fault::Fault;
pub use key::{origin_line, verifier};
pub use notary::{Checkpoint, Notary, State};
pub use store::begin_anew;
pub use witness::{Witness, WitnessFailure, WitnessStatus};
