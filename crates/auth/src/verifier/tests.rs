//! Attacks on the verification, with the data folder's key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use lethe_kernel::{Role, UserId};
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

use super::*;
use crate::local::LocalToken;

struct Scene {
    _folder: TempDir,
    key: LocalKey,
    clock: Clock,
    verifier: Verifier,
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn scene() -> Scene {
    let folder = tempfile::tempdir().unwrap();
    let key = LocalKey::open_or_create(&folder.path().join("token.key")).unwrap();
    let clock = Clock::fixed(now());
    let verifier = Verifier::local(&key, TimeDelta::seconds(60), clock.clone());
    Scene { _folder: folder, key, clock, verifier }
}

fn token() -> LocalToken {
    LocalToken {
        user: UserId(Uuid::from_u128(7)),
        role: Some(Role::Dpm),
        unit: None,
        device: None,
        second_factor: true,
        from: now(),
        valid: TimeDelta::hours(8),
        id: Uuid::from_u128(1),
    }
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// The token with another header, signed as it was or with something else.
fn with_header(token: &str, header: &Value) -> String {
    let (_, rest) = token.split_once('.').unwrap();
    format!("{}.{rest}", part(header))
}

#[tokio::test]
async fn a_token_is_believed_until_it_ends() {
    let scene = scene();
    let signed = scene.key.sign(&token()).unwrap();
    let verified = scene.verifier.verify(&signed).await.unwrap();
    assert_eq!(verified.subject, Uuid::from_u128(7).to_string());
    assert_eq!((verified.role, verified.second_factor, verified.unit), (Some(Role::Dpm), true, None));
    scene.clock.set(verified.expires);
    assert_eq!(scene.verifier.verify(&signed).await, Err(TokenError::Expired));
    scene.clock.set(now() - TimeDelta::seconds(61));
    assert_eq!(scene.verifier.verify(&signed).await, Err(TokenError::NotYet));
    let without = scene.key.sign(&LocalToken { second_factor: false, ..token() }).unwrap();
    scene.clock.set(now());
    assert!(!scene.verifier.verify(&without).await.unwrap().second_factor);
}

#[tokio::test]
async fn a_token_of_another_key_is_not_believed() {
    let (scene, other) = (scene(), scene());
    let foreign = other.key.sign(&token()).unwrap();
    assert_eq!(scene.verifier.verify(&foreign).await, Err(TokenError::UnknownKey));
    // The name of the right key, and the signature of another.
    let named = other.key.sign(&token()).unwrap();
    let mine = scene.key.sign(&token()).unwrap();
    let header: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(mine.split('.').next().unwrap()).unwrap()).unwrap();
    assert_eq!(scene.verifier.verify(&with_header(&named, &header)).await, Err(TokenError::Signature));
}

#[tokio::test]
async fn neither_none_nor_a_public_key_as_a_secret_is_believed() {
    let scene = scene();
    let signed = scene.key.sign(&token()).unwrap();
    let kid = scene.key.trusted().id.unwrap();
    for alg in ["none", "None", "", "EdDsa", "ES512"] {
        let unsigned = with_header(&signed, &json!({"alg": alg, "typ": "JWT", "kid": kid}));
        let (message, _) = unsigned.rsplit_once('.').unwrap();
        for token in [format!("{message}."), unsigned.clone(), message.to_owned()] {
            assert_eq!(scene.verifier.verify(&token).await, Err(TokenError::Malformed), "{alg}");
        }
    }
    let claims =
        json!({"iss": LOCAL_ISSUER, "aud": LOCAL_AUDIENCE, "sub": Uuid::nil(), "exp": now().timestamp() + 9});
    let trusted = scene.key.trusted();
    let public = trusted.key.try_get_as_bytes().unwrap();
    for alg in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        let header = Header { kid: Some(kid.clone()), ..Header::new(alg) };
        let forged = encode(&header, &claims, &EncodingKey::from_secret(public)).unwrap();
        assert_eq!(scene.verifier.verify(&forged).await, Err(TokenError::Algorithm));
    }
    // Another algorithm that is accepted, but that the key is not of.
    for alg in ["RS256", "ES256"] {
        let header = json!({"alg": alg, "typ": "JWT", "kid": kid});
        assert_eq!(scene.verifier.verify(&with_header(&signed, &header)).await, Err(TokenError::UnknownKey));
    }
    for alg in ["PS256", "RS512", "ES384"] {
        let header = json!({"alg": alg, "typ": "JWT", "kid": kid});
        assert_eq!(scene.verifier.verify(&with_header(&signed, &header)).await, Err(TokenError::Algorithm));
    }
}

