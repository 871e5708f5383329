use lethe_kernel::codes;

codes! {
    /// What makes the processing lawful: GDPR Article 6(1).
    pub enum LegalBasis {
        /// (a) The person agreed; needs the wording agreed to.
        Consent = "CONSENT",
        /// (b) A contract with the person.
        Contract = "CONTRACT",
        /// (c) A legal obligation.
        LegalObligation = "LEGAL_OBLIGATION",
        /// (d) Vital interests.
        VitalInterests = "VITAL_INTERESTS",
        /// (e) A task in the public interest.
        PublicTask = "PUBLIC_TASK",
        /// (f) Legitimate interests.
        LegitimateInterests = "LEGITIMATE_INTERESTS",
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
