//! Which nodes a proof is made of.

use super::{Node, node_hash};
use crate::Hash;

/// What a proof consists of, before any hash has been read. Read the [nodes](Plan::nodes) from wherever they are – all at
/// once, if that is a database – and then [assemble](Plan::assemble) the proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// For each hash of the proof the perfect subtrees below it, from left to right.
    steps: Vec<Vec<Node>>,
}

/// Why nothing can be proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The leaf is not in a tree of that size.
    #[error("A tree of {size} leaves has no leaf number {index} (they are numbered from 0).")]
    NoLeaf {
        /// The number of the leaf, from 0.
        index: u64,
        /// The size of the tree.
        size: u64,
    },
    /// The older tree is larger.
    #[error("A tree of {old} leaves cannot have been before one of {new} leaves.")]
    NotOlder {
        /// The size of the tree that should be the older one.
        old: u64,
        /// The size of the tree that should be the newer one.
        new: u64,
    },
}

impl Plan {
    /// The proof that leaf number `index`, from 0, is in a tree of `size` leaves (RFC 6962, section 2.1.1).
    ///
    /// # Errors
    /// [`PlanError::NoLeaf`].
    pub fn inclusion(index: u64, size: u64) -> Result<Self, PlanError> {
        if index >= size {
            return Err(PlanError::NoLeaf { index, size });
        }
        let (mut begin, mut end, mut steps) = (0, size, Vec::new());
        while end - begin > 1 {
            let middle = begin + split(end - begin);
            if index < middle {
                steps.push(Node::of_range(middle, end));
                end = middle;
            } else {
                steps.push(Node::of_range(begin, middle));
                begin = middle;
            }
        }
        steps.reverse();
        Ok(Self { steps })
    }

    /// The proof that a tree of `new` leaves began as the one of `old` leaves (RFC 6962, section 2.1.2). It is empty when
    /// both are the same or the old one has no leaf.
    ///
    /// # Errors
    /// [`PlanError::NotOlder`].
    pub fn consistency(old: u64, new: u64) -> Result<Self, PlanError> {
        if old > new {
            return Err(PlanError::NotOlder { old, new });
        }
        let (mut begin, mut end, mut steps) = (0, new, Vec::new());
        if old == 0 {
            return Ok(Self { steps });
        }
        while end > old {
            let middle = begin + split(end - begin);
            if old <= middle {
                steps.push(Node::of_range(middle, end));
                end = middle;
            } else {
                steps.push(Node::of_range(begin, middle));
                begin = middle;
            }
        }
        // The old root itself is not sent: whoever verifies has it.
        if begin > 0 {
            steps.push(Node::of_range(begin, end));
        }
        steps.reverse();
        Ok(Self { steps })
    }

    /// Every node whose hash is needed.
    pub fn nodes(&self) -> impl Iterator<Item = Node> {
        self.steps.iter().flatten().copied()
    }

    /// The hashes of the proof, in the order of RFC 6962.
    ///
    /// # Errors
    /// What `read` answers for a node it cannot read.
    pub fn assemble<E>(&self, mut read: impl FnMut(Node) -> Result<Hash, E>) -> Result<Vec<Hash>, E> {
        let mut proof = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            let mut above: Option<Hash> = None;
            for node in step.iter().rev() {
                let left = read(*node)?;
                above = Some(above.map_or(left, |right| node_hash(&left, &right)));
            }
            proof.extend(above);
        }
        Ok(proof)
    }
}

/// The largest power of two that is less than `width`, which is at least 2.
fn split(width: u64) -> u64 {
    1 << (width - 1).ilog2()
}
