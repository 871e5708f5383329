use lethe_kernel::{ErrorCode, Rule};

/// The most kinds of notes one unit may have.
pub(super) const MOST_KINDS: usize = 50;

/// The rules that a unit's kinds of notes, and the kind of a note, can break.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KindError {
    /// No note could be written.
    #[error("A unit has at least one kind of notes, else nobody could write any. Give one.")]
    NoKind,
    /// Nobody chooses from so many.
    #[error("A unit has at most {MOST_KINDS} kinds of notes, not {0}. Leave some out.")]
    TooManyKinds(usize),
    /// Nobody knows which of the two is meant.
    #[error("A code stands for one kind of notes, and one of these is given twice. Leave one out.")]
    Doubled,
    /// The unit has no such kind.
    #[error("A note has one of the kinds of your unit: {}. Give one of these codes.", .0.join(", "))]
    Unknown(Vec<String>),
}

impl Rule for KindError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::NoKind => ErrorCode::Required,
            Self::TooManyKinds(_) | Self::Doubled | Self::Unknown(_) => ErrorCode::InvalidValue,
        }
    }

    fn field(&self) -> Vec<String> {
        let field = if matches!(self, Self::Unknown(_)) { "kind" } else { "kinds" };
        vec![field.to_owned()]
    }
}
