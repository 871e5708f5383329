//! A unit: an organisation that shares the database with others, and its DPM.

mod aggregate;
mod command;
mod error;
mod event;
mod view;
mod work;

pub use aggregate::Unit;
pub use command::UnitCommand;
pub use error::UnitError;
pub use event::{Amended, DpmAppointed, Registered, UnitEvent};
pub use view::{DpmTerm, UnitRow, UnitView};
pub(crate) use work::existing_unit;
pub use work::{AmendUnit, AppointDpm, RegisterUnit, own_unit, storing_unit};

use serde::{Deserialize, Serialize};

/// What a unit is; it decides which built-in fields it may use (R9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum UnitKind {
    /// A business hub (erhvervshus); it may use the built-in CPR field.
    BusinessHub,
    /// Any other unit.
    Other,
}
