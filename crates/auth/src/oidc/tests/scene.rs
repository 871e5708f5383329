//! An issuer that answers as a test wants it to.

use std::sync::Mutex as StdMutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RsaKeyPair, RsaPublicKeyComponents,
};
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::super::*;
use crate::second_factor::SecondFactor;
use crate::verifier::Verifier;

type Sign = Box<dyn Fn(&[u8]) -> Vec<u8>>;

/// A key pair of an issuer.
pub(super) struct Pair {
    pub(super) algorithm: &'static str,
    sign: Sign,
    pub(super) jwk: Value,
}

fn text(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Pair {
    pub(super) fn ed25519(kid: &str) -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": text(pair.public_key()), "kid": kid});
        Self { algorithm: "EdDSA", sign: Box::new(move |message| pair.sign(message).as_ref().to_vec()), jwk }
    }

    pub(super) fn p256(kid: &str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let public = pair.public_key().as_ref().to_vec();
        let jwk = json!({"kty": "EC", "crv": "P-256", "x": text(&public[1..33]), "y": text(&public[33..]),
                         "kid": kid, "use": "sig", "alg": "ES256"});
        let sign = move |message: &[u8]| pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec();
        Self { algorithm: "ES256", sign: Box::new(sign), jwk }
    }

    pub(super) fn rsa(kid: &str) -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let public = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
        let jwk = json!({"kty": "RSA", "n": text(&public.n), "e": text(&public.e), "kid": kid,
                         "key_ops": ["verify"]});
        let sign = move |message: &[u8]| {
            let mut signature = vec![0; pair.public_modulus_len()];
            pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).unwrap();
            signature
        };
        Self { algorithm: "RS256", sign: Box::new(sign), jwk }
    }

    pub(super) fn token(&self, claims: &Value) -> String {
        self.token_with(&json!({"alg": self.algorithm, "kid": self.jwk["kid"]}), claims)
    }

    pub(super) fn token_with(&self, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", text(header.to_string()), text(claims.to_string()));
        let signature = text((self.sign)(message.as_bytes()));
        format!("{message}.{signature}")
    }
}

/// What an issuer answers.
pub(super) struct Answers {
    pub(super) address: String,
    /// What its discovery document says besides or instead.
    pub(super) discovery: StdMutex<Value>,
    pub(super) keys: StdMutex<Value>,
    status: StdMutex<u16>,
    asked: AtomicUsize,
}

pub(super) struct Scene {
    pub(super) answers: Arc<Answers>,
    pub(super) clock: Clock,
    verifier: Verifier,
    pub(super) issuer: Issuer,
}

async fn discovery(State(answers): State<Arc<Answers>>) -> (StatusCode, String) {
    answers.asked.fetch_add(1, Ordering::SeqCst);
    let address = &answers.address;
    let mut document = json!({"issuer": address, "jwks_uri": format!("{address}/keys"), "more": [1, 2]});
    for (name, value) in answers.discovery.lock().unwrap().as_object().unwrap() {
        document[name] = value.clone();
    }
    (StatusCode::from_u16(*answers.status.lock().unwrap()).unwrap(), document.to_string())
}

impl Scene {
    pub(super) async fn start(pairs: &[&Pair]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let answers = Arc::new(Answers {
            address: address.clone(),
            discovery: StdMutex::new(json!({})),
            keys: StdMutex::default(),
            status: StdMutex::new(200),
            asked: AtomicUsize::new(0),
        });
        let keys = async |State(answers): State<Arc<Answers>>| answers.keys.lock().unwrap().to_string();
        let router = axum::Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/elsewhere", get(async || axum::response::Redirect::temporary("/keys")))
            .with_state(answers.clone());
        tokio::spawn(axum::serve(listener, router).into_future());
        let clock = Clock::fixed(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        let rules = Rules {
            issuer: address.clone(),
            audience: "crm".to_owned(),
            skew: TimeDelta::seconds(60),
            second_factor: SecondFactor::default(),
        };
        let issuer = Issuer::new(&address.parse().unwrap(), rules, clock.clone()).unwrap();
        let scene = Self { answers, clock, verifier: Verifier::issuer(issuer.clone()), issuer };
        scene.has(pairs);
        scene
    }

    /// From now on the issuer has these keys.
    pub(super) fn has(&self, pairs: &[&Pair]) {
        let keys: Vec<_> = pairs.iter().map(|pair| &pair.jwk).collect();
        *self.answers.keys.lock().unwrap() = json!({"keys": keys});
    }

    pub(super) fn answers_with(&self, status: u16) {
        *self.answers.status.lock().unwrap() = status;
    }

    pub(super) fn asked(&self) -> usize {
        self.answers.asked.load(Ordering::SeqCst)
    }

    pub(super) fn later(&self, by: TimeDelta) {
        self.clock.set(self.clock.now() + by);
    }

    /// Claims that are valid for a day.
    pub(super) fn claims(&self) -> Value {
        let now = self.clock.now().timestamp();
        json!({"iss": self.answers.address, "aud": "crm", "sub": "ida", "iat": now, "exp": now + 86_400})
    }

    pub(super) async fn verify(&self, token: &str) -> Result<String, TokenError> {
        self.verifier.verify(token).await.map(|verified| verified.subject)
    }

    pub(super) async fn believes(&self, pair: &Pair) -> Result<String, TokenError> {
        self.verify(&pair.token(&self.claims())).await
    }
}
