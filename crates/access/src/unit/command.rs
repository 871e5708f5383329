use lethe_kernel::UserId;

use super::{Amended, Registered};

/// What a unit can be asked to do.
#[derive(Clone, Debug)]
pub enum UnitCommand {
    /// Begin to share the database.
    Register(Registered),
    /// Change its name or P-number.
    Amend(Amended),
    /// Have this user as its DPM, in the place of the one it has.
    AppointDpm(UserId),
}
