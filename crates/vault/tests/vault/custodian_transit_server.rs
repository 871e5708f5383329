//! A transit engine for tests: the endpoints that Lethe uses, with the answers of a real one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, RandomizedNonceKey};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

pub(crate) const TOKEN: &str = "hvs.the-token-of-the-tests";

/// How the server behaves.
#[derive(Clone, Copy, Default, PartialEq)]
pub(crate) enum Mood {
    #[default]
    Well,
    Sealed,
    /// Takes the question and never answers.
    Slow,
    /// Says that keys are deleted, and keeps them.
    KeepsKeys,
    /// Has no engine at the mount.
    NoEngine,
    /// Is a standby that knows who is active.
    Redirects,
    /// Is no transit engine at all.
    WebSite,
    /// Answers a request to encrypt with an error that quotes it.
    Quotes,
}

struct Key {
    cipher: RandomizedNonceKey,
    deletion_allowed: bool,
    exportable: bool,
}

#[derive(Default)]
pub(crate) struct Inside {
    pub(crate) mood: Mood,
    keys: HashMap<String, Key>,
    /// Method, path and query, namespace of every request.
    pub(crate) requests: Vec<(Method, Uri, Option<String>)>,
}

/// The server, on an address of its own.
#[derive(Clone)]
pub(crate) struct Server {
    inside: Arc<Mutex<Inside>>,
    pub(crate) address: String,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let server = Self { inside: Arc::default(), address };
        let router = Router::new()
            .route("/v1/transit/keys/{name}", any(key))
            .route("/v1/transit/keys/{name}/config", post(config))
            .route("/v1/transit/encrypt/{name}", post(encrypt))
            .route("/v1/transit/decrypt/{name}", post(decrypt))
            .layer(axum::middleware::from_fn_with_state(server.clone(), door))
            .with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        server
    }

    pub(crate) fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap()
    }

    pub(crate) fn becomes(&self, mood: Mood) {
        self.inside().mood = mood;
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        let mut keys: Vec<String> = self.inside().keys.keys().cloned().collect();
        keys.sort();
        keys
    }

    /// Somebody makes a key by hand.
    pub(crate) fn make_key(&self, name: &str, exportable: bool) {
        self.inside().keys.insert(name.to_owned(), Key::new(exportable));
    }

    /// Somebody deletes a key by hand.
    pub(crate) fn lose_key(&self, name: &str) {
        self.inside().keys.remove(name).unwrap();
    }
}

impl Key {
    fn new(exportable: bool) -> Self {
        let mut secret = [0; 32];
        aws_lc_rs::rand::fill(&mut secret).unwrap();
        let cipher = RandomizedNonceKey::new(&AES_256_GCM, &secret).unwrap();
        Self { cipher, deletion_allowed: false, exportable }
    }

    fn described(&self, name: &str) -> Response {
        axum::Json(json!({"request_id": "r", "lease_id": "", "renewable": false, "data": {
            "name": name, "type": "aes256-gcm96", "derived": false, "exportable": self.exportable,
            "allow_plaintext_backup": false, "deletion_allowed": self.deletion_allowed, "imported_key": false,
            "keys": {"1": 1_700_000_000}, "latest_version": 1, "min_decryption_version": 1,
        }, "wrap_info": null, "warnings": null, "auth": null}))
        .into_response()
    }
}

fn errors(status: u16, errors: &[&str]) -> Response {
    (StatusCode::from_u16(status).unwrap(), axum::Json(json!({ "errors": errors }))).into_response()
}

