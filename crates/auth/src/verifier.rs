//! Who verifies tokens here.

use std::sync::Arc;

use chrono::TimeDelta;
use lethe_kernel::Clock;

use crate::error::TokenError;
use crate::key::{KeySet, Unverified};
use crate::local::{LOCAL_AUDIENCE, LOCAL_ISSUER, LOCAL_SECOND_FACTOR, LocalKey};
use crate::oidc::Issuer;
use crate::rules::Rules;
use crate::second_factor::SecondFactor;
use crate::verified::Verified;

/// Verifies tokens of the one issuer that is trusted.
#[derive(Clone, Debug)]
pub struct Verifier(Trusted);

#[derive(Clone, Debug)]
enum Trusted {
    Local(Arc<Local>),
    Issuer(Issuer),
}

#[derive(Debug)]
struct Local {
    keys: KeySet,
    rules: Rules,
    clock: Clock,
}

impl Verifier {
    /// Trusts the data folder's key, and nobody else.
    #[must_use]
    pub fn local(key: &LocalKey, skew: TimeDelta, clock: Clock) -> Self {
        let rules = Rules {
            issuer: LOCAL_ISSUER.to_owned(),
            audience: LOCAL_AUDIENCE.to_owned(),
            skew,
            second_factor: SecondFactor::of([LOCAL_SECOND_FACTOR]),
        };
        Self(Trusted::Local(Arc::new(Local { keys: KeySet::of(key.trusted()), rules, clock })))
    }

    /// Trusts an issuer, and nobody else.
    #[must_use]
    pub fn issuer(issuer: Issuer) -> Self {
        Self(Trusted::Issuer(issuer))
    }

    /// Whether tokens come from the data folder's key.
    #[must_use]
    pub fn is_local(&self) -> bool {
        matches!(self.0, Trusted::Local(_))
    }

    /// What a token says, if it is to be believed.
    ///
    /// # Errors
    /// [`TokenError`] says why it is not; [`TokenError::Unavailable`] if that cannot be found out now.
    pub async fn verify(&self, token: &str) -> Result<Verified, TokenError> {
        let token = Unverified::read(token)?;
        match &self.0 {
            Trusted::Local(local) => local.keys.verify(&token, &local.rules, local.clock.now()),
            Trusted::Issuer(issuer) => issuer.verify(&token).await,
        }
    }
}

#[cfg(test)]
mod tests;
