//! When items expire: the policies of units, the schedule of what is due, and the sweep that acts on it.

mod aggregate;
mod event;
mod policy;
mod schedule;
mod sweep;
mod view;
mod work;

pub use aggregate::{ExpiryPolicies, PolicyError};
pub use event::{PolicyEvent, PolicySet};
pub use policy::{Effect, Expiry, default_expiry};
pub use schedule::{Due, ScheduleFilter, ScheduleView, schedule_page};
pub use sweep::{SweepReport, sweep};
pub use view::{PolicyRow, PolicyView};
pub use work::SetPolicy;
