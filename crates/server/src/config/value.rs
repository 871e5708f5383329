//! How each kind of setting is written.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::path::PathBuf;

use axum::http::Uri;
use chrono::NaiveTime;
use lethe_vault::custodian::{CustodianSpec, SpecError};
use sqlx::postgres::PgConnectOptions;
use tracing_subscriber::EnvFilter;

/// A kind of setting.
pub(super) trait Value: Sized {
    /// Reads it; the error is a sentence that says what to write instead.
    fn parse(text: &str) -> Result<Self, String>;

    /// How `lethe config` shows it, without secrets.
    fn shown(&self) -> String;
}

impl<T: Value> Value for Option<T> {
    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() { Ok(None) } else { T::parse(text).map(Some) }
    }

    fn shown(&self) -> String {
        self.as_ref().map_or_else(String::new, Value::shown)
    }
}

impl Value for PathBuf {
    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() { Err("Name a folder.".to_owned()) } else { Ok(Self::from(text)) }
    }

    fn shown(&self) -> String {
        self.display().to_string()
    }
}

impl Value for bool {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "true" | "1" | "yes" => Ok(true),
            "false" | "0" | "no" => Ok(false),
            _ => Err("Write true or false.".to_owned()),
        }
    }

    fn shown(&self) -> String {
        self.to_string()
    }
}

/// Where users reach this server: scheme and host, perhaps a path, without a slash at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicUrl(pub(crate) String);

impl Value for PublicUrl {
    fn parse(text: &str) -> Result<Self, String> {
        let url: Option<Uri> = text.parse().ok();
        let is_web = |url: &Uri| matches!(url.scheme_str(), Some("http" | "https")) && url.query().is_none();
        match url.filter(|url| is_web(url) && !text.contains('#')) {
            Some(_) => Ok(Self(text.trim_end_matches('/').to_owned())),
            None => Err("Write an address as users open it, for example https://crm.example.org.".to_owned()),
        }
    }

    fn shown(&self) -> String {
        self.0.clone()
    }
}

macro_rules! numbers {
    ($($type:ty),+) => {$(
        impl Value for $type {
            fn parse(text: &str) -> Result<Self, String> {
                text.parse().map_err(|_| "Write a whole number above zero.".to_owned())
            }

            fn shown(&self) -> String {
                self.to_string()
            }
        }
    )+};
}

numbers!(NonZeroU32, NonZeroU64, NonZeroUsize);

/// An address to listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Listen(pub(crate) SocketAddr);

impl Value for Listen {
    fn parse(text: &str) -> Result<Self, String> {
        let on_localhost = text.strip_prefix("localhost:").and_then(|port| port.parse().ok());
        let address = on_localhost
            .map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
            .or_else(|| text.parse().ok())
            .ok_or("Write an address and a port, for example 127.0.0.1:8080 or [::1]:8080.")?;
        Ok(Self(address))
    }

    fn shown(&self) -> String {
        self.0.to_string()
    }
}

/// A PostgreSQL to connect to. Its password is never shown.
#[derive(Clone)]
pub(crate) struct DatabaseUrl(pub(crate) PgConnectOptions);

impl Value for DatabaseUrl {
    fn parse(text: &str) -> Result<Self, String> {
        let is_url = text.starts_with("postgres://") || text.starts_with("postgresql://");
        let options = is_url.then(|| text.parse().ok()).flatten();
        options.map(Self).ok_or_else(|| {
            "Write a URL such as postgres://user:password@host:5432/database; special characters in the password are \
             written as %-escapes."
                .to_owned()
        })
    }

    fn shown(&self) -> String {
        let options = &self.0;
        let host = options
            .get_socket()
            .map_or_else(|| options.get_host().to_owned(), |path| path.display().to_string());
        let database = options.get_database().unwrap_or(options.get_username());
        format!("postgres://{}:***@{host}:{}/{database}", options.get_username(), options.get_port())
    }
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown())
    }
}

/// Who keeps the root key; none if it is the file in the data folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Keepers(pub(crate) Vec<CustodianSpec>);

impl Value for Keepers {
    fn parse(text: &str) -> Result<Self, String> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        parts
            .map(|part| part.parse().map_err(|error: SpecError| error.to_string()))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    fn shown(&self) -> String {
        self.0.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }
}

/// Folders; there may be none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Folders(pub(crate) Vec<PathBuf>);

impl Value for Folders {
    fn parse(text: &str) -> Result<Self, String> {
        let folders: Vec<PathBuf> =
            text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(PathBuf::from).collect();
        let twice = folders
            .iter()
            .enumerate()
            .find(|(place, folder)| folders.iter().take(*place).any(|f| f == *folder));
        match twice {
            Some((_, folder)) => Err(format!("Name each folder once; {} is there twice.", folder.display())),
            None => Ok(Self(folders)),
        }
    }

    fn shown(&self) -> String {
        self.0.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(", ")
    }
}

/// A collector of traces that speaks OTLP over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Collector(String);

impl Collector {
    /// Where it takes traces.
    pub(crate) fn traces(&self) -> String {
        format!("{}/v1/traces", self.0)
    }
}

impl Value for Collector {
    fn parse(text: &str) -> Result<Self, String> {
        let uri: Option<Uri> = text.parse().ok();
        let usable = uri.is_some_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https"))
                && uri.query().is_none()
                && uri.authority().is_some_and(|place| !place.as_str().contains('@'))
        });
        if usable {
            return Ok(Self(text.trim_end_matches('/').to_owned()));
        }
        Err("Write the collector's base address for OTLP over HTTP, for example http://127.0.0.1:4318. Credentials \
             belong in the variable OTEL_EXPORTER_OTLP_HEADERS."
            .to_owned())
    }

    fn shown(&self) -> String {
        self.0.clone()
    }
}

/// A text that is not empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name(pub(crate) String);

impl Value for Name {
    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() { Err("Write a name.".to_owned()) } else { Ok(Self(text.to_owned())) }
    }

    fn shown(&self) -> String {
        self.0.clone()
    }
}

/// What is logged, in the syntax of `tracing`'s `EnvFilter`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogFilter(pub(crate) String);

impl Value for LogFilter {
    fn parse(text: &str) -> Result<Self, String> {
        EnvFilter::try_new(text).map_err(|_| {
            "Write a level (error, warn, info, debug, trace), or parts with levels, for example \
             info,lethe_ledger=debug."
                .to_owned()
        })?;
        Ok(Self(text.to_owned()))
    }

    fn shown(&self) -> String {
        self.0.clone()
    }
}

/// The form of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// Lines for people.
    Text,
    /// JSON objects, one a line.
    Json,
}

impl Value for LogFormat {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err("Write text or json.".to_owned()),
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Json => "json".to_owned(),
        }
    }
}

/// A time of day in Denmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimeOfDay(pub(crate) NaiveTime);

impl Value for TimeOfDay {
    fn parse(text: &str) -> Result<Self, String> {
        NaiveTime::parse_from_str(text, "%H:%M")
            .map(Self)
            .map_err(|_| "Write a time of day, for example 02:30.".to_owned())
    }

    fn shown(&self) -> String {
        self.0.format("%H:%M").to_string()
    }
}
