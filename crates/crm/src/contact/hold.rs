use chrono::NaiveDate;
use lethe_kernel::UnitId;

/// What keeps a contact in the system, and whom it stops (R66).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldKind {
    /// An item that names it and has not expired.
    ActiveItem,
    /// A unit keeps it.
    Keep,
    /// A unit has locked it.
    Lock,
    /// A unit needs a value of it.
    UnitEssential,
    /// Its processing is restricted.
    Restriction,
}

impl HoldKind {
    /// Whether it stops an erasure that a DPM or a system administrator commands. Active items and keeps stop sweeps
    /// and rules alone.
    #[must_use]
    pub const fn stops_erasure(self) -> bool {
        match self {
            Self::ActiveItem | Self::Keep => false,
            Self::Lock | Self::UnitEssential | Self::Restriction => true,
        }
    }

    /// The name as the API spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ActiveItem => "ACTIVE_ITEM",
            Self::Keep => "KEEP",
            Self::Lock => "LOCK",
            Self::UnitEssential => "UNIT_ESSENTIAL",
            Self::Restriction => "RESTRICTION",
        }
    }
}

/// Something that keeps a contact in the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// What it is.
    pub kind: HoldKind,
    /// Whose it is.
    pub unit: UnitId,
    /// The first day on which it is no longer there; none if nobody knows.
    pub until: Option<NaiveDate>,
}
