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

use lethe_kernel::codes;

codes! {
    /// What a unit is; it decides which built-in fields it may use (R9).
    pub enum UnitKind {
        /// A business hub; it may use the built-in CPR field.
        BusinessHub = "BUSINESS_HUB",
        /// Any other unit.
        Other = "OTHER",
    }
}
