//! What the claims of a token must say.

use chrono::{DateTime, TimeDelta, Utc};
use lethe_kernel::{DeviceId, UnitId};

use crate::claims::Claims;
use crate::error::TokenError;
use crate::second_factor::SecondFactor;
use crate::verified::Verified;

/// What the claims of a token must say.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The one who signs (`iss`), spelled exactly so.
    pub issuer: String,
    /// Those it is meant for (`aud`) must include this.
    pub audience: String,
    /// How much the clocks may differ.
    pub skew: TimeDelta,
    /// What counts as a second factor (`amr`, `acr`).
    pub second_factor: SecondFactor,
}

impl Rules {
    /// Checks the claims at a moment.
    pub(crate) fn check(&self, claims: &Claims, now: DateTime<Utc>) -> Result<Verified, TokenError> {
        if claims.text("iss")? != self.issuer {
            return Err(TokenError::Issuer);
        }
        if !claims.texts("aud").any(|audience| audience == self.audience) {
            return Err(TokenError::Audience);
        }
        let expires = claims.moment("exp")?.ok_or(TokenError::Claim("exp"))? + self.skew;
        if expires <= now {
            return Err(TokenError::Expired);
        }
        for begin in ["nbf", "iat"] {
            if claims.moment(begin)?.is_some_and(|begin| begin > now + self.skew) {
                return Err(TokenError::NotYet);
            }
        }
        let said = claims.texts("amr").chain(claims.texts("acr"));
        Ok(Verified {
            issuer: self.issuer.clone(),
            subject: claims.subject()?.to_owned(),
            second_factor: self.second_factor.is_among(said),
            device: claims.uuid("lethe_device")?.map(DeviceId),
            unit: claims.uuid("lethe_unit")?.map(UnitId),
            role: claims.role("lethe_role")?,
            expires,
        })
    }
}

#[cfg(test)]
mod tests;
