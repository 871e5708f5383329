//! The Nordic countries.

use serde::{Deserialize, Serialize};

use crate::Error;

/// A Nordic country; ISO 3166-1 alpha-2 when written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Country {
    /// Denmark, DK.
    #[serde(rename = "DK")]
    Denmark,
    /// Sweden, SE.
    #[serde(rename = "SE")]
    Sweden,
    /// Norway, NO.
    #[serde(rename = "NO")]
    Norway,
    /// Finland, FI.
    #[serde(rename = "FI")]
    Finland,
    /// Iceland, IS.
    #[serde(rename = "IS")]
    Iceland,
}

impl Country {
    /// Every country, in the order of the enum.
    pub const ALL: [Self; 5] = [Self::Denmark, Self::Sweden, Self::Norway, Self::Finland, Self::Iceland];

    /// Reads a two-letter code, in either case.
    ///
    /// # Errors
    /// [`Error::CountryUnknown`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let code = text.trim();
        Self::ALL
            .into_iter()
            .find(|country| country.as_str().eq_ignore_ascii_case(code))
            .ok_or(Error::CountryUnknown)
    }

    /// The two-letter code.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Denmark => "DK",
            Self::Sweden => "SE",
            Self::Norway => "NO",
            Self::Finland => "FI",
            Self::Iceland => "IS",
        }
    }

    /// The calling code without `+`.
    #[must_use]
    pub fn calling_code(self) -> &'static str {
        match self {
            Self::Denmark => "45",
            Self::Sweden => "46",
            Self::Norway => "47",
            Self::Finland => "358",
            Self::Iceland => "354",
        }
    }
}

impl std::fmt::Display for Country {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_and_serde_agree() {
        for country in Country::ALL {
            assert_eq!(Country::parse(country.as_str()), Ok(country));
            assert_eq!(serde_json::to_string(&country).unwrap(), format!("\"{country}\""));
        }
        assert_eq!(Country::parse(" se "), Ok(Country::Sweden));
        assert_eq!(Country::parse("Danmark"), Err(Error::CountryUnknown));
    }
}
