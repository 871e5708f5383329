use lethe_kernel::{ErrorCode, Rule};

/// The most purposes one unit may offer.
pub(super) const MOST_PURPOSES: usize = 50;

/// The most reveals an hour that a unit may allow.
pub(super) const HIGHEST: u32 = 10_000;

/// The rules that a unit's decision about its reveals can break.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Nothing could be revealed.
    #[error("A unit has at least one purpose, else nobody could reveal anything. Give one.")]
    NoPurpose,
    /// Nobody chooses from so many.
    #[error("A unit has at most {MOST_PURPOSES} purposes, not {0}. Leave some out.")]
    TooManyPurposes(usize),
    /// The numbers make no sense.
    #[error(
        "Of the reveals of one user within an hour, at least 1 is usual, and at most {HIGHEST} are allowed, no fewer \
         than are usual."
    )]
    Limits,
}

impl Rule for PolicyError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::NoPurpose => ErrorCode::Required,
            Self::TooManyPurposes(_) | Self::Limits => ErrorCode::InvalidValue,
        }
    }

    fn field(&self) -> Vec<String> {
        let field = match self {
            Self::NoPurpose | Self::TooManyPurposes(_) => "codes",
            Self::Limits => "most",
        };
        vec![field.to_owned()]
    }
}
