//! The facts that a preview was made of, in one canonical form.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use lethe_crm::contact::ErasureKind;
use lethe_kernel::ContactId;
use uuid::Uuid;

/// The kind of erasure and the version of every stream that it would change. Each fact is a tag, an id of 16 bytes and
/// a version of 8, so that no two lists of facts have the same bytes.
pub(super) struct Facts(Vec<u8>);

impl Facts {
    /// What is to be erased, and how.
    pub(super) fn new(contact: ContactId, kind: ErasureKind) -> Self {
        let mut facts = Self(b"lethe-erasure-preview/1\0".to_vec());
        facts.add(
            match kind {
                ErasureKind::Anonymised => b'A',
                ErasureKind::Deleted => b'D',
            },
            contact,
            0,
        );
        facts
    }

    /// A stream and the number of its events.
    pub(super) fn add(&mut self, tag: u8, stream: impl Into<Uuid>, version: i64) {
        self.0.push(tag);
        self.0.extend_from_slice(stream.into().as_bytes());
        self.0.extend_from_slice(&version.to_be_bytes());
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A digest of the facts, as clients see it.
pub(super) fn token(digest: &[u8; 32]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Uuid = Uuid::from_u128(1);

    fn facts(kind: ErasureKind, streams: &[(u8, u128, i64)]) -> Vec<u8> {
        let mut facts = Facts::new(ContactId(ONE), kind);
        for (tag, id, version) in streams {
            facts.add(*tag, Uuid::from_u128(*id), *version);
        }
        facts.0
    }

    #[test]
    fn whatever_differs_gives_other_facts() {
        let same = facts(ErasureKind::Anonymised, &[(b'c', 1, 2), (b'n', 3, 1)]);
        assert_eq!(same, facts(ErasureKind::Anonymised, &[(b'c', 1, 2), (b'n', 3, 1)]));
        for other in [
            facts(ErasureKind::Deleted, &[(b'c', 1, 2), (b'n', 3, 1)]),
            facts(ErasureKind::Anonymised, &[(b'c', 1, 3), (b'n', 3, 1)]),
            facts(ErasureKind::Anonymised, &[(b'c', 1, 2), (b'n', 3, 2)]),
            facts(ErasureKind::Anonymised, &[(b'c', 1, 2), (b'n', 4, 1)]),
            facts(ErasureKind::Anonymised, &[(b'c', 1, 2), (b'p', 3, 1)]),
            facts(ErasureKind::Anonymised, &[(b'c', 1, 2)]),
        ] {
            assert_ne!(same, other);
        }
    }
}
