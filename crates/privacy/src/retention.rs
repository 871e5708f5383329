//! What falls due: the schedule of it (R19), and the sweep that acts on it.

mod schedule;
mod sweep;

pub use schedule::{Due, DueKind, ScheduleFilter, ScheduleView, schedule_page};
pub use sweep::{SweepReport, sweep};
