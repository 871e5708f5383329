//! Tokens whose signature was found right, so that it is not verified again with every request.
//!
//! What is remembered belongs to the keys that verified it ([`KeySet`](crate::key::KeySet)): other keys know nothing of it.
//! A token's time is looked at with every request, and so is what its user and device may still do. No token is held: it is
//! found by its digest.

use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use chrono::{DateTime, Utc};
use lru::LruCache;

use crate::error::TokenError;
use crate::rules::Believed;
use crate::verified::Verified;

/// How many tokens are remembered. Of more, those that were not shown for longest are verified anew.
const TOKENS: NonZeroUsize = NonZeroUsize::new(4096).unwrap();

/// The digest of a token, which says nothing about it to whoever does not have it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TokenDigest([u8; SHA256_OUTPUT_LEN]);

impl TokenDigest {
    pub(crate) fn of(token: &str) -> Self {
        let mut bytes = [0; SHA256_OUTPUT_LEN];
        for (place, byte) in bytes.iter_mut().zip(digest(&SHA256, token.as_bytes()).as_ref()) {
            *place = *byte;
        }
        Self(bytes)
    }
}

/// What tokens said that were verified with one set of keys.
pub(crate) struct Memory(Mutex<LruCache<TokenDigest, Believed>>);

impl Memory {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(LruCache::new(TOKENS)))
    }

    /// What a token says, if it was verified before.
    ///
    /// # Errors
    /// [`TokenError::Expired`] and [`TokenError::NotYet`], as if it were verified now.
    pub(crate) fn recall(
        &self,
        token: TokenDigest,
        now: DateTime<Utc>,
    ) -> Result<Option<Verified>, TokenError> {
        let mut known = self.lock();
        let Some(believed) = known.get(&token) else { return Ok(None) };
        match believed.holds(now) {
            Ok(()) => Ok(Some(believed.verified.clone())),
            Err(error) => {
                known.pop(&token);
                Err(error)
            }
        }
    }

    /// Remembers what a token says whose signature is right.
    pub(crate) fn keep(&self, token: TokenDigest, believed: Believed) {
        self.lock().put(token, believed);
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<TokenDigest, Believed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Memory").field(&self.lock().len()).finish()
    }
}

#[cfg(test)]
mod tests;
