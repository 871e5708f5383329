use lethe_privacy::rotation::{ErasureReconciled, KeysRotated, Restored, RootDestroyed, VaultEvent};
use uuid::Uuid;

use super::OTHER;
use crate::example::Example;

pub(super) fn all() -> Vec<Example> {
    let rotated =
        KeysRotated { old_epoch: 1, new_epoch: 2, covers: Some(120), tombstones: 3, buckets: 2, keys: 61 };
    let destroyed = RootDestroyed {
        epoch: 1,
        switched_position: 4,
        custodians: vec!["file:/srv/lethe/root.key".into(), "transit:https://vault.example.org".into()],
    };
    let restored = Restored {
        old_origin: Uuid::from_u128(11),
        old_size: 90,
        old_root: Some("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=".into()),
        new_origin: Uuid::from_u128(12),
    };
    let reconciled = ErasureReconciled {
        subject_kind: "contact".into(),
        subject_id: Uuid::from_u128(13),
        class: "crm".into(),
        key_id: Uuid::from_u128(14),
        commitment: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8".into(),
        destroyed_at: "2026-03-01T10:00:00Z".parse().unwrap(),
    };
    [
        VaultEvent::KeysRotated(rotated),
        VaultEvent::RootDestroyed(destroyed),
        VaultEvent::Restored(restored),
        VaultEvent::ErasureReconciled(reconciled),
    ]
    .map(|event| Example::of(event, OTHER, None))
    .into()
}
