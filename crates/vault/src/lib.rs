//! Seals personal values before they leave the process, and keeps the keys.
//!
//! One key per [`Subject`](lethe_kernel::Subject) and class, wrapped by the installation's root key, which lives in a
//! file outside PostgreSQL. Destroying a key makes everything sealed with it unreadable. The bytes of a sealed value
//! are described in `docs/sealing.md`.

mod crypto;
pub mod custodian;
mod error;
mod keyring;
mod recent;
mod root;
mod sealed;
mod store;

pub use error::VaultError;
pub use keyring::{Keyring, SubjectKey, sealed_json, subjects_in};
pub use root::{Root, RootFile};
pub use store::{NewKey, Vault};
