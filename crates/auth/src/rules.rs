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

/// What a token says that is to be believed, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Believed {
    pub(crate) verified: Verified,
    /// From when on, the allowed clock skew included.
    begins: Option<DateTime<Utc>>,
}

impl Believed {
    /// Whether it is to be believed at a moment.
    ///
    /// # Errors
    /// [`TokenError::Expired`], [`TokenError::NotYet`].
    pub(crate) fn holds(&self, now: DateTime<Utc>) -> Result<(), TokenError> {
        in_time(self.begins, self.verified.expires, now)
    }
}

fn in_time(
    begins: Option<DateTime<Utc>>,
    expires: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), TokenError> {
    if expires <= now {
        return Err(TokenError::Expired);
    }
    if begins.is_some_and(|begins| begins > now) {
        return Err(TokenError::NotYet);
    }
    Ok(())
}

impl Rules {
    /// Checks the claims at a moment.
    pub(crate) fn check(&self, claims: &Claims, now: DateTime<Utc>) -> Result<Believed, TokenError> {
        if claims.text("iss")? != self.issuer {
            return Err(TokenError::Issuer);
        }
        if !claims.texts("aud").any(|audience| audience == self.audience) {
            return Err(TokenError::Audience);
        }
        let expires = claims.moment("exp")?.ok_or(TokenError::Claim("exp"))? + self.skew;
        let begins = claims.moment("nbf")?.max(claims.moment("iat")?).map(|begins| begins - self.skew);
        in_time(begins, expires, now)?;
        let said = claims.texts("amr").chain(claims.texts("acr"));
        let verified = Verified {
            issuer: self.issuer.clone(),
            subject: claims.subject()?.to_owned(),
            second_factor: self.second_factor.is_among(said),
            device: claims.uuid("lethe_device")?.map(DeviceId),
            unit: claims.uuid("lethe_unit")?.map(UnitId),
            role: claims.role("lethe_role")?,
            expires,
        };
        Ok(Believed { verified, begins })
    }
}

#[cfg(test)]
mod tests;
