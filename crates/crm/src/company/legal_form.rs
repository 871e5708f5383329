use lethe_kernel::codes;

codes! {
    /// The legal form of a company. It decides whether the master data are those of a person.
    pub enum LegalForm {
        /// One person: enkeltmandsvirksomhed, enskild firma.
        SoleProprietor = "SOLE_PROPRIETOR",
        /// A limited company: anpartsselskab, aktiebolag.
        Limited = "LIMITED",
        /// A public limited company: aktieselskab, publikt aktiebolag.
        PublicLimited = "PUBLIC_LIMITED",
        /// A partnership: I/S, K/S, HB.
        Partnership = "PARTNERSHIP",
        /// A cooperative.
        Cooperative = "COOPERATIVE",
        /// An association.
        Association = "ASSOCIATION",
        /// A foundation.
        Foundation = "FOUNDATION",
        /// A public body.
        Public = "PUBLIC",
        /// Anything else.
        Other = "OTHER",
    }
}

impl LegalForm {
    /// Whether the company is one person, so that its master data are sealed.
    #[must_use]
    pub const fn is_personal(self) -> bool {
        matches!(self, Self::SoleProprietor)
    }
}
