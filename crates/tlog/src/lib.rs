//! A transparency log: the Merkle tree of RFC 6962 over events, and the forms in which the C2SP specifications give it to
//! outsiders. It stores nothing: whoever keeps the hashes hands them in.
//!
//! - [`entry`]: the bytes of an event that are hashed into a leaf.
//! - [`tree`]: hashes, the growing tree, inclusion and consistency proofs.
//! - [`tile`]: the tree in files of 256 hashes (C2SP `tlog-tiles`).
//! - [`note`]: texts with signatures, and verifier keys (C2SP `signed-note`).
//! - [`checkpoint`]: the signed size and root of a tree (C2SP `tlog-checkpoint`).
//! - [`proof`]: the proof of one event, in a file (C2SP `tlog-proof`).
//! - [`bundle`]: a folder with events and all that is needed to verify them offline.
//! - [`witness`]: what a witness is asked, and when it cosigns (C2SP `tlog-witness`, `tlog-cosignature`).
//!
//! The forms are described in `docs/log-format.md`, so that they can be checked without this crate.

pub mod bundle;
pub mod checkpoint;
pub mod entry;
mod hash;
pub mod note;
pub mod proof;
pub mod tile;
pub mod tree;
pub mod witness;

pub use hash::{Hash, HashError, sha256};
