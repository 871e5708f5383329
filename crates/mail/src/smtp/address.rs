//! Where a mail server is and how it is spoken to, as the setting writes it.

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use url::{Host, Url};

/// A mail server: `smtps://user:password@host:465`, or `smtp://user:password@host:587` with STARTTLS. Other machines are
/// spoken to encrypted only; this one in clear, unless `?tls=required`. `?ca=FILE` names an authority to trust besides
/// those of the system.
#[derive(Clone, PartialEq, Eq)]
pub struct SmtpAddress {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) security: Security,
    pub(crate) login: Option<(String, String)>,
    pub(crate) authority: Option<PathBuf>,
}

/// How a connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// Not at all; on this machine only.
    None,
    /// It begins in clear and must become encrypted before anything is said.
    StartTls,
    /// It is encrypted from the first byte.
    Implicit,
}

/// Why an address of a mail server cannot be used. It quotes nothing: there may be a password in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SmtpAddressError {
    /// It is no such URL.
    #[error(
        "Write smtp://user:password@host:587 or smtps://user:password@host:465; special characters in the password are \
         written as %-escapes, and after a ? may stand tls=required and ca=FILE."
    )]
    Shape,
    /// Mail would leave the machine in clear.
    #[error("A mail server on another machine is spoken to encrypted only. Leave tls=none out.")]
    InClear,
}

impl SmtpAddress {
    /// Host and port, for messages.
    pub(crate) fn place(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

impl FromStr for SmtpAddress {
    type Err = SmtpAddressError;

    fn from_str(text: &str) -> Result<Self, SmtpAddressError> {
        let url = Url::parse(text).map_err(|_| SmtpAddressError::Shape)?;
        let implicit = match url.scheme() {
            "smtp" => false,
            "smtps" => true,
            _ => return Err(SmtpAddressError::Shape),
        };
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(SmtpAddressError::Shape)?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        if !matches!(url.path(), "" | "/")
            || url.fragment().is_some()
            || Host::parse(&bracketed(&host)).is_err()
        {
            return Err(SmtpAddressError::Shape);
        }
        let (tls, authority) = options(&url)?;
        let security = match (implicit, tls, is_here(&host)) {
            (true, Some(false), _) => return Err(SmtpAddressError::Shape),
            (true, ..) => Security::Implicit,
            (false, Some(true), _) | (false, None, false) => Security::StartTls,
            (false, Some(false) | None, true) => Security::None,
            (false, Some(false), false) => return Err(SmtpAddressError::InClear),
        };
        let usual = if implicit { 465 } else { 587 };
        Ok(Self { host, port: url.port().unwrap_or(usual), security, login: login(&url)?, authority })
    }
}

fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

/// Whether encryption is demanded (`tls=required`) or not wanted (`tls=none`), and whom to trust besides.
fn options(url: &Url) -> Result<(Option<bool>, Option<PathBuf>), SmtpAddressError> {
    let (mut tls, mut authority) = (None, None);
    for (key, value) in url.query_pairs() {
        match (key.as_ref(), value.as_ref()) {
            ("tls", "required") => tls = Some(true),
            ("tls", "none") => tls = Some(false),
            ("ca", path) if !path.is_empty() => authority = Some(PathBuf::from(path)),
            _ => return Err(SmtpAddressError::Shape),
        }
    }
    Ok((tls, authority))
}

fn login(url: &Url) -> Result<Option<(String, String)>, SmtpAddressError> {
    let decoded = |text: &str| {
        let text = percent_decode_str(text).decode_utf8().map_err(|_| SmtpAddressError::Shape)?;
        Ok(text.into_owned())
    };
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        ("", Some(_)) | (_, None) => Err(SmtpAddressError::Shape),
        (user, Some(password)) => Ok(Some((decoded(user)?, decoded(password)?))),
    }
}

/// Whether a host is this machine.
fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// As the setting writes it, without the password.
impl std::fmt::Display for SmtpAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.security == Security::Implicit { "smtps://" } else { "smtp://" })?;
        if let Some((user, _)) = &self.login {
            write!(f, "{user}:***@")?;
        }
        write!(f, "{}:{}", bracketed(&self.host), self.port)?;
        match self.security {
            Security::None => f.write_str("?tls=none"),
            Security::StartTls => f.write_str("?tls=required"),
            Security::Implicit => Ok(()),
        }
    }
}

impl std::fmt::Debug for SmtpAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> SmtpAddress {
        text.parse().unwrap()
    }

    #[test]
    fn mail_leaves_the_machine_encrypted_only() {
        for (text, security, port) in [
            ("smtp://mail.example.org", Security::StartTls, 587),
            ("smtp://mail.example.org:25?tls=required", Security::StartTls, 25),
            ("smtps://mail.example.org", Security::Implicit, 465),
            ("smtp://10.0.0.1", Security::StartTls, 587),
            ("smtp://localhost:25", Security::None, 25),
            ("smtp://127.0.0.1:2525?tls=none", Security::None, 2525),
            ("smtp://[::1]:2525", Security::None, 2525),
            ("smtp://127.0.0.1:2525?tls=required&ca=/etc/ca.pem", Security::StartTls, 2525),
        ] {
            let address = read(text);
            assert_eq!((address.security, address.port), (security, port), "{text}");
        }
        let refused = "smtp://mail.example.org?tls=none".parse::<SmtpAddress>();
        assert_eq!(refused, Err(SmtpAddressError::InClear));
        let refused = "smtp://localhost.example.org?tls=none".parse::<SmtpAddress>();
        assert_eq!(refused, Err(SmtpAddressError::InClear));
    }

    #[test]
    fn the_password_is_used_and_never_shown() {
        let address = read("smtps://lethe%40example.org:s%3Ae%2Fcret@mail.example.org?ca=/etc/ca.pem");
        assert_eq!(address.login, Some(("lethe@example.org".to_owned(), "s:e/cret".to_owned())));
        assert_eq!(address.authority, Some(PathBuf::from("/etc/ca.pem")));
        for shown in [address.to_string(), format!("{address:?}")] {
            assert!(!shown.contains("cret") && shown.contains("***@mail.example.org:465"), "{shown}");
        }
    }

    #[test]
    fn anything_else_is_refused_without_quoting_it() {
        for text in [
            "",
            "mail.example.org",
            "http://mail.example.org",
            "smtp://",
            "smtp://:secret@mail.example.org",
            "smtp://user@mail.example.org",
            "smtp://mail.example.org/inbox",
            "smtp://mail.example.org#x",
            "smtp://mail.example.org?tls=maybe",
            "smtp://mail.example.org?password=secret",
            "smtps://mail.example.org?tls=none",
            "smtp://user:%ff@mail.example.org",
        ] {
            let error = text.parse::<SmtpAddress>().unwrap_err();
            assert!(!error.to_string().contains("secret"), "{text}");
        }
    }
}
