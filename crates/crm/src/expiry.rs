//! When items expire: what a unit's policies say, and how long at most.

mod aggregate;
mod event;
mod longest;
mod policy;
mod view;
mod work;

pub use aggregate::{ExpiryPolicies, PolicyError};
pub use event::{PolicyEvent, PolicySet};
pub use longest::Longest;
pub use policy::{Effect, Expiry, ExpirySource, default_expiry};
pub use view::{PolicyRow, PolicyView};
pub use work::SetPolicy;
