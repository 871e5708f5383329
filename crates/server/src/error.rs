//! Why a command of the binary failed, and the exit code that says so.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use lethe_crm::import::ImportError;
use lethe_ledger::LedgerError;
use lethe_notary::NotaryError;
use lethe_privacy::certificate::CertificateError;
use lethe_privacy::rotation::RotationError;
use lethe_vault::VaultError;

use crate::command::WitnessError;
use crate::config::ConfigError;

/// Why a command failed, in sentences that say what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("Cannot {action} {}: {source}. Check the path, its owner and its permissions.", path.display())]
    File { action: &'static str, path: PathBuf, source: std::io::Error },
    #[error(
        "{} holds files that are not Lethe's. Name an empty or a new folder with --data-dir.",
        .0.display()
    )]
    ForeignFolder(PathBuf),
    #[error("There is no data folder {}. Name the right one with --data-dir, or create it with `lethe serve`.", .0.display())]
    NoFolder(PathBuf),
    #[error(
        "The data folder {} has format {found}, and this version of Lethe knows formats up to {known}. Start the \
         version that wrote it, or a newer one.",
        folder.display()
    )]
    NewerFolder { folder: PathBuf, found: u32, known: u32 },
    #[error("The file {} does not hold a format number. Restore it from a backup of the data folder.", .0.display())]
    DamagedVersion(PathBuf),
    #[error("The data folder {} is in use by {}. Stop that one first, or name another folder with --data-dir.",
        folder.display(), pid.as_ref().map_or_else(|| "another lethe".to_owned(), |pid| format!("lethe process {pid}")))]
    InUse { folder: PathBuf, pid: Option<u32> },
    #[error(
        "Cannot listen on {address}: {source}. Stop what listens there, or choose another address with --listen."
    )]
    Listen { address: SocketAddr, source: std::io::Error },
    #[error(
        "Cannot listen on {0}: ports below 1024 are for root. Choose another port with --listen, for example 8080, and have \
         a proxy in front of it, or give the program the capability CAP_NET_BIND_SERVICE."
    )]
    PrivilegedPort(SocketAddr),
    #[error(transparent)]
    Postgres(#[from] lethe_local_postgres::Error),
    #[error("PostgreSQL cannot be reached: {0}. Check that it runs, DATABASE_URL, and the user's password.")]
    Unreachable(String),
    #[error(
        "The embedded PostgreSQL was told to write the parameters of statements into its log, and with them sealed values and \
         keys: {0}. Take it back with ALTER ROLE … RESET or ALTER DATABASE … RESET."
    )]
    LogsParameters(String),
    #[error(
        "The vault was restored, but not all of it is done: {0} When that is mended, run `lethe keys export`."
    )]
    Unfinished(VaultError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error("The database holds no ledger yet. Run `lethe serve` once; it creates the tables.")]
    NoLedger,
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Notary(#[from] NotaryError),
    #[error(transparent)]
    Rotation(#[from] RotationError),
    #[error("There is no mirror in the settings. Name one in mirrors, or a folder with --out.")]
    NoMirror,
    #[error(
        "{0} other sessions of Lethe are connected to this database. Stop every server first: what is restored must not \
         be written to meanwhile."
    )]
    OthersConnected(i64),
    #[error(transparent)]
    Restore(#[from] lethe_privacy::restore::NotRestored),
    #[error("The views do not catch up with the ledger. `lethe doctor` says which one and why.")]
    ViewsLag,
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    #[error(transparent)]
    Import(#[from] ImportError),
    #[error(
        "Tokens come from {0} here, and nobody else's are believed. Get one there, or leave oidc_issuer out to sign them \
         with the data folder's key."
    )]
    IssuerSigns(String),
    #[error(
        "No issuer of tokens is set, so nobody could sign in as that administrator. Set oidc_issuer and oidc_audience; to try \
         things out, `lethe token` signs tokens without an issuer."
    )]
    NoIssuer,
    #[error(
        "Somebody administers this system already. Have them register further administrators (userRegister, then userGrant). \
         If nobody does, the ledger says something of a user or device that cannot be read: `lethe doctor` names it."
    )]
    Administrated,
    #[error(transparent)]
    Token(#[from] lethe_auth::LocalKeyError),
    #[error(transparent)]
    Issuer(#[from] lethe_auth::IssuerError),
    #[error(transparent)]
    Fixtures(#[from] lethe_fixtures::Error),
    #[error(transparent)]
    Witness(#[from] WitnessError),
    #[error(transparent)]
    Mail(#[from] lethe_mail::TransportError),
    #[error(transparent)]
    Mails(#[from] lethe_mail::ShowError),
    #[error("Mails go to a mail server, and nobody is named whom they come from. Set mail_from.")]
    NoSender,
    #[error(
        "This database has no demo data, so say in whose name to import: --unit with the id of a unit, and --user with the id \
         of a user of it. `{{ viewer {{ userId unit {{ id }} }} }}` at the endpoint tells yours."
    )]
    InWhoseName,
    #[error("{0}")]
    Refused(String),
    #[error("The metrics cannot be recorded: {0}.")]
    Metrics(String),
    #[error("Traces cannot be exported: {0}. Check the setting otlp_endpoint, or leave it out.")]
    Traces(String),
    #[error("The server stopped: {0}.")]
    Serve(std::io::Error),
    #[error("The output cannot be written: {0}.")]
    Output(#[from] std::io::Error),
}

/// What a command came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All is well.
    Done,
    /// There are findings or refused rows, and they were told.
    Findings,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::SUCCESS,
            Outcome::Findings => Self::from(1),
        }
    }
}

impl Error {
    /// For `map_err`: the failure of a file operation on `path`.
    pub(crate) fn file(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { action, path, source }
    }

    /// Why nothing can be listened for on an address.
    pub(crate) fn listen(address: SocketAddr, source: std::io::Error) -> Self {
        if source.kind() == std::io::ErrorKind::PermissionDenied && address.port() < 1024 {
            return Self::PrivilegedPort(address);
        }
        Self::Listen { address, source }
    }

    /// The exit code, as `lethe --help` documents it.
    pub(crate) fn exit_code(&self) -> u8 {
        use lethe_local_postgres::Error as Postgres;
        match self {
            Self::InUse { .. }
            | Self::Postgres(Postgres::InUse { .. })
            | Self::Rotation(RotationError::Busy) => 5,
            Self::Postgres(
                Postgres::Initdb { .. }
                | Postgres::DidNotStart { .. }
                | Postgres::DidNotStop { .. }
                | Postgres::Leftover { .. }
                | Postgres::Supervision,
            )
            | Self::Unreachable(_)
            | Self::LogsParameters(_)
            | Self::Unfinished(_)
            | Self::Ledger(_)
            | Self::Notary(NotaryError::Ledger(_))
            | Self::Certificate(CertificateError::Ledger(_))
            | Self::NoLedger
            | Self::Rotation(RotationError::Ledger(_)) => 4,
            Self::Vault(error) | Self::Certificate(CertificateError::Vault(error))
                if matches!(error, VaultError::Database(_)) || error.is_damage() =>
            {
                4
            }
            // Nothing failed: there is no certificate, or not yet; or the ledger is not believed.
            Self::Certificate(_) | Self::Notary(NotaryError::Fault(_)) => 1,
            _ => 3,
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Ledger(error.into())
    }
}
