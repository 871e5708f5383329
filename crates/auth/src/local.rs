//! The data folder's own key: signs and verifies tokens where there is no issuer.

mod file;

use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, encode};
use lethe_kernel::{DeviceId, Role, UnitId, UserId};
use serde::Serialize;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::error::LocalKeyError;
use crate::key::TrustedKey;

/// The issuer of local tokens. No issuer of the settings can be called so: those are URLs.
pub const LOCAL_ISSUER: &str = "lethe-local";
/// The audience of local tokens.
pub const LOCAL_AUDIENCE: &str = "lethe";
/// The `amr` of a local token that counts as made with a second factor.
pub(crate) const LOCAL_SECOND_FACTOR: &str = "mfa";

/// An Ed25519 key in a file. Whoever can read the file can be anybody, so only its owner may.
pub struct LocalKey {
    signing: EncodingKey,
    public: Vec<u8>,
    id: String,
}

/// What a local token shall say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalToken {
    /// Who they are.
    pub user: UserId,
    /// The role to act in unless a request asks for another.
    pub role: Option<Role>,
    /// The unit to act for unless a request asks for another.
    pub unit: Option<UnitId>,
    /// The device.
    pub device: Option<DeviceId>,
    /// Whether it counts as made with a second factor.
    pub second_factor: bool,
    /// From when on it is valid.
    pub from: DateTime<Utc>,
    /// How long.
    pub valid: TimeDelta,
    /// Its own id.
    pub id: Uuid,
}

#[derive(Serialize)]
struct Claims {
    iss: &'static str,
    aud: &'static str,
    sub: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    lethe_role: Option<Role>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lethe_unit: Option<UnitId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lethe_device: Option<DeviceId>,
    amr: Vec<&'static str>,
    iat: i64,
    exp: i64,
    jti: Uuid,
}

impl LocalKey {
    /// Reads the key, or makes it once if there is none; of several processes that do so at once one wins.
    ///
    /// # Errors
    /// [`LocalKeyError`] says what is wrong with the file.
    pub fn open_or_create(path: &Path) -> Result<Self, LocalKeyError> {
        if !path.exists() {
            let generated = Ed25519KeyPair::generate();
            let pair = generated.map_err(|_| LocalKeyError::Cryptography("no randomness"))?;
            let document = pair.to_pkcs8v1().map_err(|_| LocalKeyError::Cryptography("no PKCS #8"))?;
            file::create(path, document.as_ref())?;
        }
        Self::open(path)
    }

    /// Reads the key.
    ///
    /// # Errors
    /// [`LocalKeyError`] says what is wrong with the file.
    pub fn open(path: &Path) -> Result<Self, LocalKeyError> {
        let document = file::read(path)?;
        let pair =
            Ed25519KeyPair::from_pkcs8(&document).map_err(|_| LocalKeyError::Damaged(path.to_owned()))?;
        let public = pair.public_key().as_ref().to_vec();
        let id = URL_SAFE_NO_PAD.encode(digest(&SHA256, &public));
        Ok(Self { signing: EncodingKey::from_ed_der(&document), public, id })
    }

    /// A signed token.
    ///
    /// # Errors
    /// [`LocalKeyError::Cryptography`] when the library refuses.
    pub fn sign(&self, token: &LocalToken) -> Result<String, LocalKeyError> {
        let claims = Claims {
            iss: LOCAL_ISSUER,
            aud: LOCAL_AUDIENCE,
            sub: token.user.to_string(),
            lethe_role: token.role,
            lethe_unit: token.unit,
            lethe_device: token.device,
            amr: if token.second_factor { vec![LOCAL_SECOND_FACTOR] } else { Vec::new() },
            iat: token.from.timestamp(),
            exp: (token.from + token.valid).timestamp(),
            jti: token.id,
        };
        let header = Header { kid: Some(self.id.clone()), ..Header::new(Algorithm::EdDSA) };
        encode(&header, &claims, &self.signing).map_err(|_| LocalKeyError::Cryptography("no signature"))
    }

    #[cfg(test)]
    pub(crate) fn signing_key(&self) -> EncodingKey {
        self.signing.clone()
    }

    /// What verifies its tokens.
    pub(crate) fn trusted(&self) -> TrustedKey {
        TrustedKey {
            id: Some(self.id.clone()),
            algorithm: Algorithm::EdDSA,
            key: DecodingKey::from_ed_der(&self.public),
        }
    }
}

impl std::fmt::Debug for LocalKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("LocalKey").field(&self.id).finish()
    }
}

/// What a file holds, wiped when dropped.
type Secret = Zeroizing<Vec<u8>>;

#[cfg(test)]
mod tests;
