//! Checking proofs, as RFC 9162 (sections 2.1.3.2 and 2.1.4.2) describes it for the same trees.

use super::node_hash;
use crate::Hash;

/// Whether `proof` shows that `leaf` is leaf number `index` (from 0) of the tree with that size and root.
#[must_use]
pub fn verify_inclusion(index: u64, leaf: &Hash, size: u64, root: &Hash, proof: &[Hash]) -> bool {
    if index >= size {
        return false;
    }
    let mut walk = Walk { node: index, last: size - 1 };
    let mut hash = *leaf;
    for sibling in proof {
        let Some(left) = walk.up() else { return false };
        hash = if left { node_hash(sibling, &hash) } else { node_hash(&hash, sibling) };
    }
    walk.last == 0 && hash == *root
}

/// Whether `proof` shows that the tree with the new size and root began as the one with the old size and root. The tree
/// without leaves is the beginning of each; that needs no proof, and none may be given.
#[must_use]
pub fn verify_consistency(old: (u64, &Hash), new: (u64, &Hash), proof: &[Hash]) -> bool {
    let ((old_size, old_root), (new_size, new_root)) = (old, new);
    if old_size > new_size {
        return false;
    }
    if old_size == 0 {
        return proof.is_empty() && *old_root == super::empty_root();
    }
    if old_size == new_size {
        return proof.is_empty() && old_root == new_root;
    }
    let mut rest = proof.iter();
    // The root of a perfect old tree is a node of the new one, and is not sent.
    let first = if old_size.is_power_of_two() { Some(old_root) } else { rest.next() };
    let Some(first) = first else { return false };
    let mut walk = Walk { node: old_size - 1, last: new_size - 1 };
    walk.skip(|node| node & 1 == 1);
    let (mut old_hash, mut new_hash) = (*first, *first);
    for sibling in rest {
        let Some(left) = walk.up() else { return false };
        if left {
            old_hash = node_hash(sibling, &old_hash);
            new_hash = node_hash(sibling, &new_hash);
        } else {
            new_hash = node_hash(&new_hash, sibling);
        }
    }
    walk.last == 0 && old_hash == *old_root && new_hash == *new_root
}

/// The way from a node to the root.
struct Walk {
    /// The number of the node at its level.
    node: u64,
    /// The number of the last node at the same level.
    last: u64,
}

impl Walk {
    /// Goes to the next node that has a sibling, and says whether that stands to the left; none at the root.
    fn up(&mut self) -> Option<bool> {
        if self.last == 0 {
            return None;
        }
        let left = self.node & 1 == 1 || self.node == self.last;
        if left {
            // The last node of a level without a sibling goes up as it is.
            self.skip(|node| node & 1 == 0 && node != 0);
        }
        self.node >>= 1;
        self.last >>= 1;
        Some(left)
    }

    fn skip(&mut self, while_so: impl Fn(u64) -> bool) {
        while while_so(self.node) {
            self.node >>= 1;
            self.last >>= 1;
        }
    }
}
