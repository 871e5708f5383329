//! Sending through a mail server (RFC 5321), step by step, so that it is known behind which one a connection broke.

mod address;

use std::io::ErrorKind;
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::Response;

use super::letter::Rendered;
use super::{Outcome, Reason, TransportError};

pub use address::{Security, SmtpAddress, SmtpAddressError};

/// How long it may take to reach the server.
const REACH: Duration = Duration::from_secs(30);
/// How long a goodbye may take; nothing depends on it.
const GOODBYE: Duration = Duration::from_secs(2);

/// A mail server.
pub(crate) struct Smtp {
    address: SmtpAddress,
    tls: Option<TlsParameters>,
    hello: ClientId,
    /// How long each answer may take.
    patience: Duration,
}

/// An open connection to it.
pub(crate) struct Line(AsyncSmtpConnection);

impl Smtp {
    /// A mail server, and what this end calls itself.
    ///
    /// # Errors
    /// [`TransportError::Authority`] when the file of the setting cannot be used, [`TransportError::Tls`].
    pub(crate) fn new(
        address: SmtpAddress,
        hello: String,
        patience: Duration,
    ) -> Result<Self, TransportError> {
        let tls = match address.security {
            Security::None => None,
            Security::StartTls | Security::Implicit => Some(parameters(&address)?),
        };
        Ok(Self { address, tls, hello: ClientId::Domain(hello), patience })
    }

    /// Connects, encrypts if that is demanded, and logs in.
    ///
    /// # Errors
    /// [`TransportError`] says what prevents it; no mail was tried.
    pub(crate) async fn connect(&self) -> Result<Line, TransportError> {
        let reaching = self.reach();
        tokio::time::timeout(REACH.max(self.patience), reaching)
            .await
            .unwrap_or_else(|_| Err(self.unreachable("it does not answer in time".to_owned())))
    }

    async fn reach(&self) -> Result<Line, TransportError> {
        let place = (self.address.host.as_str(), self.address.port);
        let implicit = self.tls.clone().filter(|_| self.address.security == Security::Implicit);
        let mut line = AsyncSmtpConnection::connect_tokio1(place, Some(REACH), &self.hello, implicit, None)
            .await
            .map_err(|error| self.failed(&error))?;
        if self.address.security == Security::StartTls {
            let tls = self.tls.clone().ok_or(TransportError::Tls)?;
            if !line.can_starttls() {
                return Err(TransportError::NotEncrypted(self.address.place()));
            }
            line.starttls(tls, &self.hello).await.map_err(|error| self.failed(&error))?;
        }
        if let Some((user, password)) = &self.address.login {
            let credentials = Credentials::new(user.clone(), password.clone());
            let logged_in = line.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await;
            logged_in.map_err(|error| TransportError::Login {
                place: self.address.place(),
                code: code_of(&error),
            })?;
        }
        Ok(Line(line))
    }

    /// Says why no connection came about, in words of our own: those of the server may quote what is nobody's business.
    fn failed(&self, error: &Error) -> TransportError {
        match (code_of(error), io_behind(error)) {
            (Some(code), _) => self.unreachable(format!("it answers with code {code}")),
            (None, Some(ErrorKind::InvalidData)) => TransportError::Untrusted(self.address.place()),
            (None, Some(kind)) => self.unreachable(kind.to_string()),
            (None, None) => self.unreachable("it does not answer as a mail server does".to_owned()),
        }
    }

    fn unreachable(&self, reason: String) -> TransportError {
        TransportError::Unreachable { place: self.address.place(), reason }
    }

    /// Sends a letter; tells what became of it. After anything but success the line is of no more use.
    pub(crate) async fn deliver(&self, line: &mut Line, letter: &Rendered) -> Outcome {
        let Ok(parameters) = mail_parameters(&line.0, letter) else {
            return Outcome::Never(Reason::AddressUnsupported, None);
        };
        match self.before_data(line, letter, parameters).await {
            Ok(()) => {}
            Err(outcome) => return outcome,
        }
        let answer = self.answer(line.0.message(&letter.bytes)).await;
        match answer {
            Ok(response) => Outcome::Sent(Some(i64::from(u16::from(response.code())))),
            // The whole letter may have arrived, and only the answer not.
            Err(None) => Outcome::Unknown(Reason::ConnectionLost),
            Err(Some(error)) => refusal(&error).unwrap_or(Outcome::Unknown(Reason::ConnectionLost)),
        }
    }

