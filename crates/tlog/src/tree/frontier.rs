//! The tree while it grows.

use super::{Node, empty_root, node_hash};
use crate::Hash;

/// The right edge of a growing tree: the hashes of the perfect subtrees it consists of. It needs memory for at most 64
/// hashes, whatever the size of the tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// The hashes of [`Node::of_size`], the largest subtree first.
    hashes: Vec<Hash>,
}

impl Frontier {
    /// The edge of a tree of that size, from the hashes of the nodes that [`Node::of_size`] names, in that order; none if
    /// their number is wrong.
    #[must_use]
    pub fn new(size: u64, hashes: Vec<Hash>) -> Option<Self> {
        (hashes.len() == size.count_ones() as usize).then_some(Self { size, hashes })
    }

    /// How many leaves there are.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The hashes of the nodes that [`Node::of_size`] names, in that order.
    #[must_use]
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }

    /// Appends a leaf. `completed` is told of each perfect subtree that is complete by it, from the leaf itself upwards.
    pub fn push(&mut self, leaf: Hash, mut completed: impl FnMut(Node, Hash)) {
        let (mut hash, mut node) = (leaf, Node { level: 0, index: self.size });
        completed(node, hash);
        while node.index % 2 == 1 {
            let Some(left) = self.hashes.pop() else { break };
            hash = node_hash(&left, &hash);
            node = Node { level: node.level + 1, index: node.index / 2 };
            completed(node, hash);
        }
        self.hashes.push(hash);
        self.size += 1;
    }

    /// The root of the tree as it is now.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut hashes = self.hashes.iter().rev();
        let Some(last) = hashes.next() else { return empty_root() };
        hashes.fold(*last, |right, left| node_hash(left, &right))
    }
}
