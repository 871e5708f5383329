//! An OpenID Connect issuer: its keys, fetched when they are needed and remembered for a while.

mod fetch;
mod url;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use lethe_kernel::Clock;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::timeout;

use crate::error::{IssuerError, TokenError};
use crate::key::{KeySet, Unverified};
use crate::rules::Rules;
use crate::verified::Verified;
use fetch::Fetcher;
pub use url::IssuerUrl;

/// How old keys may be before they are fetched again; requests meanwhile are verified with those there are. A key that
/// the issuer takes back is believed no longer than this.
const FRESH: TimeDelta = TimeDelta::minutes(5);
/// How long keys are believed while the issuer cannot be asked.
const LAST: TimeDelta = TimeDelta::hours(1);
/// The issuer is not asked more often, whatever keys tokens name.
const PAUSE: TimeDelta = TimeDelta::seconds(5);
/// How long a request waits for another one that asks a slow issuer: whoever sends many tokens of unknown keys must not
/// hold everybody's places.
const PATIENCE: Duration = Duration::from_secs(1);

/// An OpenID Connect issuer that is trusted.
#[derive(Clone, Debug)]
pub struct Issuer(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    rules: Rules,
    fetcher: Fetcher,
    clock: Clock,
    known: RwLock<Option<Known>>,
    /// When the issuer was last asked, and whether it answered; who holds it asks.
    asking: Mutex<Asked>,
}

/// Keys, and when they were fetched.
#[derive(Clone, Debug)]
struct Known {
    keys: Arc<KeySet>,
    at: DateTime<Utc>,
}

#[derive(Debug, Default)]
struct Asked {
    at: Option<DateTime<Utc>>,
    failing: bool,
}

impl Issuer {
    /// An issuer by its URL, its tokens for an audience. Nothing is fetched yet.
    ///
    /// # Errors
    /// [`IssuerError::Unreachable`] when no connections can be made at all.
    pub fn new(url: &IssuerUrl, rules: Rules, clock: Clock) -> Result<Self, IssuerError> {
        let fetcher = Fetcher::new(url)?;
        Ok(Self(Arc::new(Inner {
            rules,
            fetcher,
            clock,
            known: RwLock::default(),
            asking: Mutex::default(),
        })))
    }

    /// Fetches the keys, whatever is known already.
    ///
    /// # Errors
    /// [`IssuerError`] says why they cannot be fetched.
    pub async fn fetch(&self) -> Result<(), IssuerError> {
        let mut asked = self.0.asking.lock().await;
        self.0.ask(&mut asked).await
    }

    /// What a token says, if it is to be believed.
    pub(crate) async fn verify(&self, token: &Unverified<'_>) -> Result<Verified, TokenError> {
        let keys = self.keys().await?;
        match keys.verify(token, &self.0.rules, self.0.clock.now()) {
            // The issuer may have a new key.
            Err(TokenError::UnknownKey) => {
                self.ask_unless_just_asked().await;
                let keys = self.0.believed().ok_or(TokenError::Unavailable)?.keys;
                keys.verify(token, &self.0.rules, self.0.clock.now())
            }
            said => said,
        }
    }

    /// The keys that are believed now.
    async fn keys(&self) -> Result<Arc<KeySet>, TokenError> {
        let known = self.0.believed();
        match known {
            Some(known) if self.0.is_younger(known.at, FRESH) => Ok(known.keys),
            Some(known) => {
                // Nobody waits for keys that are only a little old.
                let issuer = self.clone();
                tokio::spawn(async move {
                    if let Ok(asked) = issuer.0.asking.try_lock() {
                        issuer.0.ask_if_due(asked).await;
                    }
                });
                Ok(known.keys)
            }
            None => {
                self.ask_unless_just_asked().await;
                self.0.believed().map(|known| known.keys).ok_or(TokenError::Unavailable)
            }
        }
    }

    /// Asks the issuer, unless somebody did in the last few seconds or has been doing so for a while.
    async fn ask_unless_just_asked(&self) {
        if let Ok(asked) = timeout(PATIENCE, self.0.asking.lock()).await {
            self.0.ask_if_due(asked).await;
        }
    }
}

impl Inner {
    /// Whether a moment is not that long ago. One of the future – the clock was set back – is not.
    fn is_younger(&self, at: DateTime<Utc>, limit: TimeDelta) -> bool {
        let age = self.clock.now() - at;
        (TimeDelta::zero()..limit).contains(&age)
    }

    /// The keys, if they are not too old to be believed.
    fn believed(&self) -> Option<Known> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.clone().filter(|known| self.is_younger(known.at, LAST))
    }

    async fn ask_if_due(&self, mut asked: MutexGuard<'_, Asked>) {
        if asked.at.is_some_and(|at| self.is_younger(at, PAUSE)) {
            return;
        }
        let was_failing = asked.failing;
        match self.ask(&mut asked).await {
            Ok(()) if was_failing => tracing::info!("the keys of the issuer were fetched again"),
            Ok(()) => {}
            Err(error) if was_failing => tracing::debug!(%error, "the keys of the issuer cannot be fetched"),
            Err(error) => tracing::warn!(%error, "the keys of the issuer cannot be fetched"),
        }
    }

    async fn ask(&self, asked: &mut Asked) -> Result<(), IssuerError> {
        asked.at = Some(self.clock.now());
        let fetched = self.fetcher.keys(&self.rules.issuer).await;
        asked.failing = fetched.is_err();
        let known = Known { keys: Arc::new(fetched?), at: self.clock.now() };
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(known);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
