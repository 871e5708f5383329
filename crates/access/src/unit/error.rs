use lethe_kernel::{ErrorCode, Rule};

/// The rules a unit's command can break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// There is no such unit.
    #[error("No unit has this id. Check the id, or query for the unit again.")]
    Unknown,
    /// The caller's own unit is not there.
    #[error("The unit you act for is not registered. A system administrator registers it with unitRegister.")]
    OwnUnknown,
    /// A unit's country and kind are fixed when it is registered.
    #[error("A unit with this id is registered already, with other data. Use the registered unit.")]
    AlreadyRegistered,
    /// A unit without DPM stores no contacts (R51).
    #[error(
        "Your unit has no DPM, so it may not store contacts. Have a system administrator appoint one with \
         unitDpmAppoint."
    )]
    NoDpm,
}

impl Rule for UnitError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Unknown | Self::OwnUnknown => ErrorCode::NotFound,
            Self::AlreadyRegistered => ErrorCode::AlreadyExists,
            Self::NoDpm => ErrorCode::RuleViolated,
        }
    }

    fn field(&self) -> Vec<String> {
        match self {
            Self::Unknown => vec!["unitId".to_owned()],
            Self::OwnUnknown | Self::AlreadyRegistered | Self::NoDpm => Vec::new(),
        }
    }
}
