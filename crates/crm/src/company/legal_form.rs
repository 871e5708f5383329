use serde::{Deserialize, Serialize};

/// The legal form of a company. It decides whether the master data are those of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LegalForm {
    /// One person (enkeltmandsvirksomhed, enskild näringsidkare).
    SoleProprietor,
    /// A company limited by shares (anpartsselskab, privat aktiebolag).
    Limited,
    /// One whose shares may be offered to the public (aktieselskab, publikt aktiebolag).
    PublicLimited,
    /// A partnership, limited or not (interessentskab, handelsbolag, kommanditbolag).
    Partnership,
    /// A cooperative (andelsforening, ekonomisk förening).
    Cooperative,
    /// An association (forening, ideell förening).
    Association,
    /// A foundation (fond, stiftelse).
    Foundation,
    /// An authority, a municipality or another body under public law.
    Public,
    /// Any other legal person.
    Other,
}

impl LegalForm {
    /// Whether the company is one person, so that its master data are sealed.
    #[must_use]
    pub const fn is_personal(self) -> bool {
        matches!(self, Self::SoleProprietor)
    }

    /// The name as the API spells it, for example `PUBLIC_LIMITED`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SoleProprietor => "SOLE_PROPRIETOR",
            Self::Limited => "LIMITED",
            Self::PublicLimited => "PUBLIC_LIMITED",
            Self::Partnership => "PARTNERSHIP",
            Self::Cooperative => "COOPERATIVE",
            Self::Association => "ASSOCIATION",
            Self::Foundation => "FOUNDATION",
            Self::Public => "PUBLIC",
            Self::Other => "OTHER",
        }
    }
}
