//! The settings: flags before environment before `lethe.toml` before defaults.

mod layer;
mod mail;
mod tokens;
mod value;

use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::path::{Path, PathBuf};

use lethe_notary::Places;
use lethe_vault::Custody;
use lethe_vault::custodian::CustodianSpec;
use lethe_vault::mirror::Mirrors;

pub(crate) use layer::{Layer, Layers};
pub(crate) use mail::{MailFrom, SmtpUrl};
pub(crate) use tokens::{Issuer, Names, Seconds, Tokens};
pub(crate) use value::{
    Collector, DatabaseUrl, Folders, Keepers, Listen, LogFilter, LogFormat, Name, PublicUrl, TimeOfDay,
    Witnesses,
};

use value::Value;

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("The settings file {} cannot be read: {source}. Check the path given with --config.", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("The settings file {} is no valid TOML: {reason}", path.display())]
    Syntax { path: PathBuf, reason: String },
    #[error(
        "The settings file {} has a key \"{key}\" that does not exist. `lethe config` lists the keys that do.",
        path.display()
    )]
    UnknownKey { path: PathBuf, key: String },
    #[error(
        "The key \"{key}\" of the settings file {} must be a text in quotes, a whole number, true or false.",
        path.display()
    )]
    Type { path: PathBuf, key: String },
    #[error("The setting {key} ({place}) cannot be used: {reason}")]
    Value { key: &'static str, place: Source, reason: String },
    #[error("The settings miss {keys}: {reason}")]
    Missing { keys: String, reason: String },
}

/// Where a setting's value came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Source {
    /// Nobody set it.
    Default,
    /// `lethe.toml`.
    File,
    /// A variable of the environment.
    Environment,
    /// A flag of the command line.
    Flag,
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Default => "default",
            Self::File => "file",
            Self::Environment => "environment",
            Self::Flag => "flag",
        })
    }
}

/// One setting as `lethe config` shows it; secrets are left out of the value.
#[derive(Debug, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Entry {
    pub(crate) key: &'static str,
    pub(crate) value: String,
    pub(crate) source: Source,
    pub(crate) variable: &'static str,
    pub(crate) meaning: &'static str,
}

macro_rules! settings {
    ($($key:ident: $type:ty = $default:literal, $variable:literal, $meaning:literal;)+) => {
        /// Every setting in force.
        #[derive(Clone, Debug)]
        pub(crate) struct Config {
            $(pub(crate) $key: $type,)+
            sources: Vec<Source>,
        }

        /// Every key and the variable of the environment that sets it.
        pub(crate) const KEYS: &[(&str, &str)] = &[$((stringify!($key), $variable)),+];

        impl Config {
            /// Decides every setting.
            ///
            /// # Errors
            /// [`ConfigError::Value`] names the setting, where it was set and what to write instead.
            pub(crate) fn resolve(layers: &Layers) -> Result<Self, ConfigError> {
                let mut sources = Vec::new();
                Ok(Self {
                    $($key: {
                        let (source, text) = layers.find(stringify!($key), $default);
                        sources.push(source);
                        <$type as Value>::parse(text)
                            .map_err(|reason| ConfigError::Value { key: stringify!($key), place: source, reason })?
                    },)+
                    sources,
                })
            }

            /// Every setting, in a fixed order.
            pub(crate) fn entries(&self) -> Vec<Entry> {
                let values = [$((stringify!($key), Value::shown(&self.$key), $variable, $meaning)),+];
                values
                    .into_iter()
                    .zip(&self.sources)
                    .map(|((key, value, variable, meaning), &source)| Entry { key, value, source, variable, meaning })
                    .collect()
            }
        }
    };
}

