//! The secret that approves a device: 32 random bytes that are mailed to the user and stored nowhere.

use std::fmt::Write;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use lethe_kernel::{DeviceId, UserId};
use uuid::Uuid;

use super::device_stream;

const SECRET: usize = 32;
const ID: usize = 16;

/// What approves one device of one user. Its `Debug` shows no secret.
#[derive(Clone, PartialEq, Eq)]
pub struct ApprovalSecret {
    stream: Uuid,
    bytes: [u8; SECRET],
}

impl ApprovalSecret {
    /// A new one for a device of a user; nothing without randomness.
    #[must_use]
    pub fn random(user: UserId, device: DeviceId) -> Option<Self> {
        let mut bytes = [0; SECRET];
        rand::fill(&mut bytes).ok()?;
        Some(Self { stream: device_stream(user, device), bytes })
    }

    /// As a link carries it: the device's stream and the secret, in base64url.
    #[must_use]
    pub fn token(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode([self.stream.as_bytes().as_slice(), &self.bytes].concat())
    }

    /// What a link carried.
    #[must_use]
    pub fn read(token: &str) -> Option<Self> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).ok()?;
        let (stream, secret) = bytes.split_at_checked(ID)?;
        Some(Self { stream: Uuid::from_slice(stream).ok()?, bytes: secret.try_into().ok()? })
    }

    /// The device's stream.
    #[must_use]
    pub fn stream(&self) -> Uuid {
        self.stream
    }

    /// What is stored of it. A digest tells nothing about 32 random bytes.
    pub(super) fn digest(&self) -> String {
        digest(&SHA256, &self.bytes).as_ref().iter().fold(String::new(), |mut text, byte| {
            // Writing to a string does not fail.
            let _written = write!(text, "{byte:02x}");
            text
        })
    }
}

impl std::fmt::Debug for ApprovalSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ApprovalSecret(…)")
    }
}

/// Whether two digests are equal; compared in constant time.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    verify_slices_are_equal(one.as_bytes(), other.as_bytes()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_back_and_anything_else_is_none() {
        let (user, device) = (UserId(Uuid::from_u128(1)), DeviceId(Uuid::from_u128(2)));
        let secret = ApprovalSecret::random(user, device).unwrap();
        assert_eq!(ApprovalSecret::read(&secret.token()), Some(secret.clone()));
        assert_ne!(ApprovalSecret::random(user, device).unwrap().digest(), secret.digest());
        assert_eq!(secret.digest().len(), 64);
        for text in ["", "AAAA", "not a token!", &secret.token()[1..], &format!("{}AA", secret.token())] {
            assert_eq!(ApprovalSecret::read(text), None, "{text}");
        }
        assert_eq!(format!("{secret:?}"), "ApprovalSecret(…)");
    }
}
