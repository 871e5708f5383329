//! Whose tokens are believed, and the tokens that this installation signs itself where there is no issuer.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use lethe_auth::{Issuer, LocalKey, LocalToken, Verifier};
use lethe_kernel::{Clock, DeviceId, IdSource, Role, UserId};

use crate::config::{Config, Tokens};
use crate::data_dir::DataDir;
use crate::demo::{self, CONSULTANT};
use crate::error::Error;

/// How long tokens are valid that nobody asked for in particular.
const VALID: TimeDelta = TimeDelta::hours(24);

/// Whose tokens are believed.
pub(crate) struct Authentication {
    /// Who verifies them.
    pub(crate) verifier: Verifier,
    /// Where a caller gets one, as a sentence.
    pub(crate) source: String,
    /// What signs them, if this installation does.
    pub(crate) signer: Option<Signer>,
}

/// Signs tokens with the data folder's key.
#[derive(Clone)]
pub(crate) struct Signer {
    key: Arc<LocalKey>,
    clock: Clock,
}

impl Authentication {
    /// As the settings say. An issuer that is away is told, and asked again when a token comes.
    ///
    /// # Errors
    /// [`Error::Config`] when settings are missing, [`Error::Token`] when the data folder's key cannot be used.
    pub(crate) async fn start(config: &Config, folder: &DataDir, clock: Clock) -> Result<Self, Error> {
        match config.tokens()? {
            Tokens::Local => {
                let signer = Signer::open(folder, clock.clone())?;
                Ok(Self {
                    verifier: Verifier::local(&signer.key, config.clock_skew_seconds.0, clock),
                    source: "`lethe token --help` tells how to get one.".to_owned(),
                    signer: Some(signer),
                })
            }
            Tokens::Issuer(url, rules) => {
                let source = format!("Tokens come from {}.", url.as_str());
                let issuer = Issuer::new(&url, rules, clock)?;
                if let Err(error) = issuer.fetch().await {
                    tracing::warn!(%error, "the keys of the issuer cannot be fetched; nobody is let in until they are");
                }
                Ok(Self { verifier: Verifier::issuer(issuer), source, signer: None })
            }
        }
    }
}

impl Signer {
    /// Opens the data folder's key, which is made with the first use.
    ///
    /// # Errors
    /// [`Error::Token`] when it cannot be used.
    pub(crate) fn open(folder: &DataDir, clock: Clock) -> Result<Self, Error> {
        Ok(Self { key: Arc::new(LocalKey::open_or_create(&folder.token_key())?), clock })
    }

    /// A token of a user and an approved device of theirs, with a second factor, that is valid from now on.
    pub(crate) fn draft(&self, user: UserId, valid: TimeDelta) -> LocalToken {
        LocalToken {
            user,
            role: None,
            unit: None,
            device: Some(DeviceId(user.0)),
            second_factor: true,
            from: self.clock.now(),
            valid,
            id: IdSource.next(),
        }
    }

    /// Signs it.
    ///
    /// # Errors
    /// [`Error::Token`] when the library refuses.
    pub(crate) fn sign(&self, token: &LocalToken) -> Result<String, Error> {
        Ok(self.key.sign(token)?)
    }

    /// A token of a user of the demo data, and when it ends.
    ///
    /// # Errors
    /// As [`Signer::sign`].
    pub(crate) fn demo(&self, role: Role) -> Result<(String, DateTime<Utc>), Error> {
        let draft = self.draft(demo::user(role), VALID);
        let token = LocalToken { role: Some(role), unit: Some(CONSULTANT.unit), ..draft };
        Ok((self.sign(&token)?, token.from + token.valid))
    }

    /// What is told at the start: a token for each of three who have something to try out.
    ///
    /// # Errors
    /// As [`Signer::sign`].
    pub(crate) fn told(&self) -> Result<Vec<String>, Error> {
        let mut lines = Vec::new();
        for (name, role) in
            [("a consultant", Role::Consultant), ("the DPM", Role::Dpm), ("an auditor", Role::Auditor)]
        {
            let (token, ends) = self.demo(role)?;
            lines.push(format!("Token of {name}, until {}:", ends.format("%Y-%m-%d %H:%M UTC")));
            lines.push(format!("  {token}"));
        }
        lines.push(
            "Send one as the header \"Authorization: Bearer …\". GraphiQL has the consultant's already. `lethe token` \
             signs others."
                .to_owned(),
        );
        Ok(lines)
    }
}
