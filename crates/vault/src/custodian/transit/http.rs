//! Requests to a transit engine, and what its answers mean.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::HeaderValue;
use reqwest::{Client, Method, Response, redirect};
use serde::Deserialize;
use serde_json::Value;
use zeroize::{Zeroize, Zeroizing};

use crate::custodian::{CustodianError, TokenSource, TransitSpec};

/// No answer of a transit engine that we ask for is longer.
const LONGEST: usize = 256 * 1024;

/// A client of one transit engine.
#[derive(Clone)]
pub(super) struct Http {
    client: Client,
    spec: TransitSpec,
    name: String,
}

/// What the service answered; wiped when dropped.
pub(super) struct Answer {
    custodian: String,
    status: u16,
    body: Zeroizing<Vec<u8>>,
}

#[derive(Deserialize)]
struct Envelope<T> {
    data: T,
}

#[derive(Deserialize)]
struct Errors<'a> {
    #[serde(borrow)]
    errors: Vec<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Text<'a> {
    #[serde(borrow, rename = "plaintext", alias = "ciphertext")]
    text: Cow<'a, str>,
}

impl Http {
    pub(super) fn new(spec: TransitSpec, timeout: Duration) -> Result<Self, CustodianError> {
        let name = spec.name();
        // A redirect would carry token and root to an address that nobody named; so would a proxy.
        let client = Client::builder()
            .timeout(timeout)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|error| unreachable(&name, error))?;
        Ok(Self { client, spec, name })
    }

    pub(super) fn with_timeout(self, timeout: Duration) -> Result<Self, CustodianError> {
        Self::new(self.spec, timeout)
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Asks the engine; the path is below its mount. What no caller can act upon is an error here already.
    pub(super) async fn call(
        &self,
        method: Method,
        path: &[&str],
        body: Option<Bytes>,
    ) -> Result<Answer, CustodianError> {
        let mut url = self.spec.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("v1").extend(self.spec.mount.split('/')).extend(path);
        }
        let mut request = self.client.request(method, url).header("X-Vault-Token", self.token().await?);
        if let Some(namespace) = &self.spec.namespace {
            request = request.header("X-Vault-Namespace", namespace);
        }
        if let Some(body) = body {
            request = request.header("Content-Type", "application/json").body(body);
        }
        let response = request.send().await.map_err(|error| unreachable(&self.name, error))?;
        let status = response.status().as_u16();
        let answer = Answer { custodian: self.name.clone(), status, body: self.body(response).await? };
        let custodian = self.name.clone();
        match status {
            300..=399 => Err(CustodianError::Redirected { custodian }),
            401 | 403 => Err(CustodianError::Forbidden { custodian }),
            // A key that is not there gives no errors; a mount that is not there does.
            404 if answer.first_error().is_some() => Err(CustodianError::NoEngine { custodian }),
            503 => Err(CustodianError::Sealed { custodian }),
            _ => Ok(answer),
        }
    }

    async fn body(&self, mut response: Response) -> Result<Zeroizing<Vec<u8>>, CustodianError> {
        let mut body = Zeroizing::new(Vec::new());
        while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(&self.name, error))? {
            let mut longer = Zeroizing::new(Vec::with_capacity(body.len() + chunk.len()));
            longer.extend_from_slice(&body);
            longer.extend_from_slice(&chunk);
            body = longer;
            if let Ok(mut chunk) = chunk.try_into_mut() {
                chunk.as_mut().zeroize();
            }
            if body.len() > LONGEST {
                return Err(CustodianError::Unreachable {
                    custodian: self.name.clone(),
                    reason: "its answer is too long for a transit engine".to_owned(),
                });
            }
        }
        Ok(body)
    }

    async fn token(&self) -> Result<HeaderValue, CustodianError> {
        let (from, token) = match &self.spec.token {
            TokenSource::File(path) => {
                let read = tokio::fs::read_to_string(path).await.map_err(|error| error.to_string());
                (path.display().to_string(), read)
            }
            TokenSource::Env(name) => {
                (name.clone(), std::env::var(name).map_err(|error| unset(&error).to_owned()))
            }
        };
        let header = token.map(Zeroizing::new).and_then(|token| {
            let token = token.trim();
            let plain = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
            let header = HeaderValue::from_str(token).ok().filter(|_| plain);
            header.ok_or_else(|| "it is empty or not a token".to_owned())
        });
        let mut header =
            header.map_err(|reason| CustodianError::Token { custodian: self.name.clone(), from, reason })?;
        header.set_sensitive(true);
        Ok(header)
    }
}

