use lethe_kernel::{ErrorCode, Rule};

/// The rules a consent's command can break.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConsentError {
    /// Nobody recorded it, so it cannot be withdrawn.
    #[error(
        "No consent of this contact for this purpose was recorded at your unit, so there is nothing to withdraw. Check \
         the purpose, or query for the contact's consents."
    )]
    NotGiven,
    /// It would take effect later than now.
    #[error("The time of effect lies in the future. Give a time up to now, or leave it out for now.")]
    EffectInFuture,
    /// The data would be kept no longer than until now.
    #[error("The first day on which the data is no longer kept must lie after today. Give a later day.")]
    KeptUntilPassed,
    /// The data would be kept for as good as ever.
    #[error("Data is kept for at most {0} years. Give an earlier day.")]
    KeptUntilTooLate(u32),
    /// It would end before it began.
    #[error("A withdrawal takes effect at or after the time the consent was given. Give a later time.")]
    WithdrawnBeforeGiven,
    /// A consent from before the withdrawal would undo the withdrawal.
    #[error(
        "The consent was withdrawn with effect from a later time. Only a new consent, given at or after the \
         withdrawal, can be recorded now."
    )]
    GivenBeforeWithdrawn,
    /// A consent without what was agreed to.
    #[error(
        "The legal basis CONSENT needs the wording that the person agreed to. Give the wording, or another basis."
    )]
    WordingRequired,
    /// Its contact was erased.
    #[error("The contact of this consent was erased, and the consent takes no more changes.")]
    Erased,
}

impl Rule for ConsentError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::NotGiven | Self::WithdrawnBeforeGiven | Self::GivenBeforeWithdrawn => {
                ErrorCode::RuleViolated
            }
            Self::EffectInFuture | Self::KeptUntilPassed | Self::KeptUntilTooLate(_) => {
                ErrorCode::InvalidValue
            }
            Self::WordingRequired => ErrorCode::Required,
            Self::Erased => ErrorCode::Erased,
        }
    }

    fn field(&self) -> Vec<String> {
        let field = match self {
            Self::NotGiven => "purpose",
            Self::EffectInFuture | Self::WithdrawnBeforeGiven | Self::GivenBeforeWithdrawn => "effectiveAt",
            Self::KeptUntilPassed | Self::KeptUntilTooLate(_) => "keptUntil",
            Self::WordingRequired => "wording",
            Self::Erased => "contactId",
        };
        vec![field.to_owned()]
    }
}
