//! A custodian in the settings: `file:PATH` or `transit:URL?mount=…&token_file=…`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use reqwest::Url;

/// A custodian as the settings name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CustodianSpec {
    /// `file:PATH`
    File(PathBuf),
    /// `transit:URL?mount=transit&token_file=PATH` (or `&token_env=NAME`), with `&namespace=NS` if there is one.
    Transit(TransitSpec),
}

/// Where a transit engine is, and how to be let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransitSpec {
    /// The server's address, without `/v1`.
    pub url: Url,
    /// Where the engine is mounted; `transit` unless named.
    pub mount: String,
    /// Where the token is.
    pub token: TokenSource,
    /// The namespace, where there are some.
    pub namespace: Option<String>,
}

/// Where a token is; it is read anew for each request, so that whatever renews it is heeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenSource {
    /// In a file.
    File(PathBuf),
    /// In an environment variable.
    Env(String),
}

/// What is wrong with a custodian in the settings. The text itself is not repeated, it may hold a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// Neither kind.
    #[error("A custodian is `file:PATH` or `transit:URL?mount=transit&token_file=PATH`.")]
    Kind,
    /// `file:` alone.
    #[error("The custodian `file:` names no path. Write `file:/path/to/root.key`.")]
    NoPath,
    /// The address cannot be read.
    #[error("The address of the transit custodian is not a URL: {0}. Write `transit:https://host:8200?…`.")]
    Url(String),
    /// Neither http nor https.
    #[error(
        "The address of the transit custodian must begin with https://, or http:// on this very machine."
    )]
    Scheme,
    /// The root would travel in the clear.
    #[error(
        "The transit custodian on another machine must be reached by https://, else the root travels in the clear."
    )]
    Clear,
    /// A name, password or fragment stands in the address.
    #[error(
        "The address of the transit custodian must not hold a user, a password or a fragment. Use token_file."
    )]
    Credentials,
    /// A parameter that does not exist.
    #[error(
        "The transit custodian has no parameter {0:?}. There are mount, token_file, token_env and namespace."
    )]
    Unknown(String),
    /// A parameter twice, or empty, or with a form it cannot have.
    #[error("The parameter {0} of the transit custodian is given twice, or is empty or malformed.")]
    Parameter(&'static str),
    /// No token, or two.
    #[error("The transit custodian needs exactly one of token_file and token_env.")]
    Token,
}

impl FromStr for CustodianSpec {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        if let Some(path) = text.strip_prefix("file:") {
            return if path.is_empty() { Err(SpecError::NoPath) } else { Ok(Self::File(path.into())) };
        }
        text.strip_prefix("transit:").ok_or(SpecError::Kind)?.parse().map(Self::Transit)
    }
}

impl FromStr for TransitSpec {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        let mut url = Url::parse(text).map_err(|error| SpecError::Url(error.to_string()))?;
        secure(&url)?;
        let (mut mount, mut file, mut env, mut namespace) = (None, None, None, None);
        for (name, value) in url.query_pairs() {
            let (place, name) = match &*name {
                "mount" => (&mut mount, "mount"),
                "token_file" => (&mut file, "token_file"),
                "token_env" => (&mut env, "token_env"),
                "namespace" => (&mut namespace, "namespace"),
                _ => return Err(SpecError::Unknown(name.into_owned())),
            };
            if value.is_empty()
                || value.chars().any(char::is_control)
                || place.replace(value.into_owned()).is_some()
            {
                return Err(SpecError::Parameter(name));
            }
        }
        let mount = mount.unwrap_or_else(|| "transit".to_owned());
        if mount.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(SpecError::Parameter("mount"));
        }
        if namespace.as_ref().is_some_and(|namespace| !namespace.is_ascii()) {
            return Err(SpecError::Parameter("namespace"));
        }
        let token = match (file, env) {
            (Some(file), None) => TokenSource::File(file.into()),
            (None, Some(env)) if !env.contains('=') => TokenSource::Env(env),
            _ => return Err(SpecError::Token),
        };
        url.set_query(None);
        Ok(Self { url, mount, token, namespace })
    }
}

fn secure(url: &Url) -> Result<(), SpecError> {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    let here = host == "localhost" || address.is_ok_and(|address| address.is_loopback());
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(SpecError::Credentials);
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if here => Ok(()),
        "http" => Err(SpecError::Clear),
        _ => Err(SpecError::Scheme),
    }
}

impl CustodianSpec {
    /// The same wherever Lethe is started: with the whole path of a file.
    #[must_use]
    pub fn absolute(&self) -> Self {
        match self {
            Self::File(path) => Self::File(std::path::absolute(path).unwrap_or_else(|_| path.clone())),
            Self::Transit(_) => self.clone(),
        }
    }

    /// What tells it from any other, and from itself under other settings: the path of a file; address, mount and namespace of
    /// a transit engine.
    #[must_use]
    pub fn identity(&self) -> String {
        match self.absolute() {
            Self::File(path) => format!("file:{}", path.display()),
            Self::Transit(transit) => transit.name(),
        }
    }
}

impl TransitSpec {
    /// What the custodian is called: address, mount and namespace.
    pub(super) fn name(&self) -> String {
        let mut url = self.url.clone();
        url.query_pairs_mut().append_pair("mount", &self.mount);
        if let Some(namespace) = &self.namespace {
            url.query_pairs_mut().append_pair("namespace", namespace);
        }
        format!("transit:{url}")
    }
}

impl fmt::Display for CustodianSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Transit(transit) => transit.fmt(f),
        }
    }
}

impl fmt::Display for TransitSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut url = self.url.clone();
        let (parameter, value) = match &self.token {
            TokenSource::File(path) => ("token_file", path.to_string_lossy()),
            TokenSource::Env(name) => ("token_env", name.as_str().into()),
        };
        url.query_pairs_mut().append_pair("mount", &self.mount).append_pair(parameter, &value);
        if let Some(namespace) = &self.namespace {
            url.query_pairs_mut().append_pair("namespace", namespace);
        }
        write!(f, "transit:{url}")
    }
}

#[cfg(test)]
mod tests;
