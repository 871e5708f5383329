//! The facts that a preview was made of, in one canonical form.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use lethe_crm::contact::{BelongingKind, ErasureKind};
use lethe_kernel::ContactId;
use uuid::Uuid;

/// The kind of erasure and the version of every stream that it would change. Each fact is a tag, an id of 16 bytes and
/// a version of 8, so that no two lists of facts have the same bytes; behind the tag of belongings stands the name of their
/// kind, which ends with a NUL.
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

    /// Something that belongs to the contact, and the number of its events.
    pub(super) fn add_belonging(&mut self, kind: BelongingKind, id: Uuid, version: i64) {
        self.0.push(b'b');
        self.0.extend_from_slice(kind.facts().name.as_bytes());
        self.add(b'\0', id, version);
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

    fn facts(kind: ErasureKind, version: i64, notes: &[(BelongingKind, u128, i64)]) -> Vec<u8> {
        let mut facts = Facts::new(ContactId(ONE), kind);
        facts.add(b'c', ONE, version);
        for (kind, id, version) in notes {
            facts.add_belonging(*kind, Uuid::from_u128(*id), *version);
        }
        facts.0
    }

    #[test]
    fn whatever_differs_gives_other_facts() {
        let (anonymised, note) = (ErasureKind::Anonymised, BelongingKind::Note);
        let same = facts(anonymised, 2, &[(note, 3, 1)]);
        assert_eq!(same, facts(anonymised, 2, &[(note, 3, 1)]));
        for other in [
            facts(ErasureKind::Deleted, 2, &[(note, 3, 1)]),
            facts(anonymised, 3, &[(note, 3, 1)]),
            facts(anonymised, 2, &[(note, 3, 2)]),
            facts(anonymised, 2, &[(note, 4, 1)]),
            facts(anonymised, 2, &[(BelongingKind::Consent, 3, 1)]),
            facts(anonymised, 2, &[]),
        ] {
            assert_ne!(same, other);
        }
    }
}
