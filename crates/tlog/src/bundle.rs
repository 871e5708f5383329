//! A folder with events and all that is needed to verify them, offline and without keys: the *audit bundle*.
//!
//! ```text
//! manifest.json           what it is: origin, key, signed checkpoint, selection, root of every chunk
//! events/000000.events    the events of a chunk, if any of it were selected
//! ```
//!
//! The tree is cut in *chunks* of 65,536 leaves and these in *blocks* of 256 (the last of each may be shorter). The roots
//! of all chunks give the root of the signed tree; the roots of its blocks, at the head of its file, give the root of a
//! chunk; the hashes of its leaves, before its events, give the root of a block. So every event is compared with a hash
//! that the signed checkpoint vouches for, whether all are in the bundle or one of a million, and the first one that is not
//! what was logged is known by its position. Everything is read from front to back, once, in little memory.
//!
//! A server that exports uses [`Writer`], and [`verify`] reads. The form is described in `docs/log-format.md`.

mod chunk;
mod event;
mod fault;
mod folder;
mod json;
mod manifest;
mod order;
mod source;
mod verify;
mod write;

pub use event::Event;
pub use fault::{Changed, Fault};
pub use manifest::{Earlier, Selection};
pub use verify::{Expected, Progress, Report, verify};
pub use write::{Header, WriteError, Writer};

/// The name and version of the form.
pub const FORMAT: &str = "lethe-audit-bundle/1";

/// The file that says what a bundle is.
pub const MANIFEST: &str = "manifest.json";

/// The folder with the files of the chunks.
pub const EVENTS: &str = "events";

/// How many leaves a block has.
const BLOCK: u64 = 256;

/// How many leaves a chunk has.
const CHUNK: u64 = 65_536;

/// The name of a chunk's file, below the bundle's folder.
fn chunk_file(chunk: u64) -> String {
    format!("{EVENTS}/{chunk:06}.events")
}
