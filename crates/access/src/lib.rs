//! Who may work here: units and their DPMs, users and their roles, devices, groups of users, and the directory that
//! holds all of it in memory.

pub mod device;
pub mod directory;
pub mod unit;
pub mod user;
pub mod user_group;

pub use device::Device;
pub use directory::Directory;
pub use unit::{Unit, UnitKind};
pub use user::User;
pub use user_group::UserGroup;