    async fn before_data(
        &self,
        line: &mut Line,
        letter: &Rendered,
        parameters: Vec<MailParameter>,
    ) -> Result<(), Outcome> {
        let early = |error: Option<Error>| {
            let refused = error.as_ref().and_then(refusal);
            refused.unwrap_or(Outcome::NotYet(Reason::ConnectionLost, None))
        };
        let from = Mail::new(letter.envelope.from().cloned(), parameters);
        self.answer(line.0.command(from)).await.map_err(early)?;
        for to in letter.envelope.to() {
            let to = Rcpt::new(to.clone(), Vec::new());
            self.answer(line.0.command(to)).await.map_err(early)?;
        }
        self.answer(line.0.command(Data)).await.map_err(early)?;
        Ok(())
    }

    /// Waits for an answer; an error without content means that none came in time.
    async fn answer(
        &self,
        asked: impl Future<Output = Result<Response, Error>>,
    ) -> Result<Response, Option<Error>> {
        match tokio::time::timeout(self.patience, asked).await {
            Ok(answer) => answer.map_err(Some),
            Err(_) => Err(None),
        }
    }
}

impl Line {
    /// Ends the connection as is polite.
    pub(crate) async fn close(mut self) {
        if tokio::time::timeout(GOODBYE, self.0.quit()).await.is_err() {
            tracing::debug!("the mail server did not say goodbye");
        }
    }
}

/// What the server must be able to do for this letter; an error if it is not.
fn mail_parameters(line: &AsyncSmtpConnection, letter: &Rendered) -> Result<Vec<MailParameter>, ()> {
    let foreign = |address: &Address| !AsRef::<str>::as_ref(address).is_ascii();
    let foreign = letter.envelope.to().iter().chain(letter.envelope.from()).any(foreign);
    let mut parameters = Vec::new();
    for (needed, extension, parameter) in [
        (foreign, Extension::SmtpUtfEight, MailParameter::SmtpUtfEight),
        (
            !letter.bytes.is_ascii(),
            Extension::EightBitMime,
            MailParameter::Body(MailBodyParameter::EightBitMime),
        ),
    ] {
        if needed && !line.server_info().supports_feature(extension) {
            return Err(());
        }
        if needed {
            parameters.push(parameter);
        }
    }
    Ok(parameters)
}

/// What the server's code says, if it gave one: 4xx later, 5xx never.
fn refusal(error: &Error) -> Option<Outcome> {
    let code = code_of(error);
    if error.is_transient() {
        Some(Outcome::NotYet(Reason::Refused, code))
    } else if error.is_permanent() {
        Some(Outcome::Never(Reason::Refused, code))
    } else {
        None
    }
}

/// What the system says, however deep it is wrapped. TLS says `InvalidData`.
fn io_behind(error: &Error) -> Option<ErrorKind> {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            return Some(io.kind());
        }
        source = cause.source();
    }
    None
}

fn code_of(error: &Error) -> Option<i64> {
    error.status().map(|code| i64::from(u16::from(code)))
}

fn parameters(address: &SmtpAddress) -> Result<TlsParameters, TransportError> {
    let mut parameters = TlsParameters::builder(address.host.clone());
    if let Some(path) = &address.authority {
        let pem = std::fs::read(path);
        let certificate = pem.ok().and_then(|pem| Certificate::from_pem(&pem).ok());
        let certificate = certificate.ok_or_else(|| TransportError::Authority(path.clone()))?;
        parameters = parameters.add_root_certificate(certificate);
    }
    parameters.build_rustls().map_err(|_| TransportError::Tls)
}
