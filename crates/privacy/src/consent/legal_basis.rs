use serde::{Deserialize, Serialize};

/// What makes the processing lawful: GDPR Article 6(1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LegalBasis {
    /// Point (a): the person consented.
    Consent,
    /// Point (b): a contract with the person needs it.
    Contract,
    /// Point (c): a law demands it.
    LegalObligation,
    /// Point (d): somebody's life depends on it.
    VitalInterests,
    /// Point (e): a task in the public interest needs it.
    PublicTask,
    /// Point (f): interests that outweigh the person's.
    LegitimateInterests,
}

impl LegalBasis {
    /// The name as API and files spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Consent => "CONSENT",
            Self::Contract => "CONTRACT",
            Self::LegalObligation => "LEGAL_OBLIGATION",
            Self::VitalInterests => "VITAL_INTERESTS",
            Self::PublicTask => "PUBLIC_TASK",
            Self::LegitimateInterests => "LEGITIMATE_INTERESTS",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_and_shown_names_agree() {
        for basis in [
            LegalBasis::Consent,
            LegalBasis::Contract,
            LegalBasis::LegalObligation,
            LegalBasis::VitalInterests,
            LegalBasis::PublicTask,
            LegalBasis::LegitimateInterests,
        ] {
            assert_eq!(serde_json::to_value(basis).unwrap(), basis.name());
        }
    }
}
