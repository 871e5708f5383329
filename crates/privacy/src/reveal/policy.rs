//! What a unit decides about its reveals: the purposes there are, how many within an hour are usual, and how many are
//! allowed. The stream has the unit's id.

mod aggregate;
mod error;
mod event;
mod view;
mod work;

pub use aggregate::{Limits, PolicyCommand, RevealPolicy, default_purposes};
pub use event::{LimitsSet, PolicyEvent, PurposesSet};
pub use view::{RevealPolicyRow, RevealPolicyView};
pub use work::{SetLimits, SetPurposes};
