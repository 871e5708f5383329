//! A unit: an organisation that shares the database with others.

mod aggregate;
mod command;
mod event;
mod view;

pub use aggregate::{Unit, UnitError};
pub use command::{RegisterUnit, own_unit};
pub use event::{Registered, UnitEvent};
pub use view::{UnitRow, UnitView};

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