async fn door(
    State(server): State<Server>,
    headers: HeaderMap,
    request: axum::extract::Request,
    next: axum::middleware::Next,
) -> Response {
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let asked = (request.method().clone(), request.uri().clone(), header("X-Vault-Namespace"));
    server.inside().requests.push(asked);
    let mood = server.inside().mood;
    match mood {
        Mood::Slow => std::future::pending().await,
        Mood::Sealed => errors(503, &["Vault is sealed"]),
        Mood::NoEngine => errors(404, &["no handler for route \"transit/…\". route entry not found."]),
        Mood::Redirects => {
            (StatusCode::TEMPORARY_REDIRECT, [("Location", "http://127.0.0.1:1/")]).into_response()
        }
        Mood::WebSite => (StatusCode::NOT_FOUND, "<html>Not found</html>").into_response(),
        _ if !admitted(header("X-Vault-Token")) => errors(403, &["permission denied"]),
        _ => next.run(request).await,
    }
}

fn admitted(token: Option<String>) -> bool {
    token.is_some_and(|token| token == TOKEN || Ok(token) == std::env::var("PATH"))
}

async fn key(State(server): State<Server>, Path(name): Path<String>, method: Method) -> Response {
    let mut inside = server.inside();
    if method == Method::POST {
        return inside.keys.entry(name.clone()).or_insert_with(|| Key::new(false)).described(&name);
    }
    let Some(key) = inside.keys.get(&name) else {
        let deleting = format!("error deleting policy {name}: could not delete key; not found");
        return if method == Method::GET { errors(404, &[]) } else { errors(400, &[&deleting]) };
    };
    if method == Method::GET {
        return key.described(&name);
    }
    if !key.deletion_allowed {
        return errors(
            400,
            &[&format!("error deleting policy {name}: deletion is not allowed for this key")],
        );
    }
    if inside.mood != Mood::KeepsKeys {
        inside.keys.remove(&name);
    }
    StatusCode::NO_CONTENT.into_response()
}

async fn config(State(server): State<Server>, Path(name): Path<String>, body: Bytes) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap();
    match server.inside().keys.get_mut(&name) {
        Some(key) => {
            key.deletion_allowed = body["deletion_allowed"].as_bool().unwrap_or(key.deletion_allowed);
            key.described(&name)
        }
        None => errors(400, &[&format!("no existing key named {name} could be found")]),
    }
}

async fn encrypt(State(server): State<Server>, Path(name): Path<String>, body: Bytes) -> Response {
    let mut inside = server.inside();
    if inside.mood == Mood::Quotes {
        return errors(500, &[std::str::from_utf8(&body).unwrap()]);
    }
    let body: Value = serde_json::from_slice(&body).unwrap();
    let Ok(mut sealed) = STANDARD.decode(body["plaintext"].as_str().unwrap()) else {
        return errors(400, &["failed to base64-decode plaintext"]);
    };
    // As with a token that may create: a key that is not there is made.
    let key = inside.keys.entry(name).or_insert_with(|| Key::new(false));
    let nonce = key.cipher.seal_in_place_append_tag(Aad::empty(), &mut sealed).unwrap();
    let ciphertext = format!("vault:v1:{}", STANDARD.encode([nonce.as_ref().as_slice(), &sealed].concat()));
    axum::Json(json!({"data": {"ciphertext": ciphertext, "key_version": 1}, "warnings": null}))
        .into_response()
}

async fn decrypt(State(server): State<Server>, Path(name): Path<String>, body: Bytes) -> Response {
    let inside = server.inside();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let Some(key) = inside.keys.get(&name) else { return errors(400, &["encryption key not found"]) };
    let Some(ciphertext) = body["ciphertext"].as_str().unwrap().strip_prefix("vault:v1:") else {
        return errors(400, &["invalid ciphertext: no prefix"]);
    };
    let sealed = STANDARD.decode(ciphertext).unwrap_or_default();
    let Some((nonce, sealed)) = sealed.split_first_chunk::<NONCE_LEN>() else {
        return errors(400, &["invalid ciphertext: too short"]);
    };
    let mut sealed = sealed.to_vec();
    match key.cipher.open_in_place(nonce.into(), Aad::empty(), &mut sealed) {
        Ok(plaintext) => {
            axum::Json(json!({"data": {"plaintext": STANDARD.encode(plaintext)}})).into_response()
        }
        Err(_) => errors(400, &["cipher: message authentication failed"]),
    }
}
