//! Settings about tokens: how each is written, and what they come to together.

use std::net::SocketAddr;

use chrono::TimeDelta;
use lethe_auth::{IssuerUrl, Rules, SecondFactor};

use super::value::Value;
use super::{Config, ConfigError};

/// Clocks that differ by more than this are wrong, and a token that lives for minutes would live on for long.
const MOST_SKEW: i64 = 300;

/// An OpenID Connect issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Issuer(pub(crate) IssuerUrl);

impl Value for Issuer {
    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map(Self).map_err(|reason: &str| reason.to_owned())
    }

    fn shown(&self) -> String {
        self.0.as_str().to_owned()
    }
}

/// Names; there is one at least.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Names(pub(crate) Vec<String>);

impl Value for Names {
    fn parse(text: &str) -> Result<Self, String> {
        let names: Vec<String> =
            text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect();
        if names.is_empty() {
            Err("Write one name at least, several with commas.".to_owned())
        } else {
            Ok(Self(names))
        }
    }

    fn shown(&self) -> String {
        self.0.join(",")
    }
}

/// A number of seconds that may be zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seconds(pub(crate) TimeDelta);

impl Value for Seconds {
    fn parse(text: &str) -> Result<Self, String> {
        let seconds = text.parse().ok().filter(|seconds| (0..=MOST_SKEW).contains(seconds));
        let delta = seconds.map(TimeDelta::seconds).map(Self);
        delta.ok_or_else(|| format!("Write a number of seconds from 0 to {MOST_SKEW}."))
    }

    fn shown(&self) -> String {
        self.0.num_seconds().to_string()
    }
}

/// Whose tokens are believed.
#[derive(Clone, Debug)]
pub(crate) enum Tokens {
    /// Those that the data folder's key has signed.
    Local,
    /// Those of an issuer.
    Issuer(IssuerUrl, Rules),
}

impl Config {
    /// Whose tokens are believed by a server with these settings.
    ///
    /// # Errors
    /// [`ConfigError::Missing`] names what a server at this address, or one for production, cannot do without.
    pub(crate) fn tokens(&self) -> Result<Tokens, ConfigError> {
        self.complete_for_production()?;
        match (&self.oidc_issuer, &self.oidc_audience) {
            (Some(Issuer(url)), Some(audience)) => {
                let rules = Rules {
                    issuer: url.as_str().to_owned(),
                    audience: audience.0.clone(),
                    skew: self.clock_skew_seconds.0,
                    second_factor: SecondFactor::of(self.second_factor.0.iter().cloned()),
                };
                Ok(Tokens::Issuer(url.clone(), rules))
            }
            (Some(_), None) => {
                let reason = "without it, tokens that the issuer made for other services would be believed. Write the \
                              client id or the name of this API at the issuer.";
                Err(missing("oidc_audience", reason))
            }
            (None, Some(_)) => {
                Err(missing("oidc_issuer", "an audience is set, but nobody whose tokens have one."))
            }
            (None, None) if self.listen.0.ip().is_loopback() => Ok(Tokens::Local),
            (None, None) => Err(missing("oidc_issuer and oidc_audience", &reachable(self.listen.0))),
        }
    }

    /// What `production` asks for: nothing that is there by default may stand in for what somebody must decide.
    fn complete_for_production(&self) -> Result<(), ConfigError> {
        let needed = [
            ("database_url", self.database_url.is_some()),
            ("oidc_issuer", self.oidc_issuer.is_some()),
            ("oidc_audience", self.oidc_audience.is_some()),
            ("custodians", !self.custodians.0.is_empty()),
            ("mirrors", !self.mirrors.0.is_empty()),
            // A user who approves no device is not let in, and the mail about it says where.
            ("smtp_url", self.smtp_url.is_some()),
            ("mail_from", self.mail_from.is_some()),
            ("public_url", self.public_url.is_some()),
        ];
        let left: Vec<_> = needed.iter().filter(|(_, there)| !there).map(|(key, _)| *key).collect();
        if !self.production || left.is_empty() {
            return Ok(());
        }
        Err(missing(
            &left.join(", "),
            "production is true, and in production none of them is left to a default.",
        ))
    }
}

fn missing(keys: &str, reason: &str) -> ConfigError {
    ConfigError::Missing { keys: keys.to_owned(), reason: reason.to_owned() }
}

fn reachable(address: SocketAddr) -> String {
    format!(
        "{address} can be reached from other machines, and tokens that this server signs itself are for trying out. \
         Name an OpenID Connect issuer, or listen on loopback only: 127.0.0.1:{}.",
        address.port()
    )
}
