use lethe_privacy::rotation::{KeysRotated, RootDestroyed, VaultEvent};

use super::OTHER;
use crate::example::Example;

pub(super) fn all() -> Vec<Example> {
    let rotated = KeysRotated { old_epoch: 1, new_epoch: 2, tombstones: 3, buckets: 2, keys: 61 };
    let destroyed = RootDestroyed {
        epoch: 1,
        switched_position: 4,
        custodians: vec!["file:/srv/lethe/root.key".into(), "transit:https://vault.example.org".into()],
    };
    [VaultEvent::KeysRotated(rotated), VaultEvent::RootDestroyed(destroyed)]
        .map(|event| Example::of(event, OTHER, None))
        .into()
}
