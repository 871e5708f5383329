//! The Merkle tree of RFC 6962, section 2.1.
//!
//! The hash of each *perfect* subtree – 2^level leaves from a multiple of 2^level on – never changes again once its last
//! leaf is there. It is a [`Node`]; all proofs are made of such nodes, so whoever can read them (or
//! [tiles](crate::tile), from which they are computed) can prove everything.

mod frontier;
mod plan;
mod verify;

pub use frontier::Frontier;
pub use plan::{Plan, PlanError};
pub use verify::{verify_consistency, verify_inclusion};

use crate::Hash;
use crate::hash::sha256_of;

/// The hash of a leaf: SHA-256(`00` ‖ entry).
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> Hash {
    sha256_of(&[&[0x00], entry])
}

/// The hash of what stands above two hashes: SHA-256(`01` ‖ left ‖ right).
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [1; 65];
    bytes.iter_mut().skip(1).zip(left.0.iter().chain(&right.0)).for_each(|(to, from)| *to = *from);
    crate::sha256(&bytes)
}

/// The root of a tree without leaves: SHA-256 of nothing.
#[must_use]
pub fn empty_root() -> Hash {
    crate::sha256(b"")
}

/// The root above hashes that stand side by side at one level. Over the hashes of all leaves it is the root of the tree;
/// over the roots of aligned pieces of 2^k leaves each (the last may be shorter) it is that too.
#[must_use]
pub fn root_of(hashes: &[Hash]) -> Hash {
    let mut level = hashes.to_vec();
    if level.is_empty() {
        return empty_root();
    }
    // What has no right neighbour goes up as it is: this is the shape of RFC 6962.
    while level.len() > 1 {
        level = level
            .chunks(2)
            .filter_map(|pair| match pair {
                [left, right] => Some(node_hash(left, right)),
                [alone] => Some(*alone),
                _ => None,
            })
            .collect();
    }
    level.first().copied().unwrap_or_else(empty_root)
}

/// A perfect subtree: that of the leaves from `index · 2^level` to before `(index + 1) · 2^level`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Node {
    /// The height over the leaves, 0 for a leaf.
    pub level: u8,
    /// Which one of this height, from 0.
    pub index: u64,
}

impl Node {
    /// The perfect subtrees that a tree of `size` leaves consists of, the largest first. Their hashes are what a
    /// [`Frontier`] is made of.
    #[must_use]
    pub fn of_size(size: u64) -> Vec<Self> {
        Self::of_range(0, size)
    }

    /// The perfect subtrees of the leaves from `begin` to before `end`, when `begin` is a multiple of a power of two that
    /// is not less than their number.
    fn of_range(begin: u64, end: u64) -> Vec<Self> {
        let (mut at, mut nodes) = (begin, Vec::new());
        for level in (0..64_u8).rev() {
            let width = 1_u64 << level;
            if end.saturating_sub(begin) & width != 0 {
                nodes.push(Self { level, index: at >> level });
                at += width;
            }
        }
        nodes
    }
}

#[cfg(test)]
mod tests;