settings! {
    listen: Listen = "127.0.0.1:8080", "LETHE_LISTEN", "Address and port to listen on; loopback only without an issuer.";
    public_url: Option<PublicUrl> = "", "LETHE_PUBLIC_URL", "Where users reach this server, for links in mails.";
    production: bool = "false", "LETHE_PRODUCTION", "Whether a start without what production needs is refused.";
    oidc_issuer: Option<Issuer> = "", "LETHE_OIDC_ISSUER", "OpenID Connect issuer whose tokens are believed.";
    oidc_audience: Option<Name> = "", "LETHE_OIDC_AUDIENCE", "Audience that its tokens must be meant for.";
    second_factor: Names = "mfa,otp,hwk,swk,sc,fpt,face,iris,retina,vbm,phr,phrh", "LETHE_SECOND_FACTOR", "Values of amr or acr that tell a second factor; with commas.";
    clock_skew_seconds: Seconds = "60", "LETHE_CLOCK_SKEW_SECONDS", "How much the issuer's clock may differ, up to 300.";
    data_dir: PathBuf = "./data", "LETHE_DATA_DIR", "Folder of root key, token key, embedded PostgreSQL and locks.";
    database_url: Option<DatabaseUrl> = "", "DATABASE_URL", "PostgreSQL to use instead of the embedded one.";
    pg_bin: Option<PathBuf> = "", "LETHE_PG_BIN", "Folder of PostgreSQL's programs.";
    offline: bool = "false", "LETHE_OFFLINE", "Whether downloading PostgreSQL is forbidden.";
    database_connections: NonZeroU32 = "16", "LETHE_DATABASE_CONNECTIONS", "Most connections to PostgreSQL.";
    log: LogFilter = "info,sqlx=warn", "LETHE_LOG", "What is logged, for example info or lethe_ledger=debug.";
    log_format: LogFormat = "text", "LETHE_LOG_FORMAT", "Form of the log: text or json.";
    otlp_endpoint: Option<Collector> = "", "OTEL_EXPORTER_OTLP_ENDPOINT", "Collector that traces are sent to.";
    service_name: Name = "lethe", "OTEL_SERVICE_NAME", "Name of this server in traces.";
    max_requests: NonZeroUsize = "256", "LETHE_MAX_REQUESTS", "Most GraphQL requests at once; more are refused.";
    max_header_bytes: NonZeroUsize = "65536", "LETHE_MAX_HEADER_BYTES", "Largest head of a request.";
    max_body_bytes: NonZeroUsize = "4194304", "LETHE_MAX_BODY_BYTES", "Largest request without files.";
    max_upload_bytes: NonZeroUsize = "67108864", "LETHE_MAX_UPLOAD_BYTES", "Largest request with files.";
    request_timeout_seconds: NonZeroU64 = "30", "LETHE_REQUEST_TIMEOUT_SECONDS", "Longest time for one request.";
    header_timeout_seconds: NonZeroU64 = "20", "LETHE_HEADER_TIMEOUT_SECONDS", "Longest wait for the head of a request.";
    body_timeout_seconds: NonZeroU64 = "20", "LETHE_BODY_TIMEOUT_SECONDS", "Longest time to receive a body.";
    max_sockets: NonZeroU32 = "256", "LETHE_MAX_SOCKETS", "Most web sockets at once; more are refused.";
    max_operations: NonZeroUsize = "32", "LETHE_MAX_OPERATIONS", "Most operations at once on one web socket.";
    socket_silence_seconds: NonZeroU64 = "30", "LETHE_SOCKET_SILENCE_SECONDS", "Longest silence of a web socket.";
    shutdown_seconds: NonZeroU64 = "20", "LETHE_SHUTDOWN_SECONDS", "Longest time to finish requests at the end.";
    graphql_depth: NonZeroUsize = "15", "LETHE_GRAPHQL_DEPTH", "Deepest nesting of a query.";
    graphql_complexity: NonZeroUsize = "5000", "LETHE_GRAPHQL_COMPLEXITY", "Most fields of a query, lists multiplied.";
    custodians: Keepers = "", "LETHE_CUSTODIANS", "Who keeps the root key: file:PATH, transit:URL?…; several with commas.";
    mirrors: Folders = "", "LETHE_MIRRORS", "Folders that get every wrapped key; several with commas.";
    witnesses: Witnesses = "", "LETHE_WITNESSES", "Who cosigns the log: URL and verifier key; several with commas.";
    vault_buckets: NonZeroU32 = "32768", "LETHE_VAULT_BUCKETS", "Buckets of a new vault, a power of two.";
    rotate_at: TimeOfDay = "03:30", "LETHE_ROTATE_AT", "When the root key is rotated if keys were destroyed, every day.";
    smtp_url: Option<SmtpUrl> = "", "LETHE_SMTP_URL", "Mail server: smtp:// with STARTTLS, or smtps://.";
    mail_from: Option<MailFrom> = "", "LETHE_MAIL_FROM", "Whom mails come from; needed with a mail server.";
    mail_retry_seconds: NonZeroU32 = "60", "LETHE_MAIL_RETRY_SECONDS", "Time to a mail's second attempt; it doubles.";
    mail_attempts: NonZeroU32 = "16", "LETHE_MAIL_ATTEMPTS", "Most attempts to send a mail.";
    mail_timeout_seconds: NonZeroU64 = "300", "LETHE_MAIL_TIMEOUT_SECONDS", "Longest wait for a mail server's answer.";
    import_recognised_days: NonZeroU32 = "30", "LETHE_IMPORT_RECOGNISED_DAYS", "Days after an import in which its file is recognised.";
    sweep_at: TimeOfDay = "02:30", "LETHE_SWEEP_AT", "When what is due is swept, every day, Europe/Copenhagen.";
    longest_expiry_years: NonZeroU32 = "30", "LETHE_LONGEST_EXPIRY_YEARS", "Most years until a note or consent expires.";
}

impl Config {
    /// Who keeps the root key: those of the settings, or one file in the data folder.
    pub(crate) fn custody(&self, data_dir: &Path) -> Custody {
        let custody = Custody::in_data_dir(data_dir).with_buckets(self.vault_buckets.get());
        let named = &self.custodians.0;
        if named.is_empty() { custody } else { Custody { custodians: named.clone(), ..custody } }
    }

    /// The address of a page of this server, for a link in a mail.
    pub(crate) fn page(&self, path: &str) -> String {
        match &self.public_url {
            Some(PublicUrl(url)) => format!("{url}{path}"),
            None => format!("http://{}{path}", self.listen.0),
        }
    }

    /// Who keeps the last signed checkpoint outside PostgreSQL.
    pub(crate) fn places(&self, data_dir: &Path) -> Places {
        let beside = |custodian: &CustodianSpec| match custodian {
            CustodianSpec::File(path) => path.parent().map(Path::to_owned),
            CustodianSpec::Transit(_) => None,
        };
        let custodians = self.custodians.0.iter().filter_map(beside);
        Places::new([data_dir.to_owned()].into_iter().chain(custodians).chain(self.mirrors.0.iter().cloned()))
    }

    /// Who has a copy of the wrapped keys.
    pub(crate) fn mirrors(&self) -> Mirrors {
        Mirrors::new(&self.mirrors.0)
    }
}

#[cfg(test)]
mod tests;