/// As the error of a variable that is not UTF-8 would, but without its content.
fn unset(error: &std::env::VarError) -> &'static str {
    match error {
        std::env::VarError::NotPresent => "the environment variable is not set",
        std::env::VarError::NotUnicode(_) => "the environment variable is not text",
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Http").field(&self.name).finish()
    }
}

impl Answer {
    pub(super) fn status(&self) -> u16 {
        self.status
    }

    pub(super) fn success(self) -> Result<Self, CustodianError> {
        if (200..300).contains(&self.status) { Ok(self) } else { Err(self.refused()) }
    }

    /// As [`Answer::success`], after a request that carried the root: whatever the service says is not repeated.
    pub(super) fn success_unquoted(self) -> Result<Self, CustodianError> {
        if (200..300).contains(&self.status) { Ok(self) } else { Err(self.odd(String::new())) }
    }

    pub(super) fn refused(&self) -> CustodianError {
        let said =
            self.first_error().map(|said| said.chars().filter(|c| !c.is_control()).take(200).collect());
        self.odd(said.map(|said: String| format!(": {said}")).unwrap_or_default())
    }

    pub(super) fn says(&self, text: &str) -> bool {
        self.first_error().is_some_and(|said| said.contains(text))
    }

    /// The plaintext or the ciphertext in the answer.
    pub(super) fn text(&self) -> Result<Zeroizing<String>, CustodianError> {
        self.data::<Text<'_>>().map(|text| Zeroizing::new(text.text.into_owned()))
    }

    /// Whether the key described is of the kind we make, and cannot leave the service.
    pub(super) fn is_our_kind(&self) -> Result<bool, CustodianError> {
        let key: serde_json::Map<String, Value> = self.data()?;
        let never = ["allow_plaintext_backup", "derived", "imported_key"];
        let stays = key.get("exportable") == Some(&Value::Bool(false));
        let ours = key.get("type").and_then(Value::as_str) == Some("aes256-gcm96");
        Ok(ours && stays && never.iter().all(|flag| key.get(*flag) != Some(&Value::Bool(true))))
    }

    fn data<'a, T: Deserialize<'a>>(&'a self) -> Result<T, CustodianError> {
        serde_json::from_slice::<Envelope<T>>(&self.body)
            .map(|envelope| envelope.data)
            .map_err(|_| self.odd(", but not as a transit engine".to_owned()))
    }

    fn first_error(&self) -> Option<String> {
        match serde_json::from_slice::<Errors<'_>>(&self.body) {
            Ok(errors) => errors.errors.first().map(|error| error.clone().into_owned()),
            Err(_) => Some("not the answer of a transit engine".to_owned()),
        }
    }

    fn odd(&self, reason: String) -> CustodianError {
        CustodianError::Refused { custodian: self.custodian.clone(), status: self.status, reason }
    }
}

/// The whole chain of reasons: the outermost one alone says little.
fn unreachable(custodian: &str, error: reqwest::Error) -> CustodianError {
    let reason =
        if error.is_timeout() { "it did not answer in time".to_owned() } else { chain(&error.without_url()) };
    CustodianError::Unreachable { custodian: custodian.to_owned(), reason }
}

fn chain(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(reason) => format!("{error}: {}", chain(reason)),
        None => error.to_string(),
    }
}
