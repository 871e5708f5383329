//! Seals personal values before they leave the process, and keeps the keys.
//!
//! One key per [`Subject`](lethe_kernel::Subject) and class, wrapped by the key of its bucket, which is wrapped by the
//! installation's root key, which custodians keep outside PostgreSQL. Destroying a key makes everything sealed with it
//! unreadable. The bytes of a sealed value are described in `docs/sealing.md`, custodians in `docs/custodians.md`.

mod adopt;
pub mod audit;
mod crypto;
pub mod custodian;
mod error;
mod former;
mod guard;
mod keyring;
mod machine;
pub mod mirror;
mod nursery;
mod open;
mod recent;
pub mod restore;
mod rotation;
mod sealed;
mod signing;
mod status;
mod store;
mod subject_key;
#[cfg(test)]
mod vectors;
mod verify;
mod wrap;

pub use adopt::Adopted;
pub use error::VaultError;
pub use former::{Former, Retired, retire};
pub use guard::guard;
pub use keyring::{Keyring, sealed_json, subjects_in};
pub use open::{BUCKETS, Custody, present_roots, root_file};
pub use rotation::{Due, Rotation, Work as RotationWork, due, waiting_since};
pub use signing::{Signer, key_name, verify};
pub use status::{CustodianStatus, VaultStatus};
pub use store::{NewKey, Vault};
pub use subject_key::{DestroyedKey, StoredKey, SubjectKey};
pub use verify::Verified;
