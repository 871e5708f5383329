//! Keys that tokens are verified with, each bound to its one algorithm, and the first look at a token.

use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::claims::Claims;
use crate::error::{MOST_BYTES, TokenError};
use crate::memory::{Memory, TokenDigest};
use crate::rules::Rules;
use crate::verified::Verified;

/// The algorithms that are accepted.
const ACCEPTED: [Algorithm; 3] = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];
/// The types of tokens that are accepted: RFC 7519 and RFC 9068.
const TYPES: [&str; 3] = ["JWT", "at+jwt", "application/at+jwt"];
/// An issuer has a handful of keys.
const MOST_KEYS: usize = 64;

/// A public key of somebody who is trusted, and the one algorithm that it is for.
#[derive(Clone, Debug)]
pub(crate) struct TrustedKey {
    /// What the issuer calls it.
    pub(crate) id: Option<String>,
    pub(crate) algorithm: Algorithm,
    pub(crate) key: DecodingKey,
}

/// The keys of one issuer, and the tokens that they were found to have signed. Whoever has other keys believes none of those.
#[derive(Debug)]
pub(crate) struct KeySet {
    keys: Vec<TrustedKey>,
    memory: Memory,
}

/// A token that is short enough and has a header that is accepted.
pub(crate) struct Unverified<'t> {
    token: &'t str,
    header: Header,
}

impl<'t> Unverified<'t> {
    /// Looks at the header. Nothing of it is believed: it only says with which key to try.
    pub(crate) fn read(token: &'t str) -> Result<Self, TokenError> {
        if token.len() > MOST_BYTES {
            return Err(TokenError::TooLong);
        }
        let header = decode_header(token).map_err(|_| TokenError::Malformed)?;
        if !ACCEPTED.contains(&header.alg) {
            return Err(TokenError::Algorithm);
        }
        let known = |kind: &String| TYPES.iter().any(|known| known.eq_ignore_ascii_case(kind));
        if !header.typ.as_ref().is_none_or(known) {
            return Err(TokenError::Type);
        }
        if header.crit.is_some() {
            return Err(TokenError::Critical);
        }
        Ok(Self { token, header })
    }

    /// The claims, if one of these keys has signed them.
    pub(crate) fn claims(&self, keys: &KeySet) -> Result<Claims, TokenError> {
        let mut candidates = keys.for_header(&self.header).peekable();
        if candidates.peek().is_none() {
            return Err(TokenError::UnknownKey);
        }
        candidates.find_map(|key| self.signed_by(key)).unwrap_or(Err(TokenError::Signature))
    }

    /// The claims, if this key has signed them; none if not. Time, issuer and audience are the rules' business.
    fn signed_by(&self, key: &TrustedKey) -> Option<Result<Claims, TokenError>> {
        let mut validation = Validation::new(key.algorithm);
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        match decode::<Map<String, Value>>(self.token, &key.key, &validation) {
            Ok(token) => Some(Ok(Claims(token.claims))),
            Err(error) => match error.kind() {
                jsonwebtoken::errors::ErrorKind::Json(_) => Some(Err(TokenError::Malformed)),
                _ => None,
            },
        }
    }
}

/// A key as RFC 7517 writes it.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    #[serde(default)]
    crv: String,
    #[serde(default)]
    n: String,
    #[serde(default)]
    e: String,
    #[serde(default)]
    x: String,
    #[serde(default)]
    y: String,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    kid: Option<String>,
}

impl Jwk {
    /// The key, if it is one for verifying with an algorithm that is accepted.
    fn trusted(&self) -> Option<TrustedKey> {
        let (algorithm, name, key) = match (self.kty.as_str(), self.crv.as_str()) {
            ("RSA", _) => (Algorithm::RS256, "RS256", DecodingKey::from_rsa_components(&self.n, &self.e)),
            ("EC", "P-256") => (Algorithm::ES256, "ES256", DecodingKey::from_ec_components(&self.x, &self.y)),
            ("OKP", "Ed25519") => (Algorithm::EdDSA, "EdDSA", DecodingKey::from_ed_components(&self.x)),
            _ => return None,
        };
        let signs = self.usage.as_deref().is_none_or(|usage| usage == "sig")
            && self.key_ops.as_ref().is_none_or(|operations| operations.iter().any(|one| one == "verify"))
            // `Ed25519` is how RFC 9864 spells the algorithm of such a key.
            && self.alg.as_deref().is_none_or(|alg| alg == name || (name == "EdDSA" && alg == "Ed25519"));
        if signs { Some(TrustedKey { id: self.kid.clone(), algorithm, key: key.ok()? }) } else { None }
    }
}

impl KeySet {
    /// One key alone.
    pub(crate) fn of(key: TrustedKey) -> Self {
        Self::all(vec![key])
    }

    fn all(keys: Vec<TrustedKey>) -> Self {
        Self { keys, memory: Memory::new() }
    }

    /// What a token says, if one of these keys has signed it and it says what it must at this moment.
    ///
    /// # Errors
    /// [`TokenError`] says why it is not believed.
    pub(crate) fn verify(
        &self,
        token: &Unverified<'_>,
        rules: &Rules,
        now: DateTime<Utc>,
    ) -> Result<Verified, TokenError> {
        let digest = TokenDigest::of(token.token);
        if let Some(verified) = self.memory.recall(digest, now)? {
            return Ok(verified);
        }
        let believed = rules.check(&token.claims(self)?, now)?;
        let verified = believed.verified.clone();
        self.memory.keep(digest, believed);
        Ok(verified)
    }

    /// The usable keys of a JSON Web Key Set; none if it is no such set. A key of another kind is no harm.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<Value>,
        }
        let set: Set = serde_json::from_slice(text).ok()?;
        let keys = set.keys.into_iter().take(MOST_KEYS);
        Some(Self::all(keys.filter_map(|key| serde_json::from_value::<Jwk>(key).ok()?.trusted()).collect()))
    }

    #[cfg(test)]
    pub(crate) fn memory(&self) -> &Memory {
        &self.memory
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Those that a token may be signed with: of the name that it gives, and of its algorithm. A token that names no
    /// key is tried with the only one of its algorithm, if there is only one.
    fn for_header(&self, header: &Header) -> impl Iterator<Item = &TrustedKey> {
        let of_algorithm = |key: &&TrustedKey| key.algorithm == header.alg;
        let only = self.keys.iter().filter(of_algorithm).count() == 1;
        self.keys.iter().filter(move |key| {
            key.algorithm == header.alg
                && match &header.kid {
                    Some(id) => key.id.as_ref() == Some(id),
                    None => only,
                }
        })
    }
}