#[tokio::test]
async fn what_the_header_says_besides_is_not_followed() {
    let scene = scene();
    let signed = scene.key.sign(&token()).unwrap();
    let kid = scene.key.trusted().id.unwrap();
    let crit = json!({"alg": "EdDSA", "typ": "JWT", "kid": kid, "crit": ["b64"], "b64": false});
    assert_eq!(scene.verifier.verify(&with_header(&signed, &crit)).await, Err(TokenError::Critical));
    let logout = json!({"alg": "EdDSA", "typ": "logout+jwt", "kid": kid});
    assert_eq!(scene.verifier.verify(&with_header(&signed, &logout)).await, Err(TokenError::Type));
    // A key that the token brings itself.
    let other = self::scene();
    let x = URL_SAFE_NO_PAD.encode(other.key.trusted().key.try_get_as_bytes().unwrap());
    let foreign = other.key.sign(&token()).unwrap();
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": x});
    let header = json!({"alg": "EdDSA", "typ": "JWT", "jwk": jwk, "jku": "http://127.0.0.1:1/"});
    assert_eq!(scene.verifier.verify(&with_header(&foreign, &header)).await, Err(TokenError::Signature));
}

#[tokio::test]
async fn what_is_no_token_is_told_without_a_word_of_it() {
    let scene = scene();
    let signed = scene.key.sign(&token()).unwrap();
    let parts: Vec<&str> = signed.split('.').collect();
    let tampered =
        part(&json!({"iss": LOCAL_ISSUER, "aud": LOCAL_AUDIENCE, "sub": "marker", "exp": 9_000_000_000_u64}));
    for (text, expected) in [
        (String::new(), TokenError::Malformed),
        ("marker".to_owned(), TokenError::Malformed),
        ("..".to_owned(), TokenError::Malformed),
        ("marker.marker.marker".to_owned(), TokenError::Malformed),
        (format!("{}.{}", parts[0], parts[1]), TokenError::Malformed),
        (format!("{signed}.{}", parts[2]), TokenError::Malformed),
        (format!("={signed}"), TokenError::Malformed),
        (format!("{signed}="), TokenError::Signature),
        (format!("{}.{}.{}", parts[0], parts[1], "!"), TokenError::Signature),
        (format!("{}.{}.", parts[0], parts[1]), TokenError::Signature),
        (format!("{}.{tampered}.{}", parts[0], parts[2]), TokenError::Signature),
        (format!("{}.{}", "[".repeat(200), signed), TokenError::Malformed),
        (with_header(&signed, &json!({"typ": "JWT"})), TokenError::Malformed),
        (with_header(&signed, &json!([])), TokenError::Malformed),
        ("a".repeat(16 * 1024 + 1), TokenError::TooLong),
        ("a".repeat(1024 * 1024), TokenError::TooLong),
    ] {
        let error = scene.verifier.verify(&text).await.unwrap_err();
        assert_eq!(error, expected, "{text:.100}");
        assert!(!error.to_string().contains("marker"));
    }
}

#[tokio::test]
async fn claims_that_are_no_object_or_have_absurd_numbers_are_refused() {
    let scene = scene();
    let sign = |claims: &str| {
        let header = part(&json!({"alg": "EdDSA", "kid": scene.key.trusted().id.unwrap()}));
        let message = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims));
        let signature =
            jsonwebtoken::crypto::sign(message.as_bytes(), &scene.key.signing_key(), Algorithm::EdDSA)
                .unwrap();
        format!("{message}.{signature}")
    };
    let claims =
        |exp: &str| format!(r#"{{"iss":"lethe-local","aud":"lethe","sub":"{}","exp":{exp}}}"#, Uuid::nil());
    assert!(scene.verifier.verify(&sign(&claims("1800000001"))).await.is_ok());
    for exp in ["1e999", "9".repeat(400).as_str(), "", "NaN"] {
        assert_eq!(scene.verifier.verify(&sign(&claims(exp))).await, Err(TokenError::Malformed), "{exp}");
    }
    for exp in ["1e300", "99999999999999999999", "-1"] {
        assert_eq!(scene.verifier.verify(&sign(&claims(exp))).await, Err(TokenError::Claim("exp")), "{exp}");
    }
    for text in ["", "[]", "7", "null", "{\"a\":", &"[".repeat(5000)] {
        assert_eq!(scene.verifier.verify(&sign(text)).await, Err(TokenError::Malformed), "{text:.20}");
    }
}
