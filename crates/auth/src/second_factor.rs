//! What counts as a second factor (R54).

use std::collections::BTreeSet;

/// The values that prove a second factor, if one of them is among a token's `amr` or is its `acr`.
///
/// By default these of RFC 8176: `mfa` (several factors), `otp` (a one-time password), `hwk` and `swk` (a key in hardware
/// or software), `sc` (a smart card), and biometrics (`fpt`, `face`, `iris`, `retina`, `vbm`); and `phr` and `phrh`, by
/// which an `acr` says that phishing was resisted. Issuers name these beside what they ask for first. Not among them are
/// passwords (`pwd`, `pin`, `kba`), guesses about the situation (`geo`, `rba`, `wia`, `user`), and what can be taken over
/// with a telephone number (`sms`, `tel`, `mca`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondFactor(BTreeSet<String>);

impl SecondFactor {
    /// The values that count unless others are named.
    pub const USUAL: [&'static str; 12] =
        ["mfa", "otp", "hwk", "swk", "sc", "fpt", "face", "iris", "retina", "vbm", "phr", "phrh"];

    /// Only these.
    pub fn of<T: Into<String>>(values: impl IntoIterator<Item = T>) -> Self {
        Self(values.into_iter().map(Into::into).collect())
    }

    /// Whether one of them is there.
    pub(crate) fn is_among<'a>(&self, mut said: impl Iterator<Item = &'a str>) -> bool {
        said.any(|value| self.0.contains(value))
    }
}

impl Default for SecondFactor {
    fn default() -> Self {
        Self::of(Self::USUAL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_alone_is_no_second_factor_and_a_one_time_password_is() {
        let usual = SecondFactor::default();
        assert!(!usual.is_among(["pwd"].into_iter()));
        assert!(!usual.is_among(["pwd", "sms", "pin", "MFA", ""].into_iter()));
        assert!(usual.is_among(["pwd", "otp"].into_iter()));
        assert!(SecondFactor::of(["urn:example:strong"]).is_among(["urn:example:strong"].into_iter()));
        assert!(!SecondFactor::of(["urn:example:strong"]).is_among(["mfa"].into_iter()));
    }
}
